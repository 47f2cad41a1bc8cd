/** Which store stands behind `STORAGE_URL`. */
import type { StorageConfig } from '../config-storage.js';
import { createAzureBlobs } from './azure-blobs.js';
import type { BlobStore } from './blobs.js';
import { createFileBlobs } from './file-blobs.js';

/** Touches nothing yet: a store that is away is told by what is asked of it. */
export function createBlobs({ storageUrl, storagePublic, storageTimeout, azure }: StorageConfig): BlobStore {
  if (azure === undefined || storageUrl.startsWith('file:')) return createFileBlobs(storageUrl);
  return createAzureBlobs({ storageUrl, account: azure, isPublic: storagePublic, timeout: storageTimeout });
}
