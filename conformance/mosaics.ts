/** Our own classes: MosaicJSON computed on the fly, and the search hook. */
import { arrayOf, type ConformanceClass, linksOf, members, must } from './class.js';

export const mosaics: ConformanceClass = {
  title: 'Mosaics and the search hook',
  uris: ['urn:stac-mosaic:conf:1.0:mosaic', 'urn:stac-mosaic:conf:1.0:search-hook'],
  checks: [
    {
      name: 'MosaicJSON of a dataset has name, version, bounds, center, zooms and tiles',
      async run({ get, fixtures }) {
        const { status, body } = await get(`/api/datasets/${fixtures.dataset}/mosaic.json`);
        const mosaic = members(body);
        must(status === 200 && mosaic['mosaicjson'] === '0.0.3', `${status}`);
        for (const name of ['name', 'description', 'version', 'bounds', 'center', 'minzoom', 'maxzoom', 'quadkey_zoom', 'tiles']) must(mosaic[name] !== undefined, `no ${name}`);
        must(Object.keys(members(mosaic['tiles'])).length > 0, 'it is empty');
      },
    },
    {
      name: 'every collection carries its search id and links, each once',
      async run({ get, fixtures }) {
        const { body } = await get(`/collections/${fixtures.collection}`);
        const ids = members(members(body)['summaries'])['mosaic:search_id'];
        must(Array.isArray(ids) && ids.length === 1, 'no mosaic:search_id');
        for (const rel of ['preview', 'tilejson', 'tiles', 'mosaicjson']) must(linksOf(body, rel).length === 1, `no one link ${rel}`);
        must((await get(`/searches/${String(ids[0])}/info`)).status === 200, 'the search is not there');
      },
    },
    {
      name: 'TileJSON of a registered search has the bounds of its items',
      async run({ get, send, fixtures }) {
        const { status, body } = await send('POST', '/searches/register', { collections: [fixtures.collection] });
        must(status === 200, `${status}`);
        const tilejson = await get(`/searches/${String(members(body)['id'])}/WebMercatorQuad/tilejson.json`);
        const bounds = members(tilejson.body)['bounds'];
        must(tilejson.status === 200 && Array.isArray(bounds) && bounds.length === 4, `${tilejson.status}`);
        const { body: page } = await get(`/collections/${fixtures.collection}/items?limit=100`);
        const west = Math.min(...arrayOf(members(page)['features']).map((item) => Number((item['bbox'] as number[])[0])));
        must(Math.abs(Number(bounds[0]) - west) < 1e-9, `west is ${String(bounds[0])}, not ${west}`);
      },
    },
  ],
};
