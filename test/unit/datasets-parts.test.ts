/** What a dataset of any size is added up in: packed texts, outlines of many boxes, spooled rows, lines of a body. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BboxUnion } from '../../src/datasets/extent.js';
import { uploadOfLines } from '../../src/datasets/lines.js';
import { rectanglesOf } from '../../src/datasets/outline.js';
import { clearSpool, RowSpool } from '../../src/datasets/spool.js';
import { filledRows } from '../../src/datasets/tile-rows.js';
import type { Bbox } from '../../src/geojson.js';
import { Shapes } from '../../src/mosaics/shapes.js';
import { TextIndex } from '../../src/mosaics/text-index.js';
import { Texts } from '../../src/mosaics/texts.js';

/** Numbers that look random and are the same in each run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff) yield state / 0x80000000;
}

describe('texts', () => {
  it('come back as they were, whatever they share with their neighbours', () => {
    const texts = new Texts();
    const given = Array.from({ length: 10_000 }, (_, i) => ['', 'az://cogs/', 'https://cogs.example.com/日本/🗺', 'x'.repeat(i % 400)][i % 4] + (i % 3 === 0 ? '' : `${i % 1000}.tif`));
    for (const text of given) texts.push(text);
    expect(texts.length).toBe(given.length);
    expect(Array.from({ length: given.length }, (_, i) => texts.at(i))).toEqual(given);
    for (const i of [9999, 0, 5000, 4999, 64, 63]) expect(texts.at(i)).toBe(given[i]);
  });

  it('that share half a surrogate pair are kept whole', () => {
    const texts = new Texts();
    const given = ['a🗺', 'a🗻', '🗺', '🗻b'];
    for (const text of given) texts.push(text);
    expect(given.map((_, i) => texts.at(i))).toEqual(given);
  });

  it('longer than a chunk fit', () => {
    const texts = new Texts();
    for (const text of ['a', 'b'.repeat(3_000_000), 'c']) texts.push(text);
    expect([texts.at(0), texts.at(1).length, texts.at(2)]).toEqual(['a', 3_000_000, 'c']);
  });

  it('that were seen before are found among many', () => {
    const texts = new Texts();
    const index = new TextIndex(texts);
    for (let i = 0; i < 20_000; i += 1) {
      texts.push(`https://cogs.example.com/${i}.tif`);
      expect(index.add(`https://cogs.example.com/${i}.tif`, i)).toBe(-1);
    }
    for (const i of [0, 1, 777, 19_999]) expect(index.add(`https://cogs.example.com/${i}.tif`, 20_000)).toBe(i);
  });
});

describe('the rectangles of boxes', () => {
  const of = (boxes: readonly Bbox[]): Promise<Bbox[] | undefined> => {
    const shapes = new Shapes();
    for (const box of boxes) shapes.add(box);
    return rectanglesOf(shapes);
  };
  const grid = (columns: number, rows: number, overlap = 0): Bbox[] =>
    Array.from({ length: columns * rows }, (_, i) => [(i % columns) * 0.1 - overlap, Math.floor(i / columns) * 0.1 - overlap, ((i % columns) + 1) * 0.1 + overlap, (Math.floor(i / columns) + 1) * 0.1 + overlap]);

  it('of a raster are one, with rounding errors in the corners and overlaps', async () => {
    expect(await of(grid(100, 80))).toEqual([[0, 0, 10, 8]]);
    expect(await of(grid(100, 80, 0.01).toReversed())).toEqual([[-0.01, -0.01, 10.01, 8.01]]);
  });

  it('leave out a hole and a corner', async () => {
    const area = (found: Bbox[] | undefined): number => (found ?? []).reduce((sum, [w, s, e, n]) => sum + (e - w) * (n - s), 0);
    const holed = await of(grid(50, 50).filter((_, i) => i !== 0 && i !== 25 * 50 + 25));
    expect(holed?.length).toBeLessThan(8);
    expect(area(holed)).toBeCloseTo(25 - 0.02, 8);
  });

  it('have the area of the union of any boxes', async () => {
    const random = numbers(7);
    const boxes = Array.from({ length: 60 }, (): Bbox => {
      const [w, s] = [Math.floor(random.next().value * 40), Math.floor(random.next().value * 40)];
      return [w, s, w + 1 + Math.floor(random.next().value * 9), s + 1 + Math.floor(random.next().value * 9)];
    });
    let cells = 0;
    for (let x = 0; x < 60; x += 1) for (let y = 0; y < 60; y += 1) cells += boxes.some(([w, s, e, n]) => x >= w && x < e && y >= s && y < n) ? 1 : 0;
    const found = (await of(boxes)) ?? [];
    expect(found.reduce((sum, [w, s, e, n]) => sum + (e - w) * (n - s), 0)).toBeCloseTo(cells, 6);
  });

  it('over the antimeridian are two', async () => {
    expect(await of([[170, 0, -170, 10], [-170, 0, -160, 10]])).toEqual([[-180, 0, -160, 10], [170, 0, 180, 10]]);
  });

  it('are none of outlines that are no boxes, nor of boxes scattered without end', async () => {
    const shapes = new Shapes();
    shapes.add({ type: 'Polygon', coordinates: [[[0, 0], [1, 0], [0, 1], [0, 0]]] });
    expect(await rectanglesOf(shapes)).toBeUndefined();
    const random = numbers(3);
    expect(await of(Array.from({ length: 6000 }, (): Bbox => {
      const [w, s] = [random.next().value * 300 - 180, random.next().value * 150 - 80];
      return [w, s, w + 0.001, s + 0.001];
    }))).toBeUndefined();
  });
});

describe('the box of boxes', () => {
  it('is the same however many come between', () => {
    const union = new BboxUnion();
    for (let i = 0; i < 20_000; i += 1) union.add([170 + (i % 10), -10, 170 + (i % 10) + 1, 10]);
    for (let i = 0; i < 20_000; i += 1) union.add([-180 + (i % 10) * 2, -20, -179 + (i % 10) * 2, 0]);
    // The gaps between are narrower than that on the other side of the globe.
    expect(union.result()).toEqual([170, -20, -161, 10]);
  });
});

describe('spooled rows', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-spool-test-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('come back in their order as often as asked, from a file that has no name', async () => {
    const spool = new RowSpool(folder);
    const rows = Array.from({ length: 20_000 }, (_, i) => `${i}\t\u0001 日本 ${'x'.repeat(i % 90)}\n`);
    for (const row of rows) {
      spool.add(row);
      await spool.drain();
    }
    spool.end();
    expect(await readdir(folder)).toEqual([]);
    for (let time = 0; time < 2; time += 1) {
      const pieces: Buffer[] = [];
      for await (const piece of filledRows(spool.pieces(), 20_000, { datetime: '2024-01-01T00:00:00Z' })) pieces.push(piece);
      expect(Buffer.concat(pieces).toString('utf8') === rows.join('').replaceAll('\u0001', '20000')).toBe(true);
    }
    await spool.close();
  });

  it('that a killed process left are removed, and nothing else', async () => {
    await writeFile(join(folder, 'a.rows'), '');
    await writeFile(join(folder, 'b.txt'), '');
    await clearSpool(folder);
    await clearSpool(join(folder, 'nosuch'));
    expect(await readdir(folder)).toEqual(['b.txt']);
  });
});

it('lines are the same wherever the bytes are cut', async () => {
  const text = `\r\n{"dataset":{"id":"日本🗺"}}\n\n{"a":"ü"}\r\n   \n{"b":\n{"c":"🗺"}\n{"long":"${'ü'.repeat(1000)}"}`;
  const bytes = Buffer.from(text);
  const read = async (size: number): Promise<unknown> => {
    async function* pieces(): AsyncGenerator<Buffer> {
      for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
    }
    const upload = await uploadOfLines(pieces());
    const tiles: unknown[] = [];
    for await (const batch of upload.tiles) tiles.push(...batch);
    return [upload.head, ...tiles];
  };
  const whole = await read(bytes.length);
  expect(whole).toEqual([{ dataset: { id: '日本🗺' } }, { a: 'ü' }, { message: expect.stringMatching(/^is not JSON/) as unknown }, { c: '🗺' }, { long: 'ü'.repeat(1000) }]);
  for (const size of [1, 2, 3, 7, 20]) expect(await read(size)).toEqual(whole);
});

it('lines are counted where all have come, and read as they come where the client takes its time', async () => {
  const lines = (from: number, to: number): Buffer => Buffer.from(Array.from({ length: to - from }, (_, i) => `{"n":${from + i}}\n`).join(''));
  const read = async (pause: number): Promise<[number | undefined, unknown[]]> => {
    async function* pieces(): AsyncGenerator<Buffer> {
      yield Buffer.from('{}\n');
      yield lines(0, 3);
      await delay(pause);
      yield lines(3, 5);
    }
    const upload = await uploadOfLines(pieces());
    const count = await upload.ahead?.();
    const tiles: unknown[] = [];
    for await (const batch of upload.tiles) tiles.push(...batch);
    return [count, tiles];
  };
  const tiles = [0, 1, 2, 3, 4].map((n) => ({ n }));
  expect(await read(0)).toEqual([5, tiles]);
  expect(await read(250)).toEqual([undefined, tiles]);
});
