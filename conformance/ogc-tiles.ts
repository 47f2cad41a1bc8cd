/** OGC API - Tiles part 1, core (20-057), over map tiles of collections and searches, with tile matrix sets of TMS 2.0 (17-083r4). */
import { type Answer, arrayOf, type ConformanceClass, linksOf, members, must, type Probe } from './class.js';

const tiles = (name: string): string => `http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/${name}`;
const tms = (name: string): string => `http://www.opengis.net/spec/tms/2.0/conf/${name}`;

const TILESETS_MAP = 'http://www.opengis.net/def/rel/ogc/1.0/tilesets-map';
const TILING_SCHEME = 'http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme';

/** Follows an href of this server. */
const follow = ({ get, base }: Probe, href: unknown): Promise<Answer> => get(String(href).slice(base.length));

async function tilesetsOf(probe: Probe): Promise<ReturnType<typeof arrayOf>> {
  const { body } = await probe.get(`/collections/${probe.fixtures.collection}`);
  const [link] = linksOf(body, TILESETS_MAP);
  must(link !== undefined, 'the collection links no tilesets');
  const { status, body: list } = await follow(probe, link['href']);
  must(status === 200, `${String(link['href'])} answers ${status}`);
  return arrayOf(members(list)['tilesets']);
}

async function tilesetOf(probe: Probe): Promise<unknown> {
  const [first] = await tilesetsOf(probe);
  return (await follow(probe, linksOf(first, 'self')[0]?.['href'])).body;
}

const filled = (template: unknown, matrix: number, row: number, column: number): string =>
  String(template).replace('{tileMatrix}', String(matrix)).replace('{tileRow}', String(row)).replace('{tileCol}', String(column));

export const ogcTiles: ConformanceClass = {
  title: 'OGC API - Tiles',
  uris: [...['core', 'tileset', 'tilesets-list', 'dataset-tilesets', 'geodata-tilesets', 'collections-selection', 'png', 'oas30'].map(tiles), ...['tilematrixset', 'json-tilematrixset', 'tilesetmetadata', 'json-tilesetmetadata'].map(tms)],
  checks: [
    {
      name: 'a tile is at the template of its tileset, and 204 where there is no data (/req/core/tc-op, tc-success)',
      async run(probe) {
        const [item] = linksOf(await tilesetOf(probe), 'item');
        must(item?.['templated'] === true && ['tileMatrix', 'tileRow', 'tileCol'].every((name) => String(item['href']).includes(`{${name}}`)), 'no templated link with tileMatrix, tileRow and tileCol');
        const { status } = await follow(probe, filled(item['href'], 4, 15, 15));
        must(status === 204, `an empty tile answers ${status}`);
      },
    },
    {
      name: 'a tile outside its tile matrix is 404, one of no number 400 (/req/core/tc-error)',
      async run(probe) {
        const [item] = linksOf(await tilesetOf(probe), 'item');
        for (const [matrix, row, column] of [[1, 2, 0], [1, 0, 2], [40, 0, 0]] as const) must((await follow(probe, filled(item?.['href'], matrix, row, column))).status === 404, `${matrix}/${row}/${column} is not 404`);
        must((await follow(probe, String(item?.['href']).replace('{tileMatrix}', 'a').replace('{tileRow}', '0').replace('{tileCol}', '0'))).status === 400, 'a matrix of no number is taken');
      },
    },
    {
      name: 'a collection lists its tilesets, each with its CRS, type and links (/req/tilesets-list/tl-links, /req/geodata-tilesets/desc-links)',
      async run(probe) {
        const tilesets = await tilesetsOf(probe);
        must(tilesets.length > 0, 'it has none');
        for (const tileset of tilesets) must(typeof tileset['crs'] === 'string' && tileset['dataType'] === 'map' && linksOf(tileset, 'self').length === 1 && linksOf(tileset, TILING_SCHEME).length === 1, JSON.stringify(tileset));
      },
    },
    {
      name: 'the landing page links the tilesets of all collections (/req/dataset-tilesets/landingpage), and `collections` says which of them are drawn (/req/collections-selection/collections-parameter)',
      async run(probe) {
        const [link] = linksOf((await probe.get('/')).body, TILESETS_MAP);
        const all = await follow(probe, link?.['href']);
        must(all.status === 200 && arrayOf(members(all.body)['tilesets']).length > 0, 'the landing page links no tilesets');
        const chosen = await probe.get(`/map/tiles/WebMercatorQuad?collections=${probe.fixtures.collection}`);
        const [item] = linksOf(chosen.body, 'item');
        must(chosen.status === 200 && String(item?.['href']).includes('collections='), 'a tileset of one collection has tiles of all');
        must((await follow(probe, filled(item?.['href'], 4, 15, 15))).status === 204, 'an empty tile is not 204');
        must((await follow(probe, filled(item?.['href'], 1, 2, 0))).status === 404, 'a tile outside is not 404');
        must((await probe.get('/map/tiles?collections=no-such-collection')).status === 400, 'a collection that does not exist is taken');
      },
    },
    {
      name: 'a tileset says in which tile matrix set and where its tiles are (/req/tileset/tms-links; TMS 2.0, /req/tilesetmetadata)',
      async run(probe) {
        const tileset = members(await tilesetOf(probe));
        must(typeof tileset['tileMatrixSetURI'] === 'string' && typeof members(tileset['boundingBox'])['lowerLeft'] === 'object', 'no tileMatrixSetURI or boundingBox');
        const limits = arrayOf(tileset['tileMatrixSetLimits']);
        must(limits.length > 0 && limits.every((limit) => Number(limit['minTileRow']) <= Number(limit['maxTileRow']) && Number(limit['minTileCol']) <= Number(limit['maxTileCol'])), 'its limits are upside down');
        const { status, body } = await follow(probe, linksOf(tileset, TILING_SCHEME)[0]?.['href']);
        must(status === 200 && members(body)['uri'] === tileset['tileMatrixSetURI'] && members(body)['crs'] === tileset['crs'], 'the tile matrix set is another');
      },
    },
    {
      name: 'a tile matrix set has matrices of ever finer cells from one corner, its scales those of its cells (TMS 2.0, /req/tilematrixset)',
      async run({ get }) {
        for (const { id } of arrayOf(members((await get('/tileMatrixSets')).body)['tileMatrixSets'])) {
          const matrices = arrayOf(members((await get(`/tileMatrixSets/${String(id)}`)).body)['tileMatrices']);
          const scale = ({ cellSize, scaleDenominator }: Partial<(typeof matrices)[number]>): number => Number(scaleDenominator) / Number(cellSize);
          const follows = (matrix: (typeof matrices)[number], i: number): boolean => {
            const before = matrices[i - 1];
            return before === undefined || (Number(matrix['cellSize']) < Number(before['cellSize']) && JSON.stringify(matrix['pointOfOrigin']) === JSON.stringify(before['pointOfOrigin']) && Math.abs(scale(matrix) / scale(before) - 1) < 1e-9);
          };
          must(matrices.length > 1 && matrices.every(follows), `${String(id)} is no pyramid`);
        }
      },
    },
  ],
};
