/** Headers of real COGs beside rasterio 1.4.4 and rio-tiler (skipped where ../shared/data is missing). */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readCogHeader } from '../../src/cog/open.js';
import { createSources } from '../../src/storage/sources.js';

const DATA = resolve('../shared/data');

/** CRS, transform_bounds with 21 points, rio-tiler's zooms, rio-cogeo's verdict. */
type Row = [file: string, crs: string, bbox: [number, number, number, number], zooms: [number, number], isCog: boolean];

const COGS: Row[] = [
  ['cogs/formats/cog_cmap.tif', 'EPSG:3857', [-79.444885254, 39.808536041, -79.367980957, 39.880234928], [12, 17], true],
  ['cogs/formats/cog_dateline.tif', 'EPSG:32660', [177.998571352, 50.581853468, -178.513822919, 52.773743003], [4, 4], true],
  ['cogs/formats/cog_gradient.tif', 'EPSG:4326', [-175, -77.5, 175, 87.5], [0, 0], true],
  ['cogs/formats/cog_int16.tif', 'EPSG:32621', [-61.287624427, 72.229797956, -52.301598718, 74.662980013], [5, 9], true],
  ['cogs/formats/cog_nodata.tif', 'EPSG:32621', [-61.287624427, 72.229797956, -52.301598718, 74.662980013], [5, 9], true],
  ['cogs/formats/cog_rgb_mask.tif', 'EPSG:26913', [-104.775327979, 38.953449352, -104.774664783, 38.953764219], [20, 20], true],
  ['cogs/formats/cog_rgba.tif', 'EPSG:26913', [-104.775327979, 38.953449352, -104.774664783, 38.953764219], [20, 20], true],
  ['cogs/formats/cog_scale.tif', 'EPSG:32652', [126.724471764, 36.936641907, 127.986874857, 37.943111174], [7, 8], true],
  ['cogs/formats/cog_tags.tif', 'EPSG:32652', [126.724471764, 36.936641907, 127.986874857, 37.943111174], [7, 8], true],
  ['cogs/formats/cog_uint8_rgb_nodata.tif', 'EPSG:4326', [0, -2.56, 2.56, 0], [7, 7], true],
  ['cogs/formats/inverted_lat.tif', 'EPSG:4326', [-180, -90, 180, 90], [0, 0], true],
  ['cogs/formats/nocog.tif', 'EPSG:32621', [-61.287624427, 72.229797956, -52.301598718, 74.662980013], [5, 9], false],
  ['cogs/formats/noweb.tif', 'EPSG:3857', [-77.575627181, 44.923998481, -74.461492289, 47.109319413], [6, 8], true],
  ['cogs/formats/sentinel2_tci_utm34.tif', 'EPSG:32634', [23.106076244, 31.505173744, 24.296464504, 32.519334872], [7, 10], true],
  ['cogs/formats/web.tif', 'EPSG:3857', [-78.75, 44.087585028, -73.125, 47.989921667], [6, 8], true],
  ['cogs/formats/web_z5_z11.tif', 'EPSG:3857', [-112.5, 36.456636012, -106.69921875, 40.97989807], [5, 11], true],
  ['cogs/formats/webp.tif', 'EPSG:3857', [-61.567382812, 16.225223624, -61.561889651, 16.230497927], [16, 17], true],
  ['cogs/landsat/cog1.tif', 'EPSG:32618', [-75.987033774, 44.941492728, -72.908968787, 47.093144209], [6, 8], true],
  ['cogs/landsat/cog2.tif', 'EPSG:32618', [-74.401447384, 44.935042833, -71.337604724, 47.096855992], [7, 9], true],
  ['cogs/landsat/cog3_epsg4326.tif', 'EPSG:4326', [-74.401447384, 44.934642688, -71.338036779, 47.096855992], [6, 7], true],
  ['world/world_0_0.tif', 'EPSG:4326', [-179.833333333, 6.5, -96.5, 89.833333333], [2, 5], true],
  ['world/world_0_10000.tif', 'EPSG:4326', [-179.833333333, -89.833333333, -96.5, -76.833333333], [2, 5], true],
  ['world/world_0_5000.tif', 'EPSG:4326', [-179.833333333, -76.833333333, -96.5, 6.5], [2, 6], true],
  ['world/world_10000_0.tif', 'EPSG:4326', [-13.166666667, 6.5, 70.166666667, 89.833333333], [2, 5], true],
  ['world/world_10000_10000.tif', 'EPSG:4326', [-13.166666667, -89.833333333, 70.166666667, -76.833333333], [2, 5], true],
  ['world/world_10000_5000.tif', 'EPSG:4326', [-13.166666667, -76.833333333, 70.166666667, 6.5], [2, 6], true],
  ['world/world_15000_0.tif', 'EPSG:4326', [70.166666667, 6.5, 153.5, 89.833333333], [2, 5], true],
  ['world/world_15000_10000.tif', 'EPSG:4326', [70.166666667, -89.833333333, 153.5, -76.833333333], [2, 5], true],
  ['world/world_15000_5000.tif', 'EPSG:4326', [70.166666667, -76.833333333, 153.5, 6.5], [2, 6], true],
  ['world/world_20000_0.tif', 'EPSG:4326', [153.5, 6.5, 179.833333333, 89.833333333], [3, 4], true],
  ['world/world_20000_10000.tif', 'EPSG:4326', [153.5, -89.833333333, 179.833333333, -76.833333333], [3, 3], true],
  ['world/world_20000_5000.tif', 'EPSG:4326', [153.5, -76.833333333, 179.833333333, 6.5], [3, 6], true],
  ['world/world_5000_0.tif', 'EPSG:4326', [-96.5, 6.5, -13.166666667, 89.833333333], [2, 5], true],
  ['world/world_5000_10000.tif', 'EPSG:4326', [-96.5, -89.833333333, -13.166666667, -76.833333333], [2, 5], true],
  ['world/world_5000_5000.tif', 'EPSG:4326', [-96.5, -76.833333333, -13.166666667, 6.5], [2, 6], true],
];

/** Files where we mean to differ: zooms that GDAL spoils at the antimeridian; strips are no COG for us. */
const OWN_ZOOMS: Readonly<Record<string, [number, number]>> = { 'cogs/formats/cog_dateline.tif': [6, 10] };
const NO_COG = new Set(['cogs/formats/webp.tif', 'cogs/formats/inverted_lat.tif']);

(existsSync(DATA) ? describe : describe.skip)('the header of a real COG (needs ../shared/data)', () => {
  const sources = createSources({ allowedHosts: [], allowedFileRoots: [DATA] });

  it.each(COGS)('%s agrees with rasterio', async (file, crs, bbox, zooms, isCog) => {
    const header = await readCogHeader(await sources.open(pathToFileURL(resolve(DATA, file)).href));
    expect(header.crs.code).toBe(crs);
    header.bbox.forEach((value, i) => expect(Math.abs(value - (bbox[i] ?? Number.NaN))).toBeLessThan(1e-6));
    expect([header.minzoom, header.maxzoom]).toEqual(OWN_ZOOMS[file] ?? zooms);
    expect(header.isCog).toBe(isCog && !NO_COG.has(file));
  });
});
