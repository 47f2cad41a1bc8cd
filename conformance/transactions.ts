/** STAC API - Transaction 1.0.0 and Collection Transaction 1.0.0-beta.1, whose URIs say v1.0.0. */
import { type Check, type ConformanceClass, members, must, type Probe } from './class.js';

const JSON_PATCH = { 'content-type': 'application/json-patch+json' };
const WANTED = { prefer: 'return=representation' };

const item = (id: string, properties: object = {}): object => ({
  type: 'Feature',
  stac_version: '1.1.0',
  id,
  geometry: { type: 'Point', coordinates: [0.5, 0.5] },
  bbox: [0.5, 0.5, 0.5, 0.5],
  properties: { datetime: '2024-01-02T00:00:00Z', ...properties },
});

const collection = (id: string, more: object = {}): object => ({
  type: 'Collection',
  stac_version: '1.1.0',
  id,
  description: id,
  license: 'other',
  extent: { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [[null, null]] } },
  links: [],
  ...more,
});

const titleOf = (body: unknown): unknown => members(members(body)['properties'])['title'];

async function expectStatus({ send }: Probe, wanted: number, ...request: Parameters<Probe['send']>): Promise<void> {
  const { status } = await send(...request);
  must(status === wanted, `${request[0]} ${request[1]} answers ${status}, not ${wanted}`);
}

/** POST, PUT, PATCH, PATCH, DELETE and a second DELETE of one document, made with `make` and posted to `list`. */
async function walk(probe: Probe, list: string, id: string, make: (title: string) => object, titled: (body: unknown) => unknown): Promise<void> {
  const path = `${list}/${id}`;
  const posted = await probe.send('POST', list, make('one'));
  must(posted.status === 201, `POST answers ${posted.status}`);
  must(posted.headers.get('location') === `${probe.base}${path}`, `Location is ${posted.headers.get('location')}`);
  const etag = posted.headers.get('etag') ?? '';
  must(/^"[^"]+"$/.test(etag), 'the answer has no strong ETag');
  await expectStatus(probe, 409, 'POST', list, make('one'));
  await expectStatus(probe, 412, 'PUT', path, make('two'), { 'if-match': '"another"' });
  await expectStatus(probe, 204, 'PUT', path, make('two'), { 'if-match': etag });
  await expectStatus(probe, 412, 'DELETE', path, undefined, { 'if-match': etag });
  must(titled((await probe.get(path)).body) === 'two', 'PUT has not replaced it');
}

async function end(probe: Probe, path: string): Promise<void> {
  await expectStatus(probe, 204, 'DELETE', path);
  must((await probe.get(path)).status === 404, 'it is there after DELETE');
  await expectStatus(probe, 404, 'DELETE', path);
}

const checks: readonly Check[] = [
  {
    name: 'an item is created, replaced, patched in both languages and deleted with the statuses of the specification, under its ETag',
    async run(probe) {
      const list = `/collections/${probe.fixtures.collection}/items`;
      const path = `${list}/conformance-item`;
      await walk(probe, list, 'conformance-item', (title) => item('conformance-item', { title }), titleOf);
      const merged = await probe.send('PATCH', path, { properties: { title: 'three' } }, WANTED);
      must(merged.status === 200 && titleOf(merged.body) === 'three', `a merge patch answers ${merged.status}`);
      const patched = await probe.send('PATCH', path, JSON.stringify([{ op: 'test', path: '/properties/title', value: 'three' }, { op: 'remove', path: '/properties/title' }]), { ...JSON_PATCH, ...WANTED });
      must(patched.status === 200 && titleOf(patched.body) === undefined, `a JSON patch answers ${patched.status}`);
      await expectStatus(probe, 409, 'PATCH', path, JSON.stringify([{ op: 'test', path: '/id', value: 'x' }]), JSON_PATCH);
      await expectStatus(probe, 400, 'PUT', path, item('another'));
      await end(probe, path);
    },
  },
  {
    name: 'a FeatureCollection is all or nothing, and answers 201 without Location',
    async run(probe) {
      const list = `/collections/${probe.fixtures.collection}/items`;
      const many = (...features: object[]): object => ({ type: 'FeatureCollection', features });
      await expectStatus(probe, 400, 'POST', list, many(item('conformance-1'), { ...item('conformance-2'), geometry: null }));
      must((await probe.get(`${list}/conformance-1`)).status === 404, 'half of it was written');
      const { status, headers } = await probe.send('POST', list, many(item('conformance-1'), item('conformance-2')));
      must(status === 201 && headers.get('location') === null, `${status}, Location ${headers.get('location')}`);
      for (const id of ['conformance-1', 'conformance-2']) await end(probe, `${list}/${id}`);
    },
  },
  {
    name: 'items of an unknown collection are 404, another media type 415',
    async run(probe) {
      await expectStatus(probe, 404, 'POST', '/collections/conformance-none/items', item('x'));
      await expectStatus(probe, 415, 'POST', `/collections/${probe.fixtures.collection}/items`, '<x/>', { 'content-type': 'application/xml' });
    },
  },
];

export const transactions: ConformanceClass = {
  title: 'STAC API - Transaction',
  uris: ['https://api.stacspec.org/v1.0.0/ogcapi-features/extensions/transaction'],
  checks,
};

export const collectionTransactions: ConformanceClass = {
  title: 'STAC API - Collection Transaction',
  uris: ['https://api.stacspec.org/v1.0.0/collections/extensions/transaction'],
  checks: [
    {
      name: 'a collection is created, replaced, patched and deleted with the statuses of the specification, under its ETag',
      async run(probe) {
        const path = '/collections/conformance-made';
        await walk(probe, '/collections', 'conformance-made', (title) => collection('conformance-made', { title }), (body) => members(body)['title']);
        const merged = await probe.send('PATCH', path, { title: 'three' }, WANTED);
        must(merged.status === 200 && members(merged.body)['title'] === 'three', `a merge patch answers ${merged.status}`);
        await expectStatus(probe, 400, 'PUT', path, collection('another'));
        await end(probe, path);
      },
    },
  ],
};
