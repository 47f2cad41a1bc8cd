/** What the routes are given: the composition root builds it once, nothing else is global. */
import type { Access } from './access/access.js';
import type { Config } from './config.js';
import type { Database } from './database/index.js';
import type { Lifecycle } from './lifecycle.js';
import type { Logger } from './log.js';
import type { Thumbnails } from './datasets/thumbnails.js';
import type { ItemBytes } from './search/item-bytes.js';
import type { Metrics } from './metrics.js';
import type { BlobStore } from './storage/blobs.js';
import type { SearchUse } from './searches/use.js';
import type { Guard } from './storage/guard.js';
import type { HrefSigner } from './storage/signing.js';
import type { Sources } from './storage/source.js';
import type { CachedRenderer } from './tiles/cached-renderer.js';
import type { StacValidator } from './validation/validator.js';

export interface Services {
  readonly config: Config;
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  /** Who callers are, and what they may do and see. */
  readonly access: Access;
  readonly database: Database;
  readonly sources: Sources;
  readonly blobs: BlobStore;
  readonly validator: StacValidator;
  readonly renderer: CachedRenderer;
  readonly thumbnails: Thumbnails;
  /** Signs hrefs in answers; undefined where none are. */
  readonly signer: HrefSigner | undefined;
  /** What TiTiler is asked through, where there is one. */
  readonly titiler: Guard;
  readonly searchUse: SearchUse;
  /** Items as they were last sent, for links that begin with a base. */
  readonly itemBytes: (base: string) => ItemBytes;
  /** What stored links begin with: the public URL, or '' for links resolved at each reading (API.md section 4, The hook). */
  readonly storedBase: string;
}
