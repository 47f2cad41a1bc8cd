/** Signatures on hrefs of blobs, made for one answer and taken off whatever comes back: nothing signed is stored (API.md section 6). */
import { createHmac } from 'node:crypto';
import type { AzureAccount, SigningConfig } from '../config-storage.js';
import { invalidInput } from '../errors.js';
import { rewriteStrings } from '../json-strings.js';
import { blobUrl } from './azure-hrefs.js';
import { type DelegationKey, delegationKeys } from './delegation-key.js';

/** An href with its signature; as it was where it is no blob of a container that is signed, or has a query. */
export type Sign = (href: string) => string;

export interface HrefSigner {
  /** What signs now, all blobs alike. @throws Upstream where Azure gives no key */
  ready(): Promise<Sign>;
  /** Whether a text may hold an href that is to be signed: quickly told. */
  mayHold(text: string): boolean;
  /** Whether an href is to be signed. */
  wants(href: string): boolean;
  /** An href without a signature on a blob of a signed container, whoever made it; any other text as it is. */
  strip(text: string): string;
}

/** Of the strings that are signed: "Create a service SAS" and "Create a user delegation SAS", 2020-12-06 and later. */
const VERSION = '2021-12-02';
const CURL = /^\/vsicurl(_streaming)?\//;
const SPELLINGS = ['az://', '/vsiaz', 'abfs', 'wasb'];
/** The parameters of a SAS. */
const PARAMETERS = new Set(['sv', 'ss', 'srt', 'sp', 'se', 'st', 'spr', 'sip', 'sr', 'si', 'sig', 'skoid', 'sktid', 'skt', 'ske', 'sks', 'skv', 'saoid', 'suoid', 'scid', 'sdd', 'ses', 'rscc', 'rscd', 'rsce', 'rscl', 'rsct']);
/** A time as a SAS writes it, to the second. */
const seconds = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/** Undefined where no container is signed. */
export function createSigner(account: AzureAccount | undefined, { signedContainers, signedMs }: SigningConfig): HrefSigner | undefined {
  if (account === undefined || signedContainers.length === 0 || account.credential.kind === 'sas') return undefined;
  const { name, endpoint, credential } = account;
  const base = `${endpoint}/`;
  const containers = new Set(signedContainers);
  // Those of a quarter of the time have one end, so that a client that asks again gets the same hrefs, and its caches hold.
  const step = signedMs / 4;
  const endOf = (now: number): number => Math.ceil((now + signedMs) / step) * step;
  const delegated = credential.kind === 'identity' ? delegationKeys(account, signedMs + 2 * step) : undefined;
  const protocol = endpoint.startsWith('https:') ? 'https' : 'https,http';

  /** `container/blob` as the URL has it; undefined for blobs of containers that are not signed. */
  function pathOf(href: string): string | undefined {
    if (!href.startsWith(base)) return undefined;
    const path = href.slice(base.length);
    const at = path.indexOf('/');
    return at > 0 && at < path.length - 1 && containers.has(path.slice(0, at)) ? path : undefined;
  }

  /** The https form of an href that is to be signed, whatever its spelling, and what is GDAL's before it. */
  function located(href: string): { prefix: string; url: string; path: string } | undefined {
    const prefix = CURL.exec(href)?.[0] ?? '';
    const plain = href.slice(prefix.length);
    const url = plain.startsWith(base) ? parsed(plain) : blobUrl(plain, account)?.href;
    const path = url === undefined || /[?#]/.test(url) ? undefined : pathOf(url);
    return url === undefined || path === undefined || !isSignable(path) ? undefined : { prefix, url, path };
  }

  function signatureOf(path: string, key: Buffer, end: string, delegation: DelegationKey | undefined): string {
    const resource = `/blob/${name}/${decodeURIComponent(path)}`;
    const of = delegation === undefined ? [''] : [delegation.objectId, delegation.tenantId, delegation.start, delegation.expiry, delegation.service, delegation.version, '', '', ''];
    // Permissions, start, end, resource, identifier or delegation key, address, protocol, version, kind, snapshot, encryption scope, five headers of the answer.
    return createHmac('sha256', key).update(['r', '', end, resource, ...of, '', protocol, VERSION, 'b', '', '', '', '', '', '', ''].join('\n')).digest('base64');
  }

  return {
    async ready() {
      const delegation = await delegated?.();
      const key = Buffer.from(delegation?.value ?? (credential.kind === 'key' ? credential.key : ''), 'base64');
      const end = seconds(endOf(Date.now()));
      const fixed: Record<string, string> = { sv: VERSION, spr: protocol, se: end, sr: 'b', sp: 'r' };
      if (delegation !== undefined) Object.assign(fixed, { skoid: delegation.objectId, sktid: delegation.tenantId, skt: delegation.start, ske: delegation.expiry, sks: delegation.service, skv: delegation.version });
      const query = new URLSearchParams(fixed).toString();
      return (href) => {
        const found = located(href);
        return found === undefined ? href : `${found.prefix}${found.url}?${query}&sig=${encodeURIComponent(signatureOf(found.path, key, end, delegation))}`;
      };
    },
    wants: (href) => located(href) !== undefined,
    mayHold: (text) => text.includes(base) || SPELLINGS.some((spelling) => text.includes(spelling)),
    strip(text) {
      const at = text.indexOf('?');
      if (at < 0 || !text.includes('sig=', at)) return text;
      const url = text.slice(0, at).replace(CURL, '');
      if (pathOf(blobUrl(url, account)?.href ?? parsed(url) ?? '') === undefined) return text;
      const rest = text.slice(at + 1).split('&').filter((parameter) => !PARAMETERS.has(parameter.split('=', 1)[0]?.toLowerCase() ?? ''));
      return text.slice(0, at) + (rest.length === 0 ? '' : `?${rest.join('&')}`);
    },
  };
}

/** With its dots resolved: what is signed is what is asked for. */
const parsed = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).href : undefined);

/** A line end in a name would end a field of what is signed: the signature would be good for something else. */
function isSignable(path: string): boolean {
  try {
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    return !/[\u0000-\u001f\u007f]/.test(decodeURIComponent(path));
  } catch {
    return false;
  }
}

/** A document without signatures on our blobs, itself where there are none; one that json-text.ts lets through, so not too deep to be walked. */
export function withoutSignatures(signer: HrefSigner, value: unknown): unknown {
  if (typeof value === 'string') return signer.strip(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const parts = value.map((part: unknown) => withoutSignatures(signer, part));
    return parts.some((part, i) => part !== value[i]) ? parts : value;
  }
  const entries = Object.entries(value).map(([name, part]) => [name, withoutSignatures(signer, part), part] as const);
  return entries.some(([, clean, part]) => clean !== part) ? Object.fromEntries(entries) : value;
}

/** The same of JSON as it was written: all but the strings that are stripped stays to the letter. */
export const textWithoutSignatures = (signer: HrefSigner, json: string): string =>
  rewriteStrings(json, (quoted) => {
    const text = JSON.parse(quoted) as string;
    const clean = signer.strip(text);
    return clean === text ? quoted : JSON.stringify(clean);
  });

/** @throws InvalidInput where nothing is signed */
export function signingOf(signer: HrefSigner | undefined): Promise<Sign> {
  if (signer === undefined) throw invalidInput('href: cannot be signed: this server signs no hrefs (SIGN_HREFS). Ask for https or vsi', [{ path: 'href', message: 'cannot be signed: this server signs no hrefs (SIGN_HREFS). Ask for https or vsi' }]);
  return signer.ready();
}
