import { decodeLzw } from '../../src/tiles/lzw.js';
import { isTileMatrixSetId, latToMercator, locateTile, mercatorToLat, resolutionAt, tileMatrixSet } from '../../src/tiles/matrices.js';
import { chooseLevel, warpedResolution } from '../../src/tiles/overviews.js';

const EDGE = 20_037_508.342_789_244;

const extentOf = (...args: Parameters<typeof locateTile>): readonly number[] => {
  const place = locateTile(...args);
  if (!place.inRange) throw new Error(place.reason);
  return place.extent;
};

describe('tile matrix sets', () => {
  it('put the tiles of WebMercatorQuad where OGC 17-083r4 does', () => {
    expect(extentOf('WebMercatorQuad', 0, 0, 0)).toEqual([-EDGE, -EDGE, EDGE, EDGE]);
    expect(extentOf('WebMercatorQuad', 1, 1, 0)).toEqual([0, 0, EDGE, EDGE]);
    expect(resolutionAt(tileMatrixSet('WebMercatorQuad'), 0)).toBeCloseTo(156_543.033_928_041, 6);
    expect(resolutionAt(tileMatrixSet('WebMercatorQuad'), 3, 512)).toBeCloseTo(156_543.033_928_041 / 16, 6);
  });

  it('put the tiles of WorldCRS84Quad two by one at zoom 0', () => {
    expect(extentOf('WorldCRS84Quad', 0, 1, 0)).toEqual([0, -90, 180, 90]);
    expect(extentOf('WorldCRS84Quad', 2, 7, 3)).toEqual([135, -90, 180, -45]);
    expect(resolutionAt(tileMatrixSet('WorldCRS84Quad'), 0)).toBe(0.703_125);
  });

  it('give the bbox of a tile in longitude and latitude', () => {
    const place = locateTile('WebMercatorQuad', 0, 0, 0);
    expect(place.inRange && place.bbox.map((value) => Number(value.toFixed(9)))).toEqual([-180, -85.051_128_78, 180, 85.051_128_78]);
  });

  it('share edges between neighbours to the last bit, up to the antimeridian', () => {
    for (const z of [1, 7, 13, 24]) {
      const last = 2 ** z - 1;
      for (const x of [0, Math.floor(last / 3), last - 1]) {
        expect(extentOf('WebMercatorQuad', z, x, x)[2]).toBe(extentOf('WebMercatorQuad', z, x + 1, x)[0]);
        expect(extentOf('WebMercatorQuad', z, x, x)[1]).toBe(extentOf('WebMercatorQuad', z, x, x + 1)[3]);
      }
      expect(extentOf('WebMercatorQuad', z, 0, 0)[0]).toBe(-EDGE);
      expect(extentOf('WebMercatorQuad', z, last, last)[2]).toBe(EDGE);
    }
  });

  it.each([
    [25, 0, 0, 'zooms 0 to 24'], [-1, 0, 0, 'zooms'], [1.5, 0, 0, 'zooms'], [Number.NaN, 0, 0, 'zooms'],
    [1, 2, 0, 'columns 0 to 1'], [1, -1, 0, 'columns'], [1, 0, 2, 'rows 0 to 1'], [2, 0, 0.5, 'rows 0 to 3'],
  ])('name the limit that tile %p/%p/%p passes', (z, x, y, limit) => {
    expect(locateTile('WebMercatorQuad', z, x, y)).toEqual({ inRange: false, reason: expect.stringContaining(limit) });
  });

  it('have other limits for other sets', () => {
    expect(locateTile('WorldCRS84Quad', 0, 1, 0).inRange).toBe(true);
    expect(locateTile('WorldCRS84Quad', 0, 2, 0).inRange).toBe(false);
    expect(locateTile('WorldCRS84Quad', 24, 0, 0).inRange).toBe(false);
    expect([isTileMatrixSetId('WorldCRS84Quad'), isTileMatrixSetId('toString')]).toEqual([true, false]);
  });

  it('turn latitudes into Mercator and back', () => {
    for (const lat of [-85, -12.5, 0, 45, 85.051_128_779]) expect(mercatorToLat(latToMercator(lat))).toBeCloseTo(lat, 10);
  });
});

describe('overviews', () => {
  const levels = [1, 2, 4, 8, 16].map((factor) => ({ width: Math.ceil(5000 / factor), height: Math.ceil(5000 / factor) }));

  it.each([[0.3, 0], [1, 0], [1.5, 0], [1.6, 1], [2, 1], [3.2, 1], [3.3, 2], [6.6, 3], [50, 4]])(
    'decimating by %p reads level %p: the coarsest within 1.2 times of what is asked',
    (factor, level) => expect(chooseLevel(levels, factor)).toBe(level),
  );

  it('are not needed: a raster without them is read in full', () => {
    expect(chooseLevel([{ width: 10, height: 10 }], 100)).toBe(0);
  });

  it('are chosen by the resolution that GDAL would warp to, the poles cropped as rio-tiler crops them', () => {
    const forward = (lon: number, lat: number): [number, number] => [(lon * EDGE) / 180, latToMercator(lat)];
    const corners = [[-180 + 1 / 6, 90 - 1 / 6], [-96.5, 6.5]] as const;
    const resolution = warpedResolution({ width: 5000, height: 5000 }, corners, { from: 4326, to: 3857, forward });
    expect(resolution).toBeCloseTo(3119.288_6, 3); // rasterio's calculate_default_transform of shared/data/world/world_0_0.tif
  });
});

describe('LZW', () => {
  it('unpacks the example of the TIFF 6.0 specification, section 13', () => {
    // 7 7 7 8 8 7 7 6 6 as: Clear 7 258 8 8 258 6 6 End, nine bits each
    const codes = [256, 7, 258, 8, 8, 258, 6, 6, 257];
    const bits = codes.map((code) => code.toString(2).padStart(9, '0')).join('').padEnd(88, '0');
    const packed = Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
    expect([...decodeLzw(packed, 100)]).toEqual([7, 7, 7, 8, 8, 7, 7, 6, 6]);
  });

  it('refuses a code that nothing has made', () => {
    expect(() => decodeLzw(Uint8Array.of(0x80, 0x7f, 0xff, 0xff), 100)).toThrow('damaged LZW data');
  });

  it('writes no more than it is told to', () => {
    const bits = [256, 65, 258, 259, 260, 261].map((code) => code.toString(2).padStart(9, '0')).join('').padEnd(56, '0');
    const packed = Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
    expect(decodeLzw(packed, 4)).toEqual(Uint8Array.of(65, 65, 65, 65));
  });
});
