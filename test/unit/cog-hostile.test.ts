/** Damaged and malicious TIFFs: always a domain error, soon, without much memory. */
import { readCogHeader } from '../../src/cog/open.js';
import { DomainError } from '../../src/errors.js';
import { cachedInBlocks } from '../../src/storage/blocks.js';
import type { Source } from '../../src/storage/source.js';
import { long, makeGeoTiff, short, text } from '../support/geotiff.js';

const good = (): Uint8Array<ArrayBuffer> =>
  makeGeoTiff({
    width: 100, height: 80, bands: 3, epsg: 32618, origin: [500_000, 4_000_000], pixel: [10, 10], overviews: [2, 4], mask: true, nodata: '0',
    metadata: '<GDALMetadata><Item name="SCALE" sample="0" role="scale">0.1</Item></GDALMetadata>',
  });

function sourceOf(bytes: Uint8Array<ArrayBuffer>, counts?: { bytes: number }, size: number | undefined = bytes.byteLength): Source {
  return {
    url: new URL('https://cogs.example.com/hostile.tif'),
    metadata: size === undefined ? {} : { size },
    fetch: async (offset, length) => {
      const part = bytes.buffer.slice(offset, length === undefined ? undefined : offset + length);
      if (counts !== undefined) counts.bytes += part.byteLength;
      return part;
    },
  };
}

/** What reading comes to: the header, or the domain error; anything else fails the test. */
async function outcome(source: Source): Promise<string> {
  try {
    return `header ${(await readCogHeader(source)).crs.code}`;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return `${error.kind} ${error.message}`;
  }
}

/** Numbers that look random and are the same at every run (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Where the first directory's entry of a tag stands in a little-endian classic TIFF. */
function entryOf(bytes: Uint8Array<ArrayBuffer>, tag: number): number {
  const view = new DataView(bytes.buffer);
  const directory = view.getUint32(4, true);
  for (let i = 0; i < view.getUint16(directory, true); i++) {
    if (view.getUint16(directory + 2 + 12 * i, true) === tag) return directory + 2 + 12 * i;
  }
  throw new Error(`no tag ${tag}`);
}

describe('a damaged TIFF', () => {
  it.each([
    ['empty', new Uint8Array(0), /it is empty/],
    ['text', new Uint8Array(Buffer.from('<html>not found</html>')), /it is not a TIFF/],
    ['a JPEG', new Uint8Array([0xff, 0xd8, 0xff, 0xe0]), /it is not a TIFF/],
    ['only a magic number', new Uint8Array(Buffer.from('II*\0')), /damaged or truncated/],
    ['without directories', new Uint8Array([...Buffer.from('II*\0'), 0, 0, 0, 0]), /it has no image/],
  ])('is refused when it is %s', async (_, bytes, message) => {
    expect(await outcome(sourceOf(bytes))).toMatch(message);
  });

  it('is read or refused within a second after 500 random cuts and flips of bits', async () => {
    const random = randomFrom(20_261_122);
    const whole = good();
    const kinds = new Map<string, number>();
    for (let run = 0; run < 500; run++) {
      const bytes = run % 2 === 0 ? whole.slice(0, Math.floor(random() * 2500)) : whole.slice();
      const flips = run % 2 === 0 ? 0 : 1 + Math.floor(random() * 8);
      for (let flip = 0; flip < flips; flip++) {
        const at = Math.floor(random() * 2500);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      }
      const counts = { bytes: 0 };
      const started = performance.now();
      const said = await outcome(cachedInBlocks(sourceOf(bytes, counts, run % 3 === 0 ? undefined : bytes.byteLength)));
      // A bound for what does not end, not a measurement: the slowest takes 6 ms on a quiet machine.
      expect(performance.now() - started).toBeLessThan(10_000);
      expect(counts.bytes).toBeLessThan(16 * 1024 * 1024);
      const [kind = ''] = said.split(' ');
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    expect([...kinds.keys()].toSorted()).toEqual(['InvalidInput', 'header']);
  });
});

describe('a malicious TIFF', () => {
  it('cannot make a loop of its directories', async () => {
    const bytes = good();
    const view = new DataView(bytes.buffer);
    const first = view.getUint32(4, true);
    view.setUint32(first + 2 + 12 * view.getUint16(first, true), first, true);
    expect(await outcome(sourceOf(bytes))).toMatch(/more than 64 image directories, or a loop/);
  });

  it('cannot have more than 64 directories', async () => {
    const bytes = makeGeoTiff({ width: 80, height: 16, overviews: Array.from({ length: 64 }, (_, i) => i + 2) });
    expect(await outcome(sourceOf(bytes))).toMatch(/more than 64 image directories/);
  });

  it.each([34_735, 33_550, 42_112])('cannot claim a count of 4 billion in tag %i', async (tag) => {
    const bytes = good();
    new DataView(bytes.buffer).setUint32(entryOf(bytes, tag) + 4, 0xffff_fff0, true);
    const counts = { bytes: 0 };
    expect(await outcome(sourceOf(bytes, counts, undefined))).toMatch(/InvalidInput .*(8 MB|damaged)/);
    expect(counts.bytes).toBeLessThan(1024 * 1024);
  });

  it('cannot claim 65,535 bands, no pixels or blocks of nothing', async () => {
    expect(await outcome(sourceOf(makeGeoTiff({ width: 16, height: 16, tags: { 277: short(65_535) } })))).toMatch(/65535 bands/);
    expect(await outcome(sourceOf(makeGeoTiff({ width: 16, height: 16, tags: { 256: long(0) } })))).toMatch(/no width and height/);
    expect(await outcome(sourceOf(makeGeoTiff({ width: 16, height: 16, tags: { 322: short(0) } })))).toMatch(/blocks have no size/);
  });

  it('cannot break the reader with text where numbers belong', async () => {
    for (const tag of [256, 258, 277, 322, 33_550, 33_922, 34_735]) {
      expect(await outcome(sourceOf(makeGeoTiff({ width: 16, height: 16, tags: { [tag]: text('nonsense, and more of it') } })))).toMatch(/^InvalidInput|^header/);
    }
  });

  it('is read although its metadata are 300 KB', async () => {
    const metadata = `<GDALMetadata>${'<!-- padding -->'.repeat(20_000)}<Item name="SCALE" sample="0" role="scale">0.5</Item></GDALMetadata>`;
    const header = await readCogHeader(cachedInBlocks(sourceOf(makeGeoTiff({ width: 16, height: 16, metadata }))));
    expect(header.scales).toEqual([0.5]);
  });
});
