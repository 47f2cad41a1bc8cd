/** The spellings of blobs of Azure, each as the URL that they are read at. */
import { type AzureAccount, CONTAINER_NAME } from '../config-storage.js';
import { DomainError, invalidInput } from '../errors.js';
import { shownHref } from './source.js';

/** `az:` and Hadoop's names for the same: fsspec, GDAL and Spark write them. */
const SCHEME = /^(az|abfss?|wasbs?):\/\//;
/** GDAL's prefixes; what follows is a name as it is, without percent-encoding. */
const VSI = /^\/vsiaz(_streaming)?\//;

/**
 * `az://container/blob`, `/vsiaz/container/blob` and `abfs://container/blob` lie in the configured account,
 * `abfss://container@account.dfs.core.windows.net/blob` in the one that they name. Undefined for any other href.
 * @throws InvalidInput where no account is configured, or the container's name is none
 */
export function azureUrl(href: string, account: AzureAccount | undefined): URL | undefined {
  const vsi = VSI.exec(href)?.[0];
  if (vsi === undefined && !SCHEME.test(href)) return undefined;
  const uri = vsi === undefined ? href : `az://${href.slice(vsi.length).split('/').map(encodeURIComponent).join('/')}`;
  if (!URL.canParse(uri)) throw invalidInput(`${shownHref(href)}: not the name of a blob; write az://container/folder/name.tif.`);
  const url = new URL(uri);
  const [container, owner] = url.username === '' ? [url.hostname, undefined] : [decoded(url.username), /^([a-z0-9]{3,24})\.(blob|dfs)\.core\.windows\.net$/.exec(url.hostname)?.[1] ?? ''];
  if (owner === '') throw invalidInput(`${shownHref(href)}: ${url.hostname} is no storage account; write ${url.protocol}//container@account.dfs.core.windows.net/name.tif.`);
  if (!CONTAINER_NAME.test(container)) throw invalidInput(`${shownHref(href)}: "${container}" is not the name of a container.`);
  if (owner === undefined && account === undefined) {
    throw invalidInput(`${shownHref(href)}: this server has no storage account; set AZURE_STORAGE_ACCOUNT or AZURE_STORAGE_CONNECTION_STRING.`);
  }
  const endpoint = account !== undefined && (owner === undefined || owner === account.name) ? account.endpoint : `https://${owner}.blob.core.windows.net`;
  return new URL(`${endpoint}/${container}${url.pathname}${url.search}`);
}

/** A name without percent-encoding, as it is where that cannot be read. */
export function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** The same without a word: undefined for what is no blob of Azure, or of no account that is known. */
export function blobUrl(href: string, account: AzureAccount | undefined): URL | undefined {
  try {
    return azureUrl(href, account);
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}
