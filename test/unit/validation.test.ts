/** STAC documents are checked offline: the official schemas, extensions at hand, and the rules that schemas lack. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Fault } from '../../src/errors.js';
import { createStacValidator, type StacKind } from '../../src/validation/validator.js';

const cache = join(homedir(), '.cache', 'stac-mosaic');
const cached = existsSync(cache) ? readdirSync(cache).filter((name) => /^stac-schemas-[\d.]+-[\d.]+$/.test(name)).map((name) => join(cache, name)) : [];
const shared = resolve('../shared/data/schemas');
const folders = [...cached, ...(existsSync(shared) ? [shared] : [])];
const withSchemas = folders.length > 0 ? describe : describe.skip;

const item = (changes: object = {}): Record<string, unknown> => ({
  type: 'Feature',
  stac_version: '1.1.0',
  id: 'one',
  geometry: { type: 'Polygon', coordinates: [[[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]] },
  bbox: [0, 0, 1, 1],
  properties: { datetime: '2024-10-15T12:00:00Z' },
  links: [],
  assets: { data: { href: 'https://example.com/a.tif' } },
  ...changes,
});

const collection = (changes: object = {}): Record<string, unknown> => ({
  type: 'Collection',
  stac_version: '1.1.0',
  id: 'c',
  description: 'd',
  license: 'other',
  extent: { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [['2020-01-01T00:00:00Z', null]] } },
  links: [],
  ...changes,
});

withSchemas('a STAC document (its schemas come from the cache or ../shared/data/schemas)', () => {
  const validator = createStacValidator({ schemaDirs: folders });
  const faults = async (document: unknown, kind?: StacKind): Promise<readonly Fault[]> => (await validator.validate(document, kind)).faults;
  const paths = async (document: unknown, kind?: StacKind): Promise<string[]> => (await faults(document, kind)).map(({ path }) => path);

  it('that follows the specification has no faults', async () => {
    expect(await faults(item(), 'item')).toEqual([]);
    expect(await faults(item({ stac_version: '1.0.0' }), 'item')).toEqual([]);
    expect(await faults(collection(), 'collection')).toEqual([]);
    expect(await faults(collection({ stac_version: '1.0.0' }), 'collection')).toEqual([]);
  });

  it.each<[string, object, Fault[]]>([
    ['without stac_version', { stac_version: undefined }, [{ path: '/stac_version', message: 'is required' }]],
    ['of another type', { type: 'FeatureCollection' }, [{ path: '/type', message: 'must be "Feature"' }]],
    ['without properties', { properties: undefined }, [{ path: '/properties', message: 'is required' }]],
    ['without assets', { assets: undefined }, [{ path: '/assets', message: 'is required' }]],
    ['without links', { links: undefined }, [{ path: '/links', message: 'is required' }]],
    ['with an asset without href', { assets: { data: { title: 't' } } }, [{ path: '/assets/data/href', message: 'is required' }]],
    ['with a link without rel', { links: [{ href: 'a' }] }, [{ path: '/links/0/rel', message: 'is required' }]],
    ['without geometry', { geometry: undefined }, [{ path: '/geometry', message: 'is required: an item without a geometry cannot be kept in pgSTAC' }]],
    ['with a null geometry', { geometry: null, bbox: undefined }, [{ path: '/geometry', message: 'is required: an item without a geometry cannot be kept in pgSTAC' }]],
    ['without bbox', { bbox: undefined }, [{ path: '/bbox', message: 'is required where there is a geometry' }]],
    ['with a bad datetime', { properties: { datetime: 'yesterday' } }, [{ path: '/properties/datetime', message: 'must be an RFC 3339 date-time such as 2024-10-15T12:00:00Z' }]],
    ['with a datetime that is not in UTC', { properties: { datetime: '2024-10-15T12:00:00+02:00' } }, [{ path: '/properties/datetime', message: 'must be in UTC: end in Z or +00:00' }]],
    ['without datetime', { properties: {} }, [{ path: '/properties/datetime', message: 'is required; null where start_datetime and end_datetime are given' }]],
    ['with a null datetime and no range', { properties: { datetime: null } }, [{ path: '/properties/datetime', message: 'may be null only where start_datetime and end_datetime are given' }]],
    ['with a range that runs backward', { properties: { datetime: null, start_datetime: '2024-01-02T00:00:00Z', end_datetime: '2024-01-01T00:00:00Z' } }, [{ path: '/properties/end_datetime', message: 'is before start_datetime, 2024-01-02T00:00:00Z' }]],
    ['with an empty id', { id: '' }, [{ path: '/id', message: 'must not be empty' }]],
    ['with a slash in its id', { id: 'a/b' }, [{ path: '/id', message: 'must not have "/" or control characters' }]],
    ['with a control character in its id', { id: 'a\u0000b' }, [{ path: '/id', message: 'must not have "/" or control characters' }]],
    ['with a number as id', { id: 5 }, [{ path: '/id', message: 'must be a string' }]],
    ['with an infinite number', { properties: { datetime: '2024-10-15T12:00:00Z', 'a/b~': JSON.parse('1e999') as unknown } }, [{ path: '/properties/a~1b~0', message: 'must be a finite number' }]],
    ['with a number among its extensions', { stac_extensions: [3] }, [{ path: '/stac_extensions/0', message: 'must be a string' }]],
  ])('%s says so, once and in words', async (_, changes, expected) => {
    const document: unknown = item(changes);
    expect(await faults(document, 'item')).toEqual(expected);
    expect(await faults({ ...item(changes), ...('stac_version' in changes ? {} : { stac_version: '1.0.0' }) }, 'item')).toEqual(expected);
  });

  it.each<[string, unknown]>([
    ['three numbers', [0, 0, 1]],
    ['south above north', [0, 1, 1, 0]],
    ['a longitude beyond 180', [0, 0, 190, 1]],
    ['a latitude beyond 90', [0, 0, 1, 91]],
    ['text', ['0', '0', '1', '1']],
    ['null', null],
    ['low above high', [0, 0, 9, 1, 1, 3]],
  ])('with a bbox of %s is refused at /bbox alone', async (_, bbox) => {
    expect(await paths(item({ bbox }))).toEqual(['/bbox']);
  });

  it.each<[string, unknown]>([
    ['4 numbers', [0, 0, 1, 1]],
    ['6 numbers', [0, 0, 5, 1, 1, 9]],
    ['west above east, across the antimeridian', [170, 0, -170, 1]],
    ['the point of a point', [1, 1, 1, 1]],
  ])('with a bbox of %s is taken', async (_, bbox) => {
    expect(await faults(item({ bbox }))).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['an unknown type', { type: 'Circle', coordinates: [0, 0] }],
    ['an open ring', { type: 'Polygon', coordinates: [[[0, 0], [0, 1], [1, 1], [1, 0]]] }],
    ['too few positions', { type: 'Polygon', coordinates: [[[0, 0], [0, 1], [0, 0]]] }],
    ['text for numbers', { type: 'Point', coordinates: ['1', '2'] }],
    ['the wrong depth', { type: 'Polygon', coordinates: [[0, 0], [0, 1], [1, 1], [0, 0]] }],
    ['no coordinates', { type: 'Polygon' }],
    ['a string', 'POINT(1 1)'],
  ])('with a geometry of %s is refused at the geometry alone', async (_, geometry) => {
    const found = await paths(item({ geometry }));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^\/geometry/);
  });

  it('may have rings in either direction', async () => {
    const ring = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]];
    for (const coordinates of [[ring], [ring.toReversed()]]) expect(await faults(item({ geometry: { type: 'Polygon', coordinates } }))).toEqual([]);
  });

  it('has all its faults reported', async () => {
    const bad = item({ id: '', bbox: [0], assets: { a: {}, b: { href: 5 } }, links: [{ rel: 'x' }], properties: { datetime: 'no', gsd: -1 } });
    expect((await paths(bad)).toSorted()).toEqual(['/assets/a/href', '/assets/b/href', '/bbox', '/id', '/links/0/href', '/properties/datetime', '/properties/gsd']);
  });

  it('of a version that nobody knows is refused', async () => {
    for (const stac_version of ['9.9.9', 'x', '', '1.1.0/../v1.0.0', '0.9.0']) expect(await paths(item({ stac_version }))).toEqual(['/stac_version']);
  });

  it('that is no object is refused', async () => {
    for (const value of [null, 5, 'x', [], undefined]) expect(await faults(value)).toEqual([{ path: '', message: 'must be a JSON object' }]);
  });

  it('that is nested beyond reason is refused', async () => {
    let deep: unknown = 1;
    for (let level = 0; level < 5000; level += 1) deep = [deep];
    expect((await faults(item({ properties: { datetime: '2024-10-15T12:00:00Z', deep } })))[0]?.message).toContain('nested deeper');
  });

  it('of a collection has its extent checked', async () => {
    const extent = { spatial: { bbox: [[0, 9, 1, 1]] }, temporal: { interval: [['2021-01-01T00:00:00Z', '2020-01-01T00:00:00Z']] } };
    expect(await paths(collection({ extent }))).toEqual(['/extent/spatial/bbox/0', '/extent/temporal/interval/0']);
    expect(await paths(collection({ license: undefined, description: undefined }))).toEqual(expect.arrayContaining(['/license', '/description']));
    expect(await paths(collection({ extent: undefined }))).toEqual(['/extent']);
  });

  it('whose extension is not at hand is valid, and the extension is named as unchecked', async () => {
    const uri = 'https://example.com/nothing/v1.0.0/schema.json';
    expect(await validator.validate(item({ stac_extensions: [uri] }))).toEqual({ faults: [], unchecked: [uri] });
    expect(await paths(item({ stac_extensions: ['nothing'] }))).toEqual(['/stac_extensions/0']);
  });

  it('gets the same answer among many, in order', async () => {
    const documents = Array.from({ length: 250 }, (_, at) => (at % 50 === 7 ? item({ id: '' }) : item({ id: `i${at}` })));
    const verdicts = await validator.validateMany([...documents, null], 'item');
    expect(verdicts).toHaveLength(251);
    verdicts.forEach(({ faults }, at) => {
      expect(faults.length).toBe(at % 50 === 7 || at === 250 ? 1 : 0);
    });
  });

  it('gets its answer when many are asked at once of a fresh validator', async () => {
    const fresh = createStacValidator({ schemaDirs: folders });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => fresh.validate(at % 2 === 0 ? item() : collection())));
    expect(answers.flatMap(({ faults }) => faults)).toEqual([]);
  });

  describe('with an extension whose schema is at hand', () => {
    let folder = '';
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'schemas-'));
      const write = async (name: string, schema: object) => {
        await mkdir(join(folder, 'example.com', name), { recursive: true });
        await writeFile(join(folder, 'example.com', name, 'schema.json'), JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', ...schema }));
      };
      await write('tide', { properties: { properties: { required: ['tide:height'], properties: { 'tide:height': { type: 'number' } } } } });
      await write('leaning', { $ref: 'https://example.com/absent/schema.json' });
      await write('modern', { $schema: 'https://json-schema.org/draft/2020-12/schema' });
    });
    afterAll(() => rm(folder, { recursive: true }));

    it('is checked against it', async () => {
      const own = createStacValidator({ schemaDirs: [...folders, folder] });
      const stac_extensions = ['https://example.com/tide/schema.json'];
      expect((await own.validate(item({ stac_extensions }))).faults).toEqual([{ path: '/properties/tide:height', message: 'is required' }]);
      const properties = { datetime: '2024-10-15T12:00:00Z', 'tide:height': 2 };
      expect(await own.validate(item({ stac_extensions, properties }))).toEqual({ faults: [], unchecked: [] });
    });

    it('names it as unchecked where the schema leans on one that is absent or is of a newer draft', async () => {
      const own = createStacValidator({ schemaDirs: [...folders, folder] });
      const stac_extensions = ['https://example.com/leaning/schema.json', 'https://example.com/modern/schema.json'];
      expect(await own.validate(item({ stac_extensions }))).toEqual({ faults: [], unchecked: stac_extensions });
    });
  });

  const naip = resolve('../shared/data/naip/items.ndjson');
  const withNaip = existsSync(naip) ? it : it.skip;
  withNaip('of Planetary Computer is valid, item by item', async () => {
    const items = readFileSync(naip, 'utf8').trim().split('\n').map((line): unknown => JSON.parse(line));
    const verdicts = await validator.validateMany(items, 'item');
    expect(verdicts).toHaveLength(items.length);
    expect(verdicts.filter(({ faults }) => faults.length > 0)).toEqual([]);
  });
});

describe('without any schema at hand', () => {
  it('a document cannot be validated, and the answer says why', async () => {
    await expect(createStacValidator({ schemaDirs: ['nowhere'] }).validate(item())).rejects.toMatchObject({ kind: 'Unavailable' });
  });
});
