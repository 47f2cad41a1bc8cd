/** Our own class: a dataset and its tiles in one transaction. */
import { arrayOf, type ConformanceClass, linksOf, members, must } from './class.js';

export const datasets: ConformanceClass = {
  title: 'Dataset transactions',
  uris: ['urn:stac-mosaic:conf:1.0:datasets'],
  checks: [
    {
      name: 'a dataset is one item with its search, mosaic, viewer and tiles linked',
      async run({ get, fixtures }) {
        const { status, body } = await get(`/api/datasets/${fixtures.dataset}`);
        must(status === 200, `${status}`);
        must(typeof members(members(body)['properties'])['mosaic:search_id'] === 'string', 'no mosaic:search_id');
        for (const rel of ['child', 'preview', 'tilejson', 'tiles', 'mosaicjson']) must(linksOf(body, rel).length === 1, `no one link ${rel}`);
      },
    },
    {
      name: 'its tiles are listed by index',
      async run({ get, fixtures }) {
        const { body } = await get(`/api/datasets/${fixtures.dataset}/tiles`);
        const indices = arrayOf(members(body)['features']).map((item) => members(item['properties'])['tile_index']);
        must(indices.length > 0 && indices.every((index, i) => i === 0 || Number(index) > Number(indices[i - 1])), (indices.join()));
      },
    },
    {
      name: 'a dataset with one bad tile is 400, names the tile and leaves nothing behind',
      async run({ get, send }) {
        const tiles = [{ href: 'https://example.com/a.tif', bbox: [0, 0, 1, 1] }, { href: 'https://example.com/b.tif', bbox: [0, 1, 1, 0] }];
        const { status, body } = await send('POST', '/api/datasets', { dataset: { id: 'conformance-bad' }, tiles });
        must(status === 400, `${status}`);
        must(arrayOf(members(body)['errors']).some((error) => error['path'] === '/tiles/1/bbox'), 'the tile is not named');
        must((await get('/api/datasets/conformance-bad')).status === 404, 'something was written');
      },
    },
    {
      name: 'the standard transactions are guarded',
      async run({ send }) {
        must((await send('POST', '/collections/system_tiles/items', { type: 'Feature' })).status === 409, 'system_tiles is written');
        must((await send('DELETE', '/collections/datasets')).status === 409, 'datasets is deleted');
      },
    },
  ],
};
