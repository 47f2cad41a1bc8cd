/** The Dockerfile, the compose file and the chart as those who deploy would find them: hadolint, Compose's schema, Helm and Kubernetes' schemas. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadConfig } from '../../src/config.js';
import { python } from '../support/cogeo-mosaic.js';
import { root } from '../support/process.js';

type Labels = Readonly<Record<string, string>>;
type Variables = Readonly<Record<string, string>>;

interface Container {
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly volumeMounts: readonly { readonly mountPath: string }[];
  readonly securityContext: { readonly readOnlyRootFilesystem: boolean };
}
interface Document {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Labels };
  readonly spec?: {
    readonly replicas?: number;
    readonly selector?: Labels | { readonly matchLabels: Labels };
    readonly template?: { readonly metadata: { readonly labels: Labels }; readonly spec: { readonly serviceAccountName: string; readonly containers: readonly Container[] } };
    readonly tls?: readonly { readonly secretName: string }[];
  };
}
interface Verdict {
  readonly dockerfile: readonly unknown[];
  readonly compose: { readonly status: string };
  readonly services: Readonly<Record<string, { readonly environment?: Variables; readonly tmpfs?: readonly string[]; readonly depends_on?: object }>>;
  readonly lint: readonly unknown[];
  readonly charts: Readonly<Record<'plain' | 'everything', readonly Document[]>>;
  readonly refused: Readonly<Record<string, string>>;
  readonly invalid: readonly unknown[];
}

const cases = {
  plain: {},
  everything: {
    workloadIdentity: { enabled: true, clientId: '00000000-0000-0000-0000-000000000000' },
    autoscaling: { enabled: true },
    ingress: { enabled: true, className: 'nginx', tlsSecret: 'stac-tls', annotations: { 'nginx.ingress.kubernetes.io/proxy-body-size': '512m' } },
    env: { AUTH: 'api-key', RATE_LIMIT: '100/minute' },
  },
  'an identity without its id': { workloadIdentity: { enabled: true } },
};
/** The oldest release that a cloud still sells, and the newest that the validator knows. */
const versions = ['1.30', '1.37'];

/** What the image itself sets, and what the chart's secret has to hold. */
const image = { HOST: '0.0.0.0', PORT: '8080', DATA_DIR: '/data' };
const secret = { DATABASE_URL: 'postgresql://stac@database/stac', API_KEYS: 'admin:tested-key' };

/** Its wheels, helm-python-sdk 0.2.2: none for Linux on ARM. */
const hasHelm = process.platform !== 'linux' || process.arch === 'x64';

(python === undefined || !hasHelm ? describe.skip : describe)('what the image is deployed with (needs STAC_MOSAIC_TEST_PYTHON)', () => {
  let verdict: Verdict;
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  /** `AZURE_STORAGE_ACCESS_KEY` is the README's `…_ACCESS_KEY`. */
  const isDocumented = (name: string): boolean => readme.includes(name) || readme.includes(`…${name.replace(/^AZURE_STORAGE/, '')}`);
  const podsOf = (documents: readonly Document[]): Document[] => documents.filter(({ spec }) => spec?.template !== undefined);

  beforeAll(() => {
    const input = JSON.stringify({ cases, versions });
    verdict = JSON.parse(execFileSync(python ?? '', [resolve('test/peers/python/check_deployment.py'), root], { input, maxBuffer: 2 ** 26 }).toString()) as Verdict;
  }, 60_000);

  it('is a Dockerfile and a compose file without a finding', () => {
    expect([verdict.dockerfile, verdict.compose]).toEqual([[], { status: 'ok', errors: [] }]);
  });

  it('is a chart that Helm renders with all its switches and Kubernetes takes, and that asks for what is missing', () => {
    expect([verdict.lint, verdict.invalid]).toEqual([[], []]);
    const kinds = (documents: readonly Document[]): string[] => documents.map(({ kind }) => kind).toSorted();
    expect(kinds(verdict.charts.plain)).toEqual(['Deployment', 'Job', 'PodDisruptionBudget', 'Service', 'ServiceAccount']);
    expect(kinds(verdict.charts.everything)).toEqual(['Deployment', 'HorizontalPodAutoscaler', 'Ingress', 'Job', 'PodDisruptionBudget', 'Service', 'ServiceAccount']);
    expect(verdict.refused).toEqual({ 'an identity without its id': expect.stringContaining('workloadIdentity.clientId') });
  });

  it('gives the server settings that it knows and starts with, in compose and in the chart', () => {
    const composed = verdict.services['stac-mosaic']?.environment ?? {};
    expect(loadConfig({ ...image, ...composed })).toMatchObject({ auth: 'api-key', publicUrl: 'http://localhost:8080' });
    for (const documents of Object.values(verdict.charts)) {
      for (const pod of podsOf(documents)) {
        const set = Object.fromEntries(pod.spec?.template?.spec.containers.flatMap(({ env }) => env.map(({ name, value }) => [name, value])) ?? []);
        expect(() => loadConfig({ ...image, ...secret, ...set })).not.toThrow();
        expect(Object.keys({ ...set, ...composed }).filter((name) => !isDocumented(name))).toEqual([]);
      }
    }
  });

  it('lets pods write below /data and /tmp alone, and sends requests to those that serve, not to the one that migrates', () => {
    for (const documents of Object.values(verdict.charts)) {
      const [serving, migrating] = podsOf(documents);
      for (const { securityContext, volumeMounts } of [serving, migrating].flatMap((pod) => pod?.spec?.template?.spec.containers ?? [])) {
        expect([securityContext.readOnlyRootFilesystem, volumeMounts.map(({ mountPath }) => mountPath)]).toEqual([true, ['/data', '/tmp']]);
      }
      const picks = (labels: Labels | undefined, wanted: Labels): boolean => Object.entries(wanted).every(([name, value]) => labels?.[name] === value);
      for (const { kind, spec } of documents) {
        if (spec?.selector === undefined) continue;
        const wanted = ('matchLabels' in spec.selector ? spec.selector.matchLabels : spec.selector) as Labels;
        expect([kind, picks(serving?.spec?.template?.metadata.labels, wanted), picks(migrating?.spec?.template?.metadata.labels, wanted)]).toEqual([kind, true, false]);
      }
    }
    expect(verdict.services['stac-mosaic']?.tmpfs?.map((mount) => mount.split(':')[0])).toEqual(['/tmp', '/data']);
  });
});
