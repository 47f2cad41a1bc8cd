/** The right to read blobs of the configured account: each request signed, with a SAS, or with an identity's token. */
import { createHmac } from 'node:crypto';
import { identityToken } from '../azure-identity.js';
import type { AzureAccount, AzureCredential } from '../config-storage.js';
import { DomainError, messageOf } from '../errors.js';

export interface Grant {
  /** Where to ask: with the SAS, if that is what grants. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

export interface AzureAccess {
  /** Of the blob service. */
  readonly host: string;
  /** Whether a URL is one of the account's blob service; nothing is ever granted for others. */
  owns(url: URL): boolean;
  /** Lets one GET of a byte range through. */
  grant(url: URL, range: string): Promise<Grant>;
}

/** Whoever signed a URL meant this signature: it is asked for with that and nothing else. */
export const bringsSignature = (url: URL): boolean => url.searchParams.has('sig');

/** Of the blob service; any from 2017-11-09 on takes the bearer tokens of identities. */
const VERSION = '2021-12-02';

export function createAzureAccess({ name, endpoint, credential }: AzureAccount): AzureAccess {
  const base = new URL(`${endpoint}/`);
  const headersOf = authorisation(name, credential);
  return {
    host: base.hostname,
    owns: (url) => url.origin === base.origin && url.pathname.startsWith(base.pathname) && url.username === '' && url.password === '',
    async grant(url, range) {
      if (bringsSignature(url)) return { url, headers: {} };
      if (credential.kind !== 'sas') return { url, headers: await headersOf(url, range) };
      const signed = new URL(url);
      signed.search = url.search === '' ? credential.token : `${url.search}&${credential.token}`;
      return { url: signed, headers: {} };
    },
  };
}

function authorisation(account: string, credential: AzureCredential): (url: URL, range: string) => Promise<Grant['headers']> {
  if (credential.kind === 'key') return async (url, range) => sharedKey(url, range, account, credential.key);
  const token = identityToken('https://storage.azure.com/.default');
  return async () => {
    const bearer = await token().catch((cause: unknown) => {
      throw new DomainError('Upstream', 'This server found no identity that may read its storage account; set AZURE_STORAGE_ACCESS_KEY, a SAS token or a connection string.', { cause: new Error(messageOf(cause).split('\n', 1)[0]) });
    });
    return { authorization: `Bearer ${bearer}`, 'x-ms-version': VERSION };
  };
}

/** "Authorize with Shared Key", Blob service 2009-09-19 and later, of a GET whose only standard header is Range. */
function sharedKey(url: URL, range: string, account: string, key: string): Grant['headers'] {
  const headers = { 'x-ms-date': new Date().toUTCString(), 'x-ms-version': VERSION };
  const query = [...url.searchParams].map(([param, value]) => [param.toLowerCase(), value] as const).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const text = [
    'GET',
    ...Array.from({ length: 10 }, () => ''), // Content-Encoding to If-Unmodified-Since
    range,
    ...Object.entries(headers).map(([header, value]) => `${header}:${value}`),
    `/${account}${url.pathname}`,
    ...query.map(([param, value]) => `${param}:${value}`),
  ].join('\n');
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(text, 'utf8').digest('base64');
  return { ...headers, authorization: `SharedKey ${account}:${signature}` };
}
