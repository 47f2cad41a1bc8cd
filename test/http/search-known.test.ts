/** Items that were sent before are not read again: what others change is seen at once all the same. */
import type { Loose } from '../support/client.js';
import { listOf, text } from '../support/client.js';
import { itemBody, makeCollection } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

const COUNT = 12;

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
}, 300_000);
afterAll(() => server?.close());

const search = async (path = '/search?collections=known&limit=10', headers: Readonly<Record<string, string>> = {}): Promise<Loose[]> => {
  const answer = await server.request('GET', path, { headers });
  expect(answer.status).toBe(200);
  return listOf(answer.body['features']);
};

/** Searches until most of what comes is known. */
async function warm(): Promise<void> {
  for (let i = 0; i < 40; i += 1) await search();
  expect(server.services.itemBytes(server.url).isWarm).toBe(true);
}

const titles = (items: readonly Loose[]): Record<string, unknown> => Object.fromEntries(items.map((item) => [text(item['id']), item['properties']?.['title']]));

beforeEach(async () => {
  await server.reset();
  await makeCollection(server, 'known', []);
  const features = Array.from({ length: COUNT }, (_, i) => ({ ...itemBody(`i${i}`), properties: { datetime: `2024-01-${String(COUNT - i).padStart(2, '0')}T00:00:00Z`, title: `first ${i}` } }));
  expect((await server.request('POST', '/collections/known/items', { body: { type: 'FeatureCollection', features } })).status).toBe(201);
  await warm();
});

it('gives the same answer whether items are known or not', async () => {
  const cold = await search(undefined, { host: 'cold.example.com' });
  const known = await search();
  const localised = JSON.parse(JSON.stringify(cold).replaceAll('http://cold.example.com', server.url)) as Loose[];
  expect(known).toEqual(localised);
  expect(known).toHaveLength(10);
});

it('shows a change made through the API, by another program, and back again', async () => {
  expect((await server.request('PATCH', '/collections/known/items/i3', { body: { properties: { title: 'patched' } } })).status).toBe(204);
  expect(titles(await search())).toMatchObject({ i2: 'first 2', i3: 'patched' });
  const { pool } = server.services.database;
  const write = (title: string) => pool.query(`UPDATE pgstac.items SET content = jsonb_set(content, '{properties,title}', to_jsonb($1::text)) WHERE collection = 'known' AND id = 'i4'`, [title]);
  await write('by hand');
  expect(titles(await search())).toMatchObject({ i3: 'patched', i4: 'by hand' });
  await write('first 4');
  expect(titles(await search())).toMatchObject({ i3: 'patched', i4: 'first 4' });
});

it('loses a deleted item and takes up the next one, in their order', async () => {
  expect((await server.request('DELETE', '/collections/known/items/i0')).status).toBe(204);
  expect((await search()).map((item) => text(item['id']))).toEqual(Array.from({ length: 10 }, (_, i) => `i${i + 1}`));
});

it('shows what a collection says of the assets of its items as it is now', async () => {
  const { pool } = server.services.database;
  await pool.query(`UPDATE pgstac.collections SET content = jsonb_set(content, '{item_assets}', '{"data": {"title": "Seen from above"}}') WHERE id = 'known'`);
  const [before] = await search();
  const fresh = await search(undefined, { host: 'cold.example.com' });
  expect(before?.['assets']).toEqual(fresh[0]?.['assets']);
});

it('makes links for the host that was asked, known or not', async () => {
  for (const host of ['one.example.com', 'two.example.com', 'one.example.com']) {
    for (const item of await search(undefined, { host })) {
      const own = listOf(item['links']).filter((link) => ['self', 'collection', 'root'].includes(text(link['rel'])));
      expect(own.map((link) => new URL(text(link['href'])).host)).toEqual([host, host, host]);
    }
  }
});

it('pages there and back through known items', async () => {
  const first = await server.request('GET', '/search?collections=known&limit=5');
  const next = listOf(first.body['links']).find((link) => text(link['rel']) === 'next');
  const second = await server.request('GET', text(next?.['href']));
  const prev = listOf(second.body['links']).find((link) => text(link['rel']) === 'prev');
  expect(listOf(second.body['features']).map((item) => text(item['id']))).toEqual(['i5', 'i6', 'i7', 'i8', 'i9']);
  expect(listOf((await server.request('GET', text(prev?.['href']))).body['features'])).toEqual(listOf(first.body['features']));
});

it('never mixes two states of an item while it changes', async () => {
  const changes = (async () => {
    for (let n = 0; n < 20; n += 1) await server.request('PATCH', '/collections/known/items/i5', { body: { properties: { title: `change ${n}`, twin: `change ${n}` } } });
  })();
  const seen: string[] = [];
  for (let n = 0; n < 60; n += 1) {
    const items = await search();
    expect(items).toHaveLength(10);
    const changed = items.find((item) => text(item['id']) === 'i5')?.['properties'];
    if (changed?.['twin'] !== undefined) expect(changed['twin']).toBe(changed['title']);
    seen.push(text(changed?.['title']));
  }
  await changes;
  expect(titles(await search())['i5']).toBe('change 19');
  expect(seen.length).toBe(60);
});
