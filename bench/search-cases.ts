/** What is measured: each search as a request to ours, to the peer, and as the SQL of its page. */
import type { LoadRequest } from './load.js';

export interface SearchCase {
  readonly name: string;
  readonly requests: (base: string) => LoadRequest[];
}

/** Boxes around items of the first rounds, the same at each run. */
export function boxes(count: number, half: number, rounds = 50): number[][] {
  let state = 42;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return Array.from({ length: count }, () => {
    const round = Math.floor(next() * rounds);
    const [x, y] = [-88 + next() * 2.7 + ((round * 37) % 250) - 85, 30.2 + next() * 0.8 + ((round * 23) % 100) - 70];
    return [x - half, y - half, x + half, y + half].map((value) => Math.round(value * 1000) / 1000);
  });
}

const search = (base: string, body: object): LoadRequest => ({ method: 'POST', url: `${base}/search`, body: JSON.stringify(body) });

const FILTER = { op: 'and', args: [{ op: '<=', args: [{ property: 'gsd' }, 0.6] }, { op: '<>', args: [{ property: 'naip:state' }, 'xx'] }] };

export const searchCases = (collection: string): SearchCase[] => [
  { name: 'bbox, limit 10', requests: (base) => boxes(200, 1.5).map((bbox) => search(base, { bbox, limit: 10 })) },
  { name: 'bbox and CQL2, limit 100', requests: (base) => boxes(200, 1.5).map((bbox) => search(base, { bbox, filter: FILTER, 'filter-lang': 'cql2-json', limit: 100 })) },
  { name: 'sorted by a property, limit 10', requests: (base) => boxes(50, 1.5).map((bbox) => search(base, { bbox, sortby: [{ field: 'properties.naip:year', direction: 'desc' }], limit: 10 })) },
  {
    name: 'one item',
    requests: (base) => Array.from({ length: 200 }, (_, i) => ({ method: 'GET', url: `${base}/collections/${collection}/items/${ITEM}_${i % 10}` })),
  },
];

const ITEM = 'al_m_3008501_ne_16_030_20211103';
