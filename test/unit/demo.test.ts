import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readCogHeader } from '../../src/cog/open.js';
import { makeDemoCogs } from '../../src/demo/cogs.js';
import { readDirectories } from '../../src/demo/tiff-directories.js';
import { createSources } from '../../src/storage/sources.js';
import { makeCog } from '../support/cogs.js';

describe('the demo COGs', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-demo-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('cover the earth without gap or overlap: 4 columns, 3 rows, with overviews', async () => {
    const cogs = await makeDemoCogs(folder);
    expect(cogs).toHaveLength(12);
    const sources = createSources({ allowedHosts: [], allowedFileRoots: [folder] });
    const headers = await Promise.all(cogs.map(async ({ path }) => readCogHeader(await sources.open(pathToFileURL(path).href))));
    for (const [i, header] of headers.entries()) {
      expect(header).toMatchObject({ crs: { code: 'EPSG:4326' }, isCog: true, compression: 'jpeg', blockSize: [512, 512] });
      expect(header.bands).toHaveLength(3);
      expect(header.overviews.length).toBeGreaterThan(0);
      expect(header.bbox[0]).toBeCloseTo(-180 + 90 * (i % 4), 9);
      expect(header.bbox[2]).toBeCloseTo(-90 + 90 * (i % 4), 9);
      const below = headers[i + 4];
      if (below === undefined) expect(header.bbox[1]).toBeCloseTo(-90, 9);
      else expect(header.bbox[1]).toBeCloseTo(below.bbox[3], 9);
    }
    expect(headers[0]?.bbox[3]).toBe(90);
  });

  it('are made once: a second call keeps the files, and leaves no drafts', async () => {
    const [first] = await makeDemoCogs(folder);
    const path = first?.path ?? '';
    await utimes(path, 1, 1);
    const again = await makeDemoCogs(folder);
    expect((await stat(path)).mtimeMs).toBe(1000);
    expect(await readdir(folder)).toHaveLength(again.length);
  });

  it('come in whole: a file that is missing is made again beside the others', async () => {
    const [, second] = await makeDemoCogs(folder);
    const path = second?.path ?? '';
    const { size } = await stat(path);
    await rm(path);
    await writeFile(`${path}.interrupted.part`, 'half');
    await makeDemoCogs(folder);
    expect((await stat(path)).size).toBe(size);
  });
});

describe('the COG writer', () => {
  it('puts directories first, then the data of overviews, then that of the full image', async () => {
    const cog = await makeCog({ width: 700, height: 500, block: 256, mask: () => true });
    const directories = readDirectories(cog);
    const places = directories.map(({ tiles }) => tiles.map((tile) => tile.byteOffset - cog.byteOffset));
    expect(directories.map(({ tags }) => tags.get(254)?.bytes.readUInt32LE(0) ?? 0)).toEqual([0, 4, 1, 5, 1, 5]);
    for (let i = 1; i < places.length; i++) expect(Math.max(...(places[i] ?? []))).toBeLessThan(Math.min(...(places[i - 1] ?? [])));
  });

  it('refuses what is not a classic little-endian tiled TIFF', () => {
    expect(() => readDirectories(Buffer.from('MM\0*'))).toThrow('little-endian');
  });
});
