/** Opened COGs, kept while they are in use: the header of an asset is read once for many tiles. */
import { LRUCache } from 'lru-cache';
import { openCog } from '../cog/open.js';
import { DomainError } from '../errors.js';
import { Refused } from '../storage/hosts.js';
import type { FetchPolicy } from '../storage/source.js';
import { shownHref, versionOf } from '../storage/source.js';
import { createSources } from '../storage/sources.js';
import type { BlockReader } from './blocks.js';
import { createBlockReader } from './blocks.js';
import { externalOverviews } from './external.js';
import type { Raster } from './raster.js';
import { rasterOf } from './raster.js';

export interface Asset {
  /** The href as messages show it, without signatures. */
  readonly name: string;
  readonly raster: Raster;
  /** Another one after each change of the file; undefined where its server tells nothing of it. */
  readonly version: string | undefined;
  /** The raster with the overviews that lie beside the file, looked for when it is first asked for; undefined where it needs none. */
  readonly external?: () => Promise<Raster>;
}

export interface Assets {
  /** @throws DomainError InvalidInput (a refused href), Upstream, UpstreamTimeout, NotImplemented */
  open(href: string): Promise<Asset>;
  /** Begins to open what will be needed; whoever opens it hears of its failure. */
  openSoon(href: string): void;
  readonly blocks: BlockReader;
  close(): Promise<void>;
}

export interface CacheLimits {
  /** Bytes of decoded blocks; a picture of 512 x 512 takes up to 3 ms to decode, 106 of them are 80 MB. */
  readonly blockBytes?: number;
  readonly headerBytes?: number;
  /** Milliseconds after which a header is read again, so that a file which was replaced is seen. */
  readonly headerAge?: number;
}

export function createAssets(policy: FetchPolicy, limits: CacheLimits = {}): Assets {
  const { blockBytes = 80 * 1024 * 1024, headerBytes = 16 * 1024 * 1024, headerAge = 300_000 } = limits;
  const sources = createSources(policy);
  const blocks = createBlockReader({ maxBytes: blockBytes });
  const opened = new LRUCache<string, Asset>({ maxSize: headerBytes, ttl: headerAge, sizeCalculation: headerSize });
  const opening = new Map<string, Promise<Asset>>();

  async function load(href: string): Promise<Asset> {
    const name = shownHref(href);
    const source = await sources.open(href);
    const raster = await openCog(source, (cog) => rasterOf(cog, shownHref(source.url.href))).catch((error: unknown) => {
      // Whoever asks for a tile is not to blame for what a file says.
      if (error instanceof DomainError && error.kind === 'InvalidInput' && !(error instanceof Refused)) throw new DomainError('Upstream', error.message, { cause: error });
      throw error;
    });
    const asset = { name, raster, version: versionOf(source), ...externalOverviews(sources, href, raster) };
    opened.set(href, asset);
    return asset;
  }

  async function open(href: string): Promise<Asset> {
    const asset = opened.get(href);
    if (asset !== undefined) return asset;
    let pending = opening.get(href);
    if (pending === undefined) {
      pending = load(href).finally(() => opening.delete(href));
      opening.set(href, pending);
    }
    return pending;
  }

  return { open, openSoon: (href) => void open(href).catch(() => undefined), blocks, close: () => sources.close() };
}

/** About what an opened file holds: its cached first bytes, and two numbers for each block of each level. */
const headerSize = ({ raster }: Asset): number =>
  raster.levels.reduce((sum, { blocksAcross, blocksDown }) => sum + 16 * blocksAcross * blocksDown, 64 * 1024);
