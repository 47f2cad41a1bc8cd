/** Gets a pinned wheel's bytes, from a folder of wheels or through pip; the hash is checked either way. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isNativeError } from 'node:util/types';
import { messageOf } from '../errors.js';
import type { Wheel } from './wheels.js';

/** What the set-up could not fetch, why, and the ways out. */
export class SetupError extends Error {
  constructor(wheel: Wheel, reason: string, options?: ErrorOptions) {
    super(
      [
        `Could not get ${wheel.file}: ${reason}`,
        'It is fetched once through "python3 -m pip download". The ways out:',
        `  - put ${wheel.file} (from PyPI, project ${wheel.project} ${wheel.version}) into a folder and name it by WHEEL_DIR;`,
        '  - give pip an index that it can reach (PIP_INDEX_URL, PIP_PROXY), or install pip (Debian: python3-pip);',
        '  - for pgSTAC alone: set DATABASE_URL to a PostgreSQL that has pgSTAC 0.9.9 to 0.10 installed.',
      ].join('\n'),
      options,
    );
    this.name = 'SetupError';
  }
}

export interface FetchOptions {
  /** A folder that holds the wheels already; pip is not asked then. */
  readonly wheelDir?: string | undefined;
  /** The Python interpreters to try, in order. */
  readonly pythons?: readonly string[];
}

const PYTHONS = process.platform === 'win32' ? ['py', 'python'] : ['python3', 'python'];
/** A stalled index must not hold the first start for ever: the wheels are below 2 MB. */
const PIP_TIMEOUT_MS = 180_000;

/** The bytes of a wheel whose sha256 is the pinned one, or a {@link SetupError}. */
export async function fetchWheel(wheel: Wheel, options: FetchOptions = {}): Promise<Buffer> {
  const bytes = options.wheelDir === undefined
    ? await download(wheel, options.pythons ?? PYTHONS)
    : await readWheel(wheel, options.wheelDir);
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== wheel.sha256) {
    throw new SetupError(wheel, `its sha256 is ${found}, the pinned one is ${wheel.sha256}; the file is not the published one.`);
  }
  return bytes;
}

async function readWheel(wheel: Wheel, folder: string): Promise<Buffer> {
  try {
    return await readFile(join(folder, wheel.file));
  } catch (error) {
    throw new SetupError(wheel, `WHEEL_DIR does not hold it (${messageOf(error)}).`, { cause: error });
  }
}

async function download(wheel: Wheel, pythons: readonly string[]): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-pip-'));
  try {
    const requirements = join(folder, 'requirements.txt');
    await writeFile(requirements, `${wheel.project}==${wheel.version} --hash=sha256:${wheel.sha256}\n`);
    await pip(wheel, pythons, folder, requirements);
    return await readFile(join(folder, wheel.file));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function pip(wheel: Wheel, pythons: readonly string[], folder: string, requirements: string): Promise<void> {
  // --python-version: the wheel is data to us, so that the age of the Python at hand must not decide whether pip takes it.
  const args = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--python-version', '3.12', '--require-hashes'];
  args.push('--no-input', '--disable-pip-version-check', '--quiet', '-d', folder, '-r', requirements);
  const reasons: string[] = [];
  for (const python of pythons) {
    try {
      await promisify(execFile)(python, args, { timeout: PIP_TIMEOUT_MS });
      return;
    } catch (error) {
      reasons.push(`${python}: ${reasonOf(error)}`);
    }
  }
  throw new SetupError(wheel, reasons.join('; '));
}

/** pip's own last words where there are any: "from versions: none" is how it says that there is no network. */
function reasonOf(error: unknown): string {
  if (!isNativeError(error)) return String(error);
  if ('code' in error && error.code === 'ENOENT') return 'not installed';
  const stderr = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';
  return stderr === '' ? error.message : (stderr.split('\n').findLast((line) => line.includes('ERROR')) ?? stderr);
}
