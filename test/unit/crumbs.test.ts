/** Breadcrumbs of pages, whatever words ids are. */
import { crumbsOf } from '../../routes/pages/crumbs.js';

const trail = (path: string): string[] => crumbsOf(path).map(({ name, path: at }) => (at === undefined ? name : `${name} ${at}`));

it.each([
  ['/collections/searches/items/x', ['Home /', 'Collections /collections', 'searches /collections/searches', 'Items /collections/searches/items', 'x /collections/searches/items/x']],
  ['/collections/items/items/health', ['Home /', 'Collections /collections', 'items /collections/items', 'Items /collections/items/items', 'health /collections/items/items/health']],
  ['/collections/api', ['Home /', 'Collections /collections', 'api /collections/api']],
  ['/searches/list', ['Home /', 'Registered searches /searches/list']],
  ['/searches/abc/info', ['Home /', 'Registered searches /searches/list', 'abc /searches/abc/info', 'About /searches/abc/info']],
  ['/api/datasets/searches/tiles', ['Home /', 'Datasets /api/datasets', 'searches /api/datasets/searches', 'Tiles /api/datasets/searches/tiles']],
  ['/health', ['Home /', 'Health']],
])('%s has a crumb for each part, an id by its own name', (path, expected) => {
  expect(trail(path)).toEqual(expected);
});
