/** The container that blobs are kept in, as the SDK's client: loaded when it is first asked for. */
import type { BlobServiceClient, ContainerClient } from '@azure/storage-blob';
import type { AzureAccount } from '../config-storage.js';

/** Three tries in about a second: whatever is away longer is told to the caller, who may try again. */
const RETRY = { maxTries: 3, retryDelayInMs: 250, maxRetryDelayInMs: 1000 };
/** Handed through to the SDK's pipeline: the service redirects nothing, and who would is not followed. */
const OPTIONS = { retryOptions: RETRY, redirectOptions: { maxRetries: 0 }, userAgentOptions: { userAgentPrefix: 'stac-mosaic' } };

/**
 * Neither the SDK (25 MB of memory, 0.3 s) nor the identity library is loaded by servers that do without them.
 * @param containerUrl without query
 */
export async function openContainer(containerUrl: string, { name, credential }: AzureAccount): Promise<ContainerClient> {
  const { ContainerClient, StorageSharedKeyCredential } = await import('@azure/storage-blob');
  if (credential.kind === 'key') return new ContainerClient(containerUrl, new StorageSharedKeyCredential(name, credential.key), OPTIONS);
  if (credential.kind === 'sas') return new ContainerClient(`${containerUrl}?${credential.token}`, undefined, OPTIONS);
  const { DefaultAzureCredential } = await import('@azure/identity');
  return new ContainerClient(containerUrl, new DefaultAzureCredential(), OPTIONS);
}

/** The account as its identity. */
export async function openService({ endpoint }: AzureAccount): Promise<BlobServiceClient> {
  const [{ BlobServiceClient }, { DefaultAzureCredential }] = await Promise.all([import('@azure/storage-blob'), import('@azure/identity')]);
  return new BlobServiceClient(endpoint, new DefaultAzureCredential(), OPTIONS);
}
