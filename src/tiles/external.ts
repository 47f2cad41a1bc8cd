/** Overviews that GDAL keeps in a file of their own beside the raster: `name.tif.ovr`. */
import { openTiff } from '../cog/open.js';
import { type Sources, shownHref } from '../storage/source.js';
import type { Asset } from './assets.js';
import type { Dimensions } from './overviews.js';
import { type Raster, withOverviews } from './raster.js';
import { type Area, decimationOf, mayTouch } from './warp.js';

/** Up to one usual block, a raster needs no overviews: nobody asks for their file. */
const SMALL = 512;
/** Pixels of the full image for one of the tile below which no overview would be taken: the first halves them. */
const FIRST = 1.5;

/** What an asset without overviews of its own remembers of those beside it. A file that is missing or unusable is none. */
export function externalOverviews(sources: Sources, href: string, raster: Raster): Pick<Asset, 'external'> {
  if (raster.levels.length > 1 || Math.max(raster.header.width, raster.header.height) <= SMALL) return {};
  let found: Promise<Raster> | undefined;
  const read = async (): Promise<Raster> => {
    const beside = besideOf(href);
    return openTiff(await sources.open(beside), (tiff) => withOverviews(raster, tiff, shownHref(beside)));
  };
  return { external: () => (found ??= read().catch(() => raster)) };
}

/** The asset with the overviews that a picture asks for. */
export async function forZoom(asset: Asset, area: Area, size: Dimensions): Promise<Asset> {
  const { external, raster: { header } } = asset;
  if (external === undefined || !mayTouch(area, header) || !(decimationOf(area, size, header) > FIRST)) return asset;
  return { ...asset, raster: await external() };
}

/** `.ovr` behind the path, before a query that may hold a signature. */
const besideOf = (href: string): string => href.replace(/([?#].*)?$/s, '.ovr$1');
