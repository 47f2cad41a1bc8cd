/** STAC documents against the official schemas and those of their extensions, offline, and against our own rules. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Ajv } from 'ajv';
import validate, { type CustomValidator, type Report } from 'stac-node-validator';
import { DomainError, type Fault } from '../errors.js';
import { isObject } from '../json.js';
import { faultsOfErrors } from './messages.js';
import { collectionFaults, itemFaults, MOST_FAULTS } from './rules.js';
import { schemaLoader } from './schemas.js';

export type StacKind = 'item' | 'collection';

export interface StacVerdict {
  /** Empty where the document is valid; at most 20. */
  readonly faults: readonly Fault[];
  /** URIs of extensions whose schema is not at hand (or leans on one that is not): nothing is said of them. */
  readonly unchecked: readonly string[];
}

export interface StacValidator {
  /** Never throws for a bad document. `kind`: what it must be; without, its `type` decides. */
  validate(document: unknown, kind?: StacKind): Promise<StacVerdict>;
  /** The same for many, in their order; twice as fast as one by one. */
  validateMany(documents: readonly unknown[], kind?: StacKind): Promise<StacVerdict[]>;
  /** Compiles the schemas of STAC 1.1.0, which takes 0.4 s that the first document would wait for. */
  prepare(): Promise<void>;
}

export interface StacValidatorOptions {
  /** Folders of schemas laid out as `<host>/<path>`; earlier ones win. */
  readonly schemaDirs: readonly string[];
}

type Document = Readonly<Record<string, unknown>>;

const TYPES = { item: 'Feature', collection: 'Collection' } as const;
const NEWEST = '1.1.0';
const VERSION = /^\d+\.\d+\.\d+(-\w+(\.\w+)*)?$/;
/** Documents checked before the event loop gets its turn: some 20 ms. */
const DOCUMENTS_A_TURN = 100;

/** One validator a process is enough: it compiles each schema once, when the first document asks for it. */
export function createStacValidator(options: StacValidatorOptions): StacValidator {
  const checker = new Checker(options.schemaDirs);
  return {
    async validate(document, kind) {
      const [verdict = NOTHING] = await checker.verdicts([document], kind);
      return verdict;
    },
    validateMany: (documents, kind) => checker.verdicts(documents, kind),
    prepare: () => checker.prepare(),
  };
}

const NOTHING: StacVerdict = { faults: [], unchecked: [] };

class Checker {
  private readonly quick: SharedAjv;
  /** Reports all errors of a document, which costs more: only asked when the quick one found one. */
  private readonly thorough: SharedAjv;

  constructor(folders: readonly string[]) {
    this.quick = new SharedAjv(folders, false);
    this.thorough = new SharedAjv(folders, true);
  }

  async prepare(): Promise<void> {
    for (const type of ['Feature', 'Collection']) await this.quick.has(coreSchema(type, NEWEST));
  }

  async verdicts(documents: readonly unknown[], kind: StacKind | undefined): Promise<StacVerdict[]> {
    const verdicts: StacVerdict[] = [];
    for (let from = 0; from < documents.length; from += DOCUMENTS_A_TURN) {
      if (from > 0) await nextTurn();
      verdicts.push(...(await this.someVerdicts(documents.slice(from, from + DOCUMENTS_A_TURN), kind)));
    }
    return verdicts;
  }

  private async someVerdicts(documents: readonly unknown[], kind: StacKind | undefined): Promise<StacVerdict[]> {
    const verdicts: StacVerdict[] = [];
    const asked: { place: number; document: Document; ours: readonly Fault[]; unchecked: string[] }[] = [];
    for (const [place, document] of documents.entries()) {
      const fault = await this.shapeFault(document, kind);
      if (fault !== undefined || !isObject(document)) {
        verdicts[place] = { faults: fault === undefined ? [] : [fault], unchecked: [] };
        continue;
      }
      const { checkable, unchecked, strays } = await this.withKnownExtensions(document);
      const ours = [...(document['type'] === 'Feature' ? itemFaults(document) : collectionFaults(document)), ...strays];
      asked.push({ place, document: checkable, ours, unchecked });
    }
    const reports = await this.quick.reports(asked.map(({ document }) => document));
    for (const [at, { place, document, ours, unchecked }] of asked.entries()) {
      const faults = reports[at]?.valid === true ? ours : await this.allFaults(document, ours);
      verdicts[place] = { faults: faults.slice(0, MOST_FAULTS), unchecked };
    }
    return verdicts;
  }

  /** What keeps a document from being checked at all. */
  private async shapeFault(document: unknown, kind: StacKind | undefined): Promise<Fault | undefined> {
    if (!isObject(document)) return { path: '', message: 'must be a JSON object' };
    const { type, stac_version: version } = document;
    if (kind !== undefined && type !== TYPES[kind]) return { path: '/type', message: `must be "${TYPES[kind]}"` };
    if (type !== 'Feature' && type !== 'Collection' && type !== 'Catalog') {
      return { path: '/type', message: 'must be "Feature", "Collection" or "Catalog"' };
    }
    if (version === undefined) return { path: '/stac_version', message: 'is required' };
    if (typeof version !== 'string') return { path: '/stac_version', message: 'must be a string' };
    if (VERSION.test(version) && (await this.quick.has(coreSchema(type, version)))) return undefined;
    if (!(await this.quick.has(coreSchema('Feature', NEWEST)))) {
      throw new DomainError('Unavailable', 'The STAC schemas are not at hand, so nothing can be validated: run the set-up.');
    }
    return { path: '/stac_version', message: `${JSON.stringify(version)} is not a version that can be checked here; ${NEWEST} and 1.0.0 are` };
  }

  /** The document as stac-node-validator shall see it: without the extensions whose schemas are not at hand, and `strays` that are no text. */
  private async withKnownExtensions(document: Document): Promise<{ checkable: Document; unchecked: string[]; strays: Fault[] }> {
    const extensions: unknown = document['stac_extensions'];
    const unchecked: string[] = [];
    const strays: Fault[] = [];
    if (!Array.isArray(extensions)) return { checkable: document, unchecked, strays };
    const known: unknown[] = [];
    for (const [at, uri] of extensions.entries()) {
      if (typeof uri !== 'string') strays.push({ path: `/stac_extensions/${at}`, message: 'must be a string' });
      else if (isHttp(uri) && !(await this.quick.has(uri))) unchecked.push(uri);
      else known.push(uri);
    }
    const checkable = known.length === extensions.length ? document : { ...document, stac_extensions: known };
    return { checkable, unchecked, strays };
  }

  private async allFaults(document: Document, ours: readonly Fault[]): Promise<Fault[]> {
    for (const uri of this.quick.compiled) await this.thorough.has(uri);
    const [report] = await this.thorough.reports([document]);
    const faults = [...ours];
    const results = report === undefined ? [] : [report.results.core, ...Object.values(report.results.extensions)];
    for (const errors of results) faults.push(...faultsOfErrors(errors, faults.map(({ path }) => path)));
    if (faults.length > 0) return faults;
    return [{ path: '', message: report?.messages.join(' ') || 'is not valid STAC' }];
  }
}

const isHttp = (uri: string): boolean => /^https?:\/\//.test(uri) && URL.canParse(uri);

const coreSchema = (type: string, version: string): string => {
  const kind = type === 'Feature' ? 'item' : type.toLowerCase();
  return `https://schemas.stacspec.org/v${version}/${kind}-spec/json-schema/${kind}.json`;
};

/** stac-node-validator around one Ajv that outlives its calls: it would compile every schema anew each time (5 items/s). */
class SharedAjv {
  /** URIs of schemas that were compiled. */
  readonly compiled: string[] = [];
  private readonly loader;
  private readonly known = new Map<string, Promise<boolean>>();
  private ajv: Promise<Ajv> | undefined;
  private compiling: Promise<unknown> = Promise.resolve();

  constructor(
    folders: readonly string[],
    private readonly allErrors: boolean,
  ) {
    this.loader = schemaLoader(folders);
  }

  /** Whether a schema is at hand and compiles; compiles it at the first call, one schema at a time as Ajv wants it. */
  has(uri: string): Promise<boolean> {
    const known = this.known.get(uri);
    if (known !== undefined) return known;
    const answer = this.compiling.then(() => this.compile(uri));
    this.compiling = answer;
    // strangers' URIs are without number: only answers about files that exist, which are few, are kept
    this.known.set(uri, answer);
    void answer.then((found) => !found && this.known.size > MOST_KNOWN && this.known.delete(uri));
    return answer;
  }

  async reports(documents: readonly Document[]): Promise<readonly Report[]> {
    if (documents.length === 0) return [];
    const report = await validate(documents, this.config());
    return report.children;
  }

  private async compile(uri: string): Promise<boolean> {
    try {
      const ajv = await this.sharedAjv();
      // the schema may have come as a reference of another
      if (ajv.getSchema(uri) === undefined) await ajv.compileAsync(await this.loader.load(uri));
    } catch {
      return false;
    }
    this.compiled.push(uri);
    return true;
  }

  /** The Ajv that stac-node-validator makes, with its formats, taken from a first call on a document that it skips. */
  private async sharedAjv(): Promise<Ajv> {
    if (this.ajv === undefined) {
      let resolve: (ajv: Ajv) => void = () => undefined;
      this.ajv = new Promise((made) => {
        resolve = made;
      });
      await validate([{}], {
        loader: (uri) => this.loader.load(uri),
        customValidator: {
          createAjv: async (ajv) => {
            ajv.opts.allErrors = this.allErrors;
            resolve(ajv);
            return ajv;
          },
          afterLoading: withoutHooks,
        },
      });
    }
    return this.ajv;
  }

  private config() {
    return {
      loader: (uri: string) => this.loader.load(uri),
      customValidator: { createAjv: () => this.sharedAjv(), afterLoading: withoutHooks },
    };
  }
}

/** No more answers than these are kept about schemas that are not at hand. */
const MOST_KNOWN = 1000;

/** Takes the hooks off the call's own config once they gave the Ajv: with them, each document is wrapped by stac-js, three times the work. */
const withoutHooks: CustomValidator['afterLoading'] = async (data, _report, config) => {
  config.customValidator = null;
  return data;
};
