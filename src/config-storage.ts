/** The variables of blob storage: where blobs are kept, and how the Azure account is reached (API.md section 7). */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** How requests to the account are authorised. */
export type AzureCredential =
  | { readonly kind: 'key'; readonly key: string }
  /** Without a question mark. */
  | { readonly kind: 'sas'; readonly token: string }
  /** Managed identity, or whatever else `@azure/identity` finds. */
  | { readonly kind: 'identity' };

/** The one storage account that the server has credentials for; plain data, so that worker threads get it too. */
export interface AzureAccount {
  readonly name: string;
  /** The URL of its blob service without a trailing slash; an emulator's ends with the account's name. */
  readonly endpoint: string;
  readonly credential: AzureCredential;
}

export interface SigningConfig {
  /** Containers of the account whose blobs' hrefs are signed in answers. */
  readonly signedContainers: readonly string[];
  /** What a signature is good for at least, milliseconds. */
  readonly signedMs: number;
}

export interface StorageConfig extends SigningConfig {
  /** Where mosaics and thumbnails are stored: a `file:` URL or an Azure container's, without query and trailing slash. */
  readonly storageUrl: string;
  /** The blobs can be read at their own URLs without a signature. */
  readonly storagePublic: boolean;
  /** For one request to the blob store with its retries, milliseconds. */
  readonly storageTimeout: number;
  readonly azure: AzureAccount | undefined;
  /** Folders and containers, each with a slash at its end, whose files and blobs a MosaicJSON of anybody's may name. */
  readonly mosaicAssets: readonly string[];
}

/** What the reader of config.ts offers. */
interface Variables {
  readonly problems: string[];
  text(name: string): string | undefined;
  flag(name: string, fallback: boolean): boolean;
  integer(name: string, fallback: number, min: number, max: number): number;
  list(name: string): string[];
}

/** Documented for every emulator, and no secret. */
const EMULATOR = {
  AccountName: 'devstoreaccount1',
  AccountKey: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
  BlobEndpoint: 'http://127.0.0.1:10000/devstoreaccount1',
};

const BASE64 = /^[A-Za-z0-9+/]{8,}={0,2}$/;
/** Containers as Azure names them, and the account's own. */
export const CONTAINER_NAME = /^([a-z0-9](-?[a-z0-9]){2,62}|\$root|\$web|\$logs)$/;

/** @param dataDir where blobs lie when nothing is said */
export function readStorage(variables: Variables, dataDir: string): StorageConfig {
  const { problems } = variables;
  const before = problems.length;
  const given = variables.text('STORAGE_URL') ?? pathToFileURL(join(dataDir, 'blobs')).href;
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const isAzure = url !== undefined && ['http:', 'https:', 'az:'].includes(url.protocol);
  const azure = readAccount(variables, isAzure && url.protocol !== 'az:' ? url : undefined);
  const common = { storagePublic: variables.flag('STORAGE_PUBLIC', false), storageTimeout: 1000 * variables.integer('STORAGE_TIMEOUT_SECONDS', 30, 1, 600), azure, mosaicAssets: readMosaicAssets(variables), ...readSigning(variables, azure) };
  if (url?.protocol === 'file:') return { storageUrl: given.replace(/\/+$/, ''), ...common };
  // From here on the value may carry a SAS: it is not repeated.
  if (!isAzure) problems.push('STORAGE_URL must be a file:/// URL or the https URL of an Azure container');
  else if (azure === undefined && problems.length === before) problems.push('STORAGE_URL names no storage account: set AZURE_STORAGE_ACCOUNT or AZURE_STORAGE_CONNECTION_STRING');
  if (url === undefined || azure === undefined) return { storageUrl: '', ...common };
  const storageUrl = (url.protocol === 'az:' ? `${azure.endpoint}/${url.host}${url.pathname}` : url.origin + url.pathname).replace(/\/+$/, '');
  const rest = storageUrl.startsWith(`${azure.endpoint}/`) ? storageUrl.slice(azure.endpoint.length + 1) : undefined;
  if (rest === undefined) problems.push(`STORAGE_URL is not in the storage account ${azure.name} (${azure.endpoint})`);
  else if (!CONTAINER_NAME.test(rest.split('/')[0] ?? '')) problems.push(`STORAGE_URL must name a container: ${azure.endpoint}/CONTAINER`);
  return { storageUrl, ...common };
}

function readMosaicAssets(variables: Variables): string[] {
  const folders = variables.list('MOSAICJSON_ASSETS');
  for (const folder of folders) if (!/^(az|file|https?):\/\/.*\/$/.test(folder) || !URL.canParse(folder)) variables.problems.push(`MOSAICJSON_ASSETS: "${folder}" must be az://CONTAINER/, file:///FOLDER/ or a URL in the storage account, with a slash at its end`);
  return folders;
}

function readSigning(variables: Variables, azure: AzureAccount | undefined): SigningConfig {
  const { problems } = variables;
  const signedContainers = variables.list('SIGN_HREFS');
  for (const name of signedContainers) if (!CONTAINER_NAME.test(name)) problems.push(`SIGN_HREFS: "${name}" is not the name of a container`);
  if (signedContainers.length > 0 && azure === undefined) problems.push('SIGN_HREFS needs a storage account: set AZURE_STORAGE_ACCOUNT or AZURE_STORAGE_CONNECTION_STRING');
  if (signedContainers.length > 0 && azure?.credential.kind === 'sas') problems.push('SIGN_HREFS needs an account key or an identity: a SAS token signs nothing');
  // A user delegation key lives for a week.
  return { signedContainers, signedMs: 60_000 * variables.integer('SIGN_HREFS_MINUTES', 60, 1, 4320) };
}

/** The first that is there: connection string, account and key, SAS token, identity. Undefined where nothing names an account. */
function readAccount(variables: Variables, storage: URL | undefined): AzureAccount | undefined {
  const { problems } = variables;
  const connection = variables.text('AZURE_STORAGE_CONNECTION_STRING');
  const account = connection === undefined ? accountOfVariables(variables, storage) : at(storage, accountOfConnection(connection, problems));
  if (account === undefined) return undefined;
  const { credential, endpoint } = account;
  const from = connection === undefined ? `AZURE_STORAGE_${credential.kind === 'key' ? 'ACCESS_KEY' : 'SAS_TOKEN'}` : 'AZURE_STORAGE_CONNECTION_STRING';
  if (credential.kind === 'key' && !BASE64.test(credential.key)) problems.push(`${from}: the account key is not base64`);
  if (credential.kind === 'sas' && !new URLSearchParams(credential.token).has('sig')) problems.push(`${from}: the SAS token has no signature (sig=)`);
  if (credential.kind === 'identity' && endpoint.startsWith('http:')) problems.push(`${endpoint} is not https: an identity's token is not sent there; use a key or a SAS token`);
  return account;
}

/** The account where STORAGE_URL says that it is: by another name of the emulator's machine, or at a domain of one's own. */
function at(storage: URL | undefined, account: AzureAccount | undefined): AzureAccount | undefined {
  if (storage === undefined || account === undefined || storage.href.startsWith(`${account.endpoint}/`)) return account;
  const { name, endpoint } = placeOf(storage);
  return name === undefined || name === account.name ? { ...account, endpoint } : account;
}

function accountOfVariables(variables: Variables, storage: URL | undefined): AzureAccount | undefined {
  const place = storage === undefined ? undefined : placeOf(storage);
  const named = variables.text('AZURE_STORAGE_ACCOUNT');
  const name = named ?? place?.name;
  const sas = variables.text('AZURE_STORAGE_SAS_TOKEN')?.replace(/^\?/, '') ?? (storage?.searchParams.has('sig') === true ? storage.search.slice(1) : undefined);
  const key = variables.text('AZURE_STORAGE_ACCESS_KEY') ?? (name === EMULATOR.AccountName && sas === undefined ? EMULATOR.AccountKey : undefined);
  if (name === undefined) {
    if (key !== undefined || (sas !== undefined && storage === undefined)) variables.problems.push('AZURE_STORAGE_ACCOUNT is missing: the key or SAS token beside it belongs to an account');
    return undefined;
  }
  if (!/^[a-z0-9]{3,24}$/.test(name)) {
    variables.problems.push('AZURE_STORAGE_ACCOUNT must be the name of a storage account: 3 to 24 lower-case letters and digits');
    return undefined;
  }
  if (place?.name !== undefined && place.name !== name) variables.problems.push(`STORAGE_URL is in the account ${place.name}, AZURE_STORAGE_ACCOUNT says ${name}`);
  const endpoint = place?.endpoint ?? `https://${name}.blob.core.windows.net`;
  return { name, endpoint, credential: key !== undefined ? { kind: 'key', key } : sas !== undefined ? { kind: 'sas', token: sas } : { kind: 'identity' } };
}

/** `AccountName=…;AccountKey=…;BlobEndpoint=…`, as Azure's portal and SDKs write it. */
function accountOfConnection(text: string, problems: string[]): AzureAccount | undefined {
  const pairs = text.split(';').map((part) => part.trim()).filter((part) => part !== '');
  const given: Readonly<Record<string, string | undefined>> = Object.fromEntries(pairs.map((pair) => [pair.split('=', 1)[0], pair.slice(pair.indexOf('=') + 1)]));
  const { AccountName, AccountKey, BlobEndpoint, SharedAccessSignature, EndpointSuffix = 'core.windows.net', DefaultEndpointsProtocol = 'https' } = given['UseDevelopmentStorage'] === 'true' ? { ...given, ...EMULATOR } : given;
  const endpoint = BlobEndpoint?.replace(/\/+$/, '') ?? (AccountName === undefined ? undefined : `${DefaultEndpointsProtocol}://${AccountName}.blob.${EndpointSuffix}`);
  if (endpoint === undefined || !URL.canParse(endpoint) || !/^https?:/.test(endpoint)) {
    problems.push('AZURE_STORAGE_CONNECTION_STRING must hold AccountName, or BlobEndpoint with an http(s) URL');
    return undefined;
  }
  const name = AccountName ?? placeOf(new URL(endpoint)).name;
  if (name === undefined) {
    problems.push('AZURE_STORAGE_CONNECTION_STRING must hold AccountName: the endpoint does not tell it');
    return undefined;
  }
  const credential: AzureCredential =
    AccountKey !== undefined ? { kind: 'key', key: AccountKey } : SharedAccessSignature !== undefined ? { kind: 'sas', token: SharedAccessSignature.replace(/^\?/, '') } : { kind: 'identity' };
  return { name, endpoint, credential };
}

/** Emulators, at an address or a name without dots, have the account in the path; Azure has it in the host's name, a domain of one's own nowhere. */
function placeOf(url: URL): { readonly name: string | undefined; readonly endpoint: string } {
  if (/^[\d.]+$|^\[|^[^.]+$/.test(url.hostname)) {
    const name = url.pathname.split('/')[1];
    return { name: name === '' ? undefined : name, endpoint: `${url.origin}/${name}` };
  }
  return { name: /^([a-z0-9]+)\.blob\./.exec(url.hostname)?.[1], endpoint: url.origin };
}
