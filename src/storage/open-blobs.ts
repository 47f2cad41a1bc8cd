/** Which store stands behind `STORAGE_URL`. */
import type { Config } from '../config.js';
import type { BlobStore } from './blobs.js';
import { createFileBlobs } from './file-blobs.js';

/** Touches nothing yet: a store that is away is told by what is asked of it. */
export const createBlobs = ({ storageUrl }: Pick<Config, 'storageUrl'>): BlobStore => createFileBlobs(storageUrl);
