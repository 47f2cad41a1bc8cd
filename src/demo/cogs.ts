/** The demo data: NASA's Blue Marble, as the package three-globe ships it, cut into georeferenced COGs. */
import { createHash, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { DomainError } from '../errors.js';
import { toCog } from './cog-writer.js';

const PACKAGE = 'three-globe';
const PICTURE = 'example/img/earth-blue-marble.jpg';

export interface DemoCog {
  /** Absolute if `folder` was. */
  readonly path: string;
  /** From the north, and from the west, counted from 0. */
  readonly row: number;
  readonly col: number;
}

/**
 * Writes `columns` x `rows` COGs of the whole earth (EPSG:4326, YCbCr JPEG, blocks of 512, overviews) below `folder`
 * and answers their places, row by row. A file that is there already is kept: files come in whole, by a rename.
 * @throws DomainError Unavailable if the package with the picture is not installed.
 */
export async function makeDemoCogs(folder: string, options: { columns?: number; rows?: number } = {}): Promise<DemoCog[]> {
  const { columns = 4, rows = 3 } = options;
  await mkdir(folder, { recursive: true });
  const picture = await readPicture();
  const version = createHash('sha256').update(picture).digest('hex').slice(0, 8);
  const cogs = Array.from({ length: rows * columns }, (_, i) => {
    const [row, col] = [Math.floor(i / columns), i % columns];
    return { path: join(folder, `blue-marble-${version}-${columns}x${rows}-r${row}c${col}.tif`), row, col };
  });
  const missing = await Promise.all(cogs.map(async (cog) => ((await exists(cog.path)) ? [] : [cog])));
  if (missing.flat().length > 0) await cut(picture, missing.flat(), columns, rows);
  return cogs;
}

async function readPicture(): Promise<Buffer> {
  try {
    // The package exports its code alone, which lies in a folder (dist) beside the picture's.
    const code = createRequire(import.meta.url).resolve(PACKAGE);
    return await readFile(join(dirname(code), '..', PICTURE));
  } catch (cause) {
    throw new DomainError('Unavailable',
      `The demo needs ${PICTURE} of the npm package "${PACKAGE}", a development dependency: run npm install without --omit=dev.`, { cause });
  }
}

/** Decodes the picture once: 4096 x 2048 x 3 bytes are 25 MB. */
async function cut(picture: Buffer, cogs: readonly DemoCog[], columns: number, rows: number): Promise<void> {
  const { data, info } = await sharp(picture).removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  const [resX, resY] = [360 / info.width, 180 / info.height];
  for (const { path, row, col } of cogs) {
    const left = Math.round((info.width * col) / columns);
    const top = Math.round((info.height * row) / rows);
    const width = Math.round((info.width * (col + 1)) / columns) - left;
    const height = Math.round((info.height * (row + 1)) / rows) - top;
    const tiff = await sharp(data, { raw })
      .extract({ left, top, width, height })
      .tiff({ compression: 'jpeg', quality: 85, tile: true, tileWidth: 512, tileHeight: 512, pyramid: true })
      .toBuffer();
    await writeWhole(path, toCog(tiff, { west: -180 + left * resX, north: 90 - top * resY, resX, resY }));
  }
}

async function writeWhole(path: string, bytes: Buffer): Promise<void> {
  const draft = `${path}.${randomUUID()}.part`;
  try {
    await writeFile(draft, bytes, { flag: 'wx' });
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}

const exists = async (path: string): Promise<boolean> =>
  stat(path).then((found) => found.isFile(), () => false);
