/** The blobs of a container below a prefix, whatever folders lie between, a page at a time. */
import type { AzureAccount } from '../config-storage.js';
import { openContainer } from './azure-client.js';
import { azureFailure } from './azure-failure.js';
import { azureUrl } from './azure-hrefs.js';

export interface ListedBlob {
  /** Without the container: `2024/tile_001.tif`. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Changes with every writing. */
  readonly etag: string;
}

/**
 * @param href `az://container/prefix`, or another spelling of it; every blob whose name begins with the prefix is listed
 * @throws DomainError InvalidInput without an account, Upstream where Azure refuses or does not answer
 */
export async function* listAzure(href: string, account: AzureAccount | undefined, signal?: AbortSignal): AsyncGenerator<ListedBlob> {
  const url = azureUrl(href, account);
  if (url === undefined || account === undefined) return;
  const [container = '', ...folders] = url.href.slice(account.endpoint.length + 1).split('/');
  const prefix = folders.map(decodeURIComponent).join('/');
  try {
    const client = await openContainer(`${account.endpoint}/${container}`, account);
    for await (const { name, properties } of client.listBlobsFlat({ prefix, ...(signal === undefined ? {} : { abortSignal: signal }) })) {
      yield { name, size: properties.contentLength ?? 0, etag: properties.etag };
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw azureFailure(`listing ${href}`, error);
  }
}
