/** Mosaics from footprints: lists, limits, zooms and the document. */
import type { Geometry } from 'geojson';
import { DomainError } from '../../src/errors.js';
import { buildMosaic, type BuildOptions } from '../../src/mosaics/build.js';
import { type Footprint, Footprints } from '../../src/mosaics/footprints.js';
import { burnQuadkeys, countQuadkeys } from '../../src/mosaics/quadkeys.js';
import type { BBox } from '../../src/mosaics/shapes.js';
import { chooseQuadkeyZoom, mercatorResolution, zoomForResolution, zoomOfWhole, zoomsFromItems } from '../../src/mosaics/zooms.js';

interface Mosaic {
  readonly tiles: Record<string, string[]>;
  readonly [member: string]: unknown;
}

const at = (name: string, geometry: Footprint['geometry']): Footprint => ({ href: `https://example.com/cogs/${name}.tif`, geometry });

async function mosaicOf(rows: AsyncIterable<Footprint> | Iterable<Footprint>, options: Partial<BuildOptions> = {}): Promise<Mosaic> {
  const built = await buildMosaic(rows, { name: 'test', minzoom: 3, maxzoom: 12, ...options });
  return JSON.parse([...built.document].join('')) as Mosaic;
}

/** A grid of boxes, `side` degrees wide, over the middle of the world. */
function grid(columns: number, rows: number, side: number): Footprint[] {
  return Array.from({ length: columns * rows }, (_, index) => {
    const west = -170 + (index % columns) * side;
    const south = -60 + Math.floor(index / columns) * side;
    return at(String(index), [west, south, west + side, south + side]);
  });
}

async function faultOf(promise: Promise<unknown>): Promise<DomainError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('the document', () => {
  it('has the members of MosaicJSON 0.0.3 in a fixed order', async () => {
    const mosaic = await mosaicOf([at('a', [0, 0, 10, 10])], { quadkeyZoom: 3 });
    expect(Object.keys(mosaic)).toEqual(['mosaicjson', 'name', 'description', 'version', 'minzoom', 'maxzoom', 'quadkey_zoom', 'bounds', 'center', 'asset_type', 'tiles']);
    expect(mosaic).toEqual({
      mosaicjson: '0.0.3', name: 'test', description: 'test', version: '1.0.0', minzoom: 3, maxzoom: 12, quadkey_zoom: 3,
      bounds: [0, 0, 10, 10], center: [5, 5, 3], asset_type: 'COG', tiles: { '122': ['https://example.com/cogs/a.tif'] },
    });
  });

  it('lists footprints as they came, the first on top', async () => {
    const rows = ['c', 'a', 'b'].map((name) => at(name, [1, 1, 2, 2]));
    expect((await mosaicOf(rows, { quadkeyZoom: 3 })).tiles['122']).toEqual(rows.map(({ href }) => href));
  });

  it('keeps the top footprints of a quadkey where only so many are wanted', async () => {
    const rows = ['c', 'a', 'b'].map((name) => at(name, [1, 1, 2, 2]));
    expect((await mosaicOf(rows, { quadkeyZoom: 3, maxPerQuadkey: 2 })).tiles['122']).toEqual([rows[0]?.href, rows[1]?.href]);
  });

  it('puts the footprint whose centre is nearest first by the rule center', async () => {
    const rows = [at('far', [1, 1, 2, 2]), at('near', [20, 20, 24, 24]), at('wide', [0, 0, 44, 44]), at('world', [-180, -80, 180, 80])];
    const { tiles } = await mosaicOf(rows, { quadkeyZoom: 3, order: 'center' });
    expect(tiles['122']).toEqual([rows[1], rows[2], rows[0], rows[3]].map((row) => row?.href));
    expect((await mosaicOf(rows, { quadkeyZoom: 3, order: 'center', maxPerQuadkey: 1 })).tiles['122']).toEqual([rows[1]?.href]);
  });

  it('measures the centre across the antimeridian', async () => {
    const rows = [at('other', [130, 1, 140, 2]), at('split', [179, 1, -179, 2])];
    expect((await mosaicOf(rows, { quadkeyZoom: 2, order: 'center' })).tiles['13']).toEqual(rows.map(({ href }) => href));
    expect((await mosaicOf(rows, { quadkeyZoom: 1, order: 'center' })).tiles['1']?.[0]).toBe(rows[0]?.href);
  });

  it('takes the common folder of all hrefs as asset_prefix', async () => {
    const rows = [at('a/1', [1, 1, 2, 2]), at('a/2', [1, 1, 2, 2]), at('b', [1, 1, 2, 2])];
    const footprints = new Footprints();
    await footprints.addAll(rows);
    expect(footprints.assetPrefix()).toBe('https://example.com/cogs/');
    const mosaic = await mosaicOf(rows, { quadkeyZoom: 3, assetPrefix: footprints.assetPrefix() });
    expect(mosaic['asset_prefix']).toBe('https://example.com/cogs/');
    expect(mosaic.tiles['122']).toEqual(['a/1.tif', 'a/2.tif', 'b.tif']);
    expect(new Footprints().assetPrefix()).toBe('');
  });

  it('has no asset_prefix where the hrefs share nothing', async () => {
    const footprints = new Footprints();
    footprints.add({ href: 'https://a/b.tif', geometry: [0, 0, 1, 1] });
    footprints.add({ href: 'az://a/b.tif', geometry: [0, 0, 1, 1] });
    expect(footprints.assetPrefix()).toBe('');
  });

  it('is of the world without tiles where there is no footprint', async () => {
    expect(await mosaicOf([])).toMatchObject({ bounds: [-180, -90, 180, 90], center: [0, 0, 3], tiles: {} });
  });

  it('has bounds from -180 to 180 where a footprint crosses the antimeridian', async () => {
    expect(await mosaicOf([at('a', [170, 1, -170, 2])])).toMatchObject({ bounds: [-180, 1, 180, 2] });
  });

  it('is the same, byte for byte, for the same footprints', async () => {
    const text = async () => [...(await buildMosaic(grid(20, 20, 3), { name: 'n', minzoom: 0, maxzoom: 9 })).document].join('');
    expect(await text()).toBe(await text());
  });

  it('comes in pieces', async () => {
    const { document } = await buildMosaic(grid(60, 60, 2), { name: 'n', minzoom: 0, maxzoom: 9, quadkeyZoom: 8 });
    const pieces = [...document];
    expect(pieces.length).toBeGreaterThan(5);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(70_000);
  });

  it('escapes hrefs and names', async () => {
    const mosaic = await mosaicOf([{ href: 'a"b\\\n.tif', geometry: [1, 1, 2, 2] }], { name: '"', quadkeyZoom: 3 });
    expect(mosaic['name']).toBe('"');
    expect(mosaic.tiles['122']).toEqual(['a"b\\\n.tif']);
  });

  it('takes rows as they stream and stops when the client goes away', async () => {
    const controller = new AbortController();
    async function* rows() {
      yield at('a', [1, 1, 2, 2]);
      controller.abort(new Error('gone'));
      yield at('b', [1, 1, 2, 2]);
    }
    await expect(buildMosaic(rows(), { name: 'n', minzoom: 0, maxzoom: 9, signal: controller.signal })).rejects.toThrow('gone');
  });
});

describe('the number of quadkeys', () => {
  it('is limited, and the answer says which quadkey_zoom fits', async () => {
    const footprints = new Footprints();
    await footprints.addAll([at('world', [-180, -85, 180, 85])]);
    const fault = await faultOf(burnQuadkeys(footprints, { zoom: 12 }));
    expect(fault.kind).toBe('InvalidInput');
    expect(fault.message).toContain('quadkey_zoom 9 or lower fits');
    expect(fault.faults[0]?.path).toBe('quadkey_zoom');
    expect(await countQuadkeys(footprints, 9)).toBe(262_144);
    expect(await countQuadkeys(footprints, 10)).toBeUndefined();
  });

  it('counts a quadkey once, however many footprints it has', async () => {
    const footprints = new Footprints();
    await footprints.addAll([at('a', [1, 1, 2, 2]), at('b', [1, 1, 2, 2]), at('c', [-1, 1, 2, 2])]);
    expect(await countQuadkeys(footprints, 3)).toBe(2);
  });
});

describe('a footprint', () => {
  it.each<[string, Geometry, string]>([
    ['Polygon', { type: 'Polygon', coordinates: [[[0, 0], [10, 2], [3, 9], [0, 0]]] }, '0103000020E6100000010000000400000000000000000000000000000000000000000000000000244000000000000000400000000000000840000000000000224000000000000000000000000000000000'],
    ['Point', { type: 'Point', coordinates: [1, 2] }, '0101000020E6100000000000000000F03F0000000000000040'],
  ])('may be a %s as PostGIS writes it', async (_, geometry, hex) => {
    expect((await mosaicOf([at('a', hex)], { quadkeyZoom: 7 })).tiles).toEqual((await mosaicOf([at('a', geometry)], { quadkeyZoom: 7 })).tiles);
  });

  it('that is no geometry is refused', async () => {
    for (const hex of ['', 'nonsense', '0101000020E6100000000000000000F03F', '01FF000020E6100000000000000000F03F0000000000000040']) {
      expect((await faultOf(mosaicOf([at('a', hex)]))).kind).toBe('InvalidInput');
    }
  });

  it('in two halves at the antimeridian is as narrow as on the globe', () => {
    const half = (west: number, east: number) => [[[west, 0], [east, 0], [east, 2], [west, 2], [west, 0]]];
    const footprints = new Footprints();
    footprints.add(at('a', { type: 'MultiPolygon', coordinates: [half(179, 180), half(-180, -179)] }));
    expect(footprints.summary().meanLogExtent).toBeCloseTo(Math.log2(2 / 360), 1);
    expect(footprints.bounds()).toEqual([-180, 0, 180, 2]);
  });

  it('whose bbox crosses the antimeridian is read east of 180 though its ring is not split', async () => {
    const geometry: Geometry = { type: 'Polygon', coordinates: [[[170, 1], [-170, 1], [-170, 2], [170, 2], [170, 1]]] };
    const { tiles } = await mosaicOf([{ href: 'a', geometry, crossesAntimeridian: true }], { quadkeyZoom: 3 });
    expect(Object.keys(tiles).toSorted()).toEqual(['022', '133']);
  });
});

describe('the chosen quadkey zoom', () => {
  const chosen = (rows: Footprint[], maxzoom?: number): number => {
    const footprints = new Footprints();
    for (const row of rows) footprints.add(row);
    return chooseQuadkeyZoom(footprints.summary(), maxzoom);
  };

  it('gives a footprint about two to four quadkeys', async () => {
    for (const side of [0.2, 0.5, 1, 3, 7]) {
      const rows = grid(10, 10, side);
      const footprints = new Footprints();
      await footprints.addAll(rows);
      const zoom = chooseQuadkeyZoom(footprints.summary());
      const { entries } = await burnQuadkeys(footprints, { zoom });
      expect(entries / rows.length).toBeGreaterThan(1);
      expect(entries / rows.length).toBeLessThan(5);
    }
  });

  it('is 1 to 12 and at most maxzoom', () => {
    expect(chosen([])).toBe(1);
    expect(chosen([at('world', [-180, -90, 180, 90])])).toBe(1);
    expect(chosen([at('tiny', [1, 1, 1.0001, 1.0001])])).toBe(12);
    expect(chosen([at('tiny', [1, 1, 1.0001, 1.0001])], 7)).toBe(7);
  });

  it('is not led to a flood of quadkeys by one footprint of the whole world among small ones', () => {
    const zoom = chosen([...grid(100, 10, 0.1), at('world', [-180, -85, 180, 85])]);
    expect(zoom).toBeLessThanOrEqual(9);
    expect(zoom).toBeGreaterThanOrEqual(8);
  });

  it('stays coarse where small footprints fill the world', () => {
    const footprints = Array.from({ length: 50_000 }, (_, index): Footprint => {
      const [west, south] = [((index * 7919) % 35_000) / 100 - 175, ((index * 104_729) % 14_000) / 100 - 70];
      const box: BBox = [west, south, west + 0.02, south + 0.02];
      return at('x', box);
    });
    expect(chosen(footprints)).toBe(12);
    expect(chosen([...footprints, ...footprints, ...footprints, ...footprints])).toBeLessThan(12);
  });
});

describe('zooms from items', () => {
  it('follow the rule of GDAL and rio-tiler for a resolution', () => {
    const zero = (2 * Math.PI * 6_378_137) / 256;
    expect(zoomForResolution(zero)).toBe(0);
    expect(zoomForResolution(430.021)).toBe(9);
    expect(zoomForResolution(zero / 2 ** 14)).toBe(14);
    expect(zoomForResolution((zero / 2 ** 14) * 1.4)).toBe(14);
    expect(zoomForResolution((zero / 2 ** 14) * 1.42)).toBe(13);
    expect(zoomForResolution(1e9)).toBe(0);
    expect(zoomForResolution(1e-9)).toBe(24);
  });

  it('come from the shape and box, else from the transform or gsd', () => {
    const naip = { bbox: [-85.940853, 30.934738, -85.871095, 31.003255], gsd: 0.3, 'proj:shape': [25100, 21963], 'proj:code': 'EPSG:26916' };
    expect(mercatorResolution(naip)).toBeCloseTo(0.35, 1);
    expect(mercatorResolution({ gsd: 10 })).toBe(10);
    expect(mercatorResolution({ gsd: 10, bbox: [0, 59.9, 1, 60.1] })).toBeCloseTo(20, 1);
    expect(mercatorResolution({ 'proj:transform': [10, 0, 0, 0, -10, 0], 'proj:code': 'EPSG:32633' })).toBe(10);
    expect(mercatorResolution({ 'proj:transform': [0.001, 0, 0, 0, -0.001, 0], 'proj:code': 'EPSG:4326' })).toBeCloseTo(111.3, 1);
    expect(mercatorResolution({})).toBeUndefined();
    expect(mercatorResolution({ gsd: 0 })).toBeUndefined();
    expect(mercatorResolution({ gsd: Infinity })).toBeUndefined();
  });

  it('are the deepest of the items, and the one where the whole is about one tile', () => {
    expect(zoomsFromItems([{ gsd: 30 }, { gsd: 10 }], [0, 0, 10, 10])).toEqual({ minzoom: 5, maxzoom: 14 });
    const boxes = [{ gsd: 30, bbox: [0, 0, 4, 10] }, { bbox: [4, 0, 10, 10] }];
    expect(zoomsFromItems(boxes)).toEqual({ minzoom: 5, maxzoom: 12 });
    expect(zoomsFromItems([{ gsd: 30 }])).toEqual({ minzoom: 0, maxzoom: 12 });
    expect(zoomsFromItems([{}], [0, 0, 10, 10])).toBeUndefined();
    expect(zoomsFromItems([], [0, 0, 10, 10])).toBeUndefined();
  });

  it('are not coarser than the overviews where all items tell their number', () => {
    expect(zoomsFromItems([{ gsd: 10, overviews: 4 }], [0, 0, 10, 10])).toEqual({ minzoom: 10, maxzoom: 14 });
    expect(zoomsFromItems([{ gsd: 10, overviews: 4 }, { gsd: 10 }], [0, 0, 10, 10])).toEqual({ minzoom: 5, maxzoom: 14 });
  });

  it('take the whole for one tile as far as it fits', () => {
    expect(zoomOfWhole([-180, -90, 180, 90])).toBe(0);
    expect(zoomOfWhole([0, 0, 45, 40])).toBe(3);
    expect(zoomOfWhole([170, 0, -170, 10])).toBe(4);
    expect(zoomOfWhole([1, 1, 1, 1])).toBe(24);
  });
});
