/** Headers of small GeoTIFFs of our own making: CRS, place, bands, layout. */
import { fromArrayBuffer } from 'geotiff';
import { openCog, readCogHeader } from '../../src/cog/open.js';
import { tileFacts } from '../../src/cog/facts.js';
import type { CogHeader } from '../../src/cog/types.js';
import type { Source } from '../../src/storage/source.js';
import type { GeoTiffSpec } from '../support/geotiff.js';
import { double, makeGeoTiff } from '../support/geotiff.js';

const sourceOf = (bytes: Uint8Array<ArrayBuffer>): Source => ({
  url: new URL('https://cogs.example.com/tile.tif?sig=secret'),
  metadata: { size: bytes.byteLength },
  fetch: async (offset, length) => bytes.buffer.slice(offset, length === undefined ? undefined : offset + length),
});

const headerOf = (spec: GeoTiffSpec): Promise<CogHeader> => readCogHeader(sourceOf(makeGeoTiff(spec)));

const expectBbox = (actual: readonly number[], expected: readonly number[], digits = 5): void => {
  expect(actual).toHaveLength(4);
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? Number.NaN, digits));
};

/** The box around positions, however deeply they are nested. */
function bounds(coordinates: readonly unknown[]): number[] {
  const numbers = coordinates.flat(3).filter((value) => typeof value === 'number');
  const [lons, lats] = [0, 1].map((odd) => numbers.filter((_, i) => i % 2 === odd));
  return [Math.min(...(lons ?? [])), Math.min(...(lats ?? [])), Math.max(...(lons ?? [])), Math.max(...(lats ?? []))];
}

describe('where a COG lies', () => {
  it('is its box in EPSG:4326', async () => {
    const header = await headerOf({ width: 64, height: 32, epsg: 4326, origin: [-180, 10], pixel: [0.1, 0.2] });
    expect(header.crs).toMatchObject({ code: 'EPSG:4326', units: 'degree' });
    expectBbox(header.bbox, [-180, 3.6, -173.6, 10]);
    expect(header.footprint).toEqual({ type: 'Polygon', coordinates: [[[-180, 3.6], [-173.6, 3.6], [-173.6, 10], [-180, 10], [-180, 3.6]]] });
    expect(header.transform).toEqual([0.1, 0, -180, 0, -0.2, 10]);
  });

  it('is found from EPSG:3857, the whole world included', async () => {
    const half = Math.PI * 6_378_137;
    const header = await headerOf({ width: 256, height: 256, epsg: 3857, origin: [-half, half], pixel: [half / 128, half / 128] });
    expectBbox(header.bbox, [-180, -85.051129, 180, 85.051129]);
    expect([header.minzoom, header.maxzoom]).toEqual([0, 0]);
    expect(header.crs.units).toBe('metre');
  });

  it('is found from UTM with curved edges', async () => {
    const header = await headerOf({ width: 545, height: 553, epsg: 32618, origin: [425_085, 5_215_515], pixel: [428.7423235013267, 428.7423235013267] });
    // rasterio.warp.transform_bounds with 21 points
    expectBbox(header.bbox, [-75.98703377413769, 44.941492728337124, -72.90896878706154, 47.09314420944992], 6);
    expect(header.footprint.coordinates[0]).toHaveLength(89);
    expect(header.gsd).toBe(428.742);
    expect([header.minzoom, header.maxzoom]).toEqual([6, 8]);
  });

  it('covers the pole where a polar raster holds it', async () => {
    const header = await headerOf({ width: 100, height: 100, epsg: 3995, origin: [-1_000_000, 1_000_000], pixel: [20_000, 20_000] });
    expectBbox([header.bbox[0], header.bbox[2], header.bbox[3], 0], [-180, 180, 90, 0]);
    expect(header.bbox[1]).toBeGreaterThan(76);
    expect(header.bbox[1]).toBeLessThan(78);
    expect(header.footprint.type).toBe('Polygon');
    expect(header.footprint.coordinates[0]).toContainEqual([180, 90]);
    expect(header.footprint.coordinates[0]).toContainEqual([-180, 90]);
  });

  it('is split in two where UTM crosses the antimeridian', async () => {
    const header = await headerOf({ width: 233, height: 236, epsg: 32660, origin: [570_585, 5_847_615], pixel: [1000, 1000] });
    const [west, south, east, north] = header.bbox;
    expect(west).toBeGreaterThan(177.9);
    expect(east).toBeLessThan(-178.4);
    expect(south).toBeLessThan(north);
    expect(header.footprint.type).toBe('MultiPolygon');
    for (const position of header.footprint.coordinates.flat(2)) {
      const lon = Array.isArray(position) ? (position[0] ?? 0) : 0;
      expect(Math.abs(lon)).toBeLessThanOrEqual(180);
      expect(Math.abs(lon)).toBeGreaterThan(177);
    }
  });

  it('is split in two where degrees run beyond 180', async () => {
    const header = await headerOf({ width: 20, height: 10, epsg: 4326, origin: [170, 5], pixel: [1, 1] });
    expect(header.bbox).toEqual([170, -5, -170, 5]);
    expect(header.footprint.type).toBe('MultiPolygon');
    const boxes = header.footprint.coordinates.map((part) => bounds(part.flat()));
    expect(boxes).toEqual([[170, -5, 180, 5], [-180, -5, -170, 5]]);
  });

  it('is the whole world for a grid from 0 to 360', async () => {
    const header = await headerOf({ width: 36, height: 18, epsg: 4326, origin: [0, 90], pixel: [10, 10] });
    expect(header.bbox).toEqual([-180, -90, 180, 90]);
  });

  it('ends at the poles where a grid of points reaches beyond them', async () => {
    const header = await headerOf({ width: 37, height: 19, epsg: 4326, origin: [-180, 90], pixel: [10, 10], point: true });
    expect(header.bbox).toEqual([-180, -90, 180, 90]);
    expect(header.areaOrPoint).toBe('Point');
    expect(header.transform).toEqual([10, 0, -185, 0, -10, 95]);
  });

  it('is right side up in a south-up file', async () => {
    const header = await headerOf({ width: 72, height: 36, epsg: 4326, matrix: [5, 0, -180, 0, 5, -90] });
    expect(header.transform).toEqual([5, 0, -180, 0, 5, -90]);
    expect(header.bbox).toEqual([-180, -90, 180, 90]);
    expect(header.projBbox).toEqual([-180, -90, 180, 90]);
  });

  it('follows a rotated raster instead of its box', async () => {
    const header = await headerOf({ width: 10, height: 10, epsg: 4326, matrix: [1, 1, 0, 1, -1, 0] });
    expect(header.bbox).toEqual([0, -10, 20, 10]);
    expect(header.footprint.coordinates[0]).toContainEqual([10, 10]);
    expect(header.footprint.coordinates[0]).not.toContainEqual([0, 10]);
  });

  it('moves half a pixel for PixelIsPoint, with a transformation matrix too', async () => {
    const header = await headerOf({ width: 16, height: 16, epsg: 32618, matrix: [10, 0, 500_000, 0, -10, 4_000_000], point: true });
    expect(header.transform).toEqual([10, 0, 499_995, 0, -10, 4_000_005]);
  });

  it('is shifted between datums without a grid file', async () => {
    // rasterio, with its seven parameters too
    const header = await headerOf({ width: 2, height: 2, epsg: 27700, origin: [538_889, 177_321], pixel: [1, 1] });
    expectBbox(header.bbox.slice(0, 1).concat(header.bbox[3], 0, 0), [-0.001416, 51.477805, 0, 0], 5);
  });

  it('is measured in metres on the ground', async () => {
    const mercator = await headerOf({ width: 16, height: 16, epsg: 3857, origin: [0, 8_399_738], pixel: [10, 10] });
    expect(mercator.gsd).toBeCloseTo(5, 1); // 60 degrees north
    const feet = await headerOf({ width: 16, height: 16, epsg: 2263, origin: [1_000_000, 200_000], pixel: [10, 10] });
    expect(feet.crs.units).toBe('US survey foot');
    expect(feet.gsd).toBeCloseTo(3.048, 3);
    const degrees = await headerOf({ width: 16, height: 16, epsg: 4326, origin: [10, 60], pixel: [1 / 3600, 1 / 3600] });
    expect(degrees.gsd).toBeCloseTo(30.9, 0);
  });
});

describe('what a COG holds', () => {
  it('tells bands, types, colours, scale, offset, nodata and description', async () => {
    const metadata = `<GDALMetadata><Item name="SCALE" sample="0" role="scale">0.01</Item><Item name="OFFSET" sample="0" role="offset">-5</Item>
      <Item name="DESCRIPTION" sample="1" role="description">n\u00e4he &lt;infrarot&gt;</Item><Item name="UNITTYPE" sample="0" role="unittype">K</Item></GDALMetadata>`;
    const header = await headerOf({ width: 16, height: 16, bands: 2, bits: 16, sampleFormat: 2, nodata: '-9999 ', metadata });
    expect(header.bands).toEqual([
      { name: 'b1', dataType: 'int16', nodata: -9999, colorInterpretation: 'gray', scale: 0.01, offset: -5, unit: 'K' },
      { name: 'b2', dataType: 'int16', nodata: -9999, description: 'n\u00e4he <infrarot>', scale: 1, offset: 0 },
    ]);
    expect([header.scales, header.offsets]).toEqual([[0.01, 1], [-5, 0]]);
  });

  it.each([['nan', 'nan'], ['NaN', 'nan'], ['-inf', '-inf'], ['-3.4028234663852886e+38', -3.4028234663852886e38], ['0', 0], ['none', undefined]])(
    'reads GDAL_NODATA %s as %s',
    async (text, expected) => {
      expect((await headerOf({ width: 16, height: 16, bits: 32, sampleFormat: 3, nodata: text })).nodata).toBe(expected);
    },
  );

  it('finds alpha, masks, overviews and blocks', async () => {
    const rgba = await headerOf({ width: 40, height: 30, bands: 4, extraSamples: [2], overviews: [2, 4] });
    expect(rgba.bands.map((band) => band.colorInterpretation)).toEqual(['red', 'green', 'blue', 'alpha']);
    expect(rgba).toMatchObject({
      hasAlpha: true, hasMask: false, tiled: true, isCog: true, blockSize: [16, 16], compression: 'none', photometric: 'rgb', planar: 'chunky',
      overviews: [{ width: 20, height: 15 }, { width: 10, height: 8 }],
    });
    expect(await headerOf({ width: 40, height: 30, bands: 3, mask: true })).toMatchObject({ hasAlpha: false, hasMask: true, overviews: [] });
  });

  it('calls only tiled files with overviews and their directories first a COG', async () => {
    const big = { width: 600, height: 600, tile: 128 };
    expect(await headerOf(big)).toMatchObject({ isCog: false });
    expect(await headerOf({ ...big, overviews: [2] })).toMatchObject({ isCog: true });
    expect(await headerOf({ ...big, overviews: [2], dataFirst: true })).toMatchObject({ isCog: false });
    expect(await headerOf({ ...big, overviews: [2], tile: 0 })).toMatchObject({ isCog: false, tiled: false, blockSize: [600, 600] });
    expect(await headerOf({ width: 500, height: 20 })).toMatchObject({ isCog: true });
  });

  it.each([{}, { bigEndian: true }, { bigTiff: true }, { bigEndian: true, bigTiff: true }])('reads the same header and the pixels of %j', async (form) => {
    const spec: GeoTiffSpec = {
      width: 40, height: 24, bits: 16, epsg: 32618, origin: [500_000, 4_000_000], pixel: [30, 30], overviews: [2], fill: (x, y) => x + 100 * y, ...form,
    };
    const bytes = makeGeoTiff(spec);
    const { header, tiff } = await openCog(sourceOf(bytes), async (cog) => cog);
    expect(header).toMatchObject({ width: 40, height: 24, dataType: 'uint16', overviews: [{ width: 20, height: 12 }], fileSize: bytes.byteLength, isCog: true });
    const tile = await tiff.images[0]?.getTile(1, 1);
    const view = new DataView(tile?.bytes ?? new ArrayBuffer(0));
    expect(view.getUint16(2 * 17, !('bigEndian' in form))).toBe(17 + 100 * 17);
    // geotiff.js as a second reader of the same bytes
    const second = await (await fromArrayBuffer(bytes.buffer)).getImage();
    expect(second.getBoundingBox()).toEqual(header.projBbox);
    expect([second.getWidth(), second.getHeight()]).toEqual([header.width, header.height]);
  });

  it('becomes the fields of a STAC item', async () => {
    const header = await headerOf({ width: 600, height: 20, epsg: 32618, origin: [500_000, 4_000_000], pixel: [30, 30], nodata: '0', bits: 16, tile: 0 });
    const facts = tileFacts(header, 'https://cogs.example.com/tile.tif');
    expect(facts).toMatchObject({
      gsd: 30, 'proj:code': 'EPSG:32618', 'proj:shape': [20, 600], 'proj:transform': [30, 0, 500_000, 0, -30, 4_000_000],
      'proj:bbox': [500_000, 3_999_400, 518_000, 4_000_000], 'file:size': header.fileSize,
      bands: [{ name: 'b1', data_type: 'uint16', nodata: 0, 'raster:spatial_resolution': 30, 'raster:sampling': 'area' }],
      warnings: ['https://cogs.example.com/tile.tif: not a Cloud Optimized GeoTIFF (strips instead of tiles).'],
    });
    expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
  });
});

describe('what cannot be placed', () => {
  const refused = async (spec: GeoTiffSpec, message: RegExp): Promise<void> => {
    await expect(headerOf(spec)).rejects.toMatchObject({ name: 'DomainError', kind: 'InvalidInput', message: expect.stringMatching(message) });
  };
  const size = { width: 16, height: 16 };

  it('is a file without a CRS', () => refused({ ...size, crs: 'none' }, /unknown CRS: the file names none/));
  it('is a user-defined CRS', () => refused({ ...size, crs: 'projected', epsg: 32_767 }, /unknown CRS: it is user-defined/));
  it('is a code that the EPSG register does not know', () => refused({ ...size, crs: 'projected', epsg: 30_000 }, /unknown CRS EPSG:30000/));
  it('is a geocentric CRS', () => refused({ ...size, geoKeys: [[1024, 3]] }, /unknown CRS/));
  it('is a file without georeferencing', () => refused({ ...size, tags: { 33_550: double(0, 0, 0) } }, /no georeferencing/));
  it('is a transform that cannot be inverted', () => refused({ ...size, matrix: [1, 1, 0, 1, 1, 0] }, /not a usable transform/));
  it('is a transform of infinities', () => refused({ ...size, pixel: [Number.POSITIVE_INFINITY, 1] }, /not a usable transform/));
  it('is a place outside the earth', () => refused({ ...size, origin: [1e12, 0] }, /outside the earth/));
  it('is a raster without an area', () => refused({ ...size, pixel: [1, 1e-20] }, /covers no area/));
  it('is a grid beyond the pole', () => refused({ ...size, origin: [0, 120] }, /covers no area/));
  it('is named without the signature of its URL', () => refused({ ...size, crs: 'none' }, /^https:\/\/cogs\.example\.com\/tile\.tif: [^?]*$/));

  it('is not UTM that only calls itself user-defined', async () => {
    const header = await headerOf({
      ...size, crs: 'projected', epsg: 32_767, geoKeys: [[2048, 32_767], [2056, 7030], [3074, 16_152]], origin: [500_000, 6_000_000], pixel: [10, 10],
    });
    expect(header.crs.code).toBe('EPSG:32752');
  });
});
