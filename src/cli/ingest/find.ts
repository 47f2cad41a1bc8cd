/** The GeoTIFFs that the user means: folders, patterns, lists, containers, single files and URLs, in one order. */
import { glob, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AzureAccount } from '../../config-storage.js';
import { listAzure } from '../../storage/azure-list.js';
import { codeOf } from '../../storage/source.js';
import { CommandError, wrongUsage } from '../exit.js';
import { isUrl } from '../local-sources.js';

export interface FoundFile {
  /** An absolute path, or a URL. */
  readonly path: string;
  /** Below the folder that was named, with `/`: what --href-prefix is put before. */
  readonly name: string;
  /** Of what was listed with its properties: changes with every writing. Local files are looked at later. */
  readonly version?: string;
}

export interface FindOptions {
  readonly azure: AzureAccount | undefined;
  readonly signal: AbortSignal;
}

export const IS_TIFF = /\.tiff?$/i;
const IS_AZURE = /^(az|abfss?|wasbs?):\/\/|^\/vsiaz\//;
const HAS_MAGIC = /[*?[\]{}]/;
/** A list of a million names is some 100 MB. */
const MOST_LIST_BYTES = 512 * 1024 * 1024;

/** Tile 10 comes after tile 9. */
const byName = new Intl.Collator('en', { numeric: true }).compare;

/** Every file once: sources as they were given, the files of each by name. @throws CommandError for a source that is nothing */
export async function findFiles(sources: readonly string[], options: FindOptions): Promise<FoundFile[]> {
  const found = new Map<string, FoundFile>();
  for (const source of sources) {
    options.signal.throwIfAborted();
    const files = await filesOf(source, options);
    if (files.length === 0) throw new CommandError(`${source}: no GeoTIFF (.tif, .tiff) was found.`);
    for (const file of files) if (!found.has(file.path)) found.set(file.path, file);
  }
  return [...found.values()];
}

async function filesOf(source: string, options: FindOptions): Promise<FoundFile[]> {
  if (isUrl(source)) return ofUrl(source, options);
  const path = resolve(source);
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isDirectory() === true) return ofFolder(path);
  if (facts?.isFile() === true) return IS_TIFF.test(path) ? [{ path, name: basename(path) }] : ofList(path, options);
  if (source === '-') return ofLines(await readAll(process.stdin), options);
  if (HAS_MAGIC.test(source)) return ofPattern(source);
  throw new CommandError(`${source}: there is no such file or folder.`);
}

async function ofUrl(source: string, options: FindOptions): Promise<FoundFile[]> {
  const { azure, signal } = options;
  if (/^file:/i.test(source)) return filesOf(localPath(source), options);
  if (IS_TIFF.test(source.replace(/[?#].*$/s, '')) || !IS_AZURE.test(source)) return [{ path: source, name: basename(source.replace(/[?#].*$/s, '')) }];
  if (!source.startsWith('az://')) throw wrongUsage(`${source}: a container is listed by its name in the configured account: az://container/prefix.`);
  const files: FoundFile[] = [];
  const [, container = '', prefix = ''] = /^az:\/\/([^/]+)\/?(.*)$/s.exec(source) ?? [];
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  for await (const { name, size, etag } of listAzure(source, azure, signal)) {
    if (IS_TIFF.test(name)) files.push({ path: `az://${container}/${name.split('/').map(encodeURIComponent).join('/')}`, name: name.slice(folder.length), version: `${size}-${etag}` });
  }
  return files.toSorted((a, b) => byName(a.name, b.name));
}

function localPath(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    throw wrongUsage(`${url}: not the URL of a local file; write file:///folder/name.tif.`);
  }
}

/** Hidden files are none of ours: macOS puts a `._name.tif` beside every name.tif of a foreign disk. */
async function ofFolder(folder: string): Promise<FoundFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => IS_TIFF.test(entry.name) && !entry.name.startsWith('.') && !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  return sorted(paths, folder);
}

async function ofPattern(pattern: string): Promise<FoundFile[]> {
  const paths: string[] = [];
  for await (const path of glob(pattern)) if (IS_TIFF.test(path)) paths.push(resolve(path));
  const fixed = pattern.split(/[/\\]/);
  const magic = fixed.findIndex((part) => HAS_MAGIC.test(part));
  return sorted(paths, resolve(fixed.slice(0, magic).join(sep) || (pattern.startsWith('/') ? '/' : '.')));
}

const sorted = (paths: string[], root: string): FoundFile[] => paths.toSorted(byName).map((path) => ({ path, name: nameBelow(root, path) }));

/** A path outside the folder keeps only the file's own name. */
function nameBelow(root: string, path: string): string {
  const below = relative(root, path);
  return below.startsWith('..') ? basename(path) : below.split(sep).join('/');
}

async function ofList(path: string, options: FindOptions): Promise<FoundFile[]> {
  const { size } = await stat(path);
  if (size > MOST_LIST_BYTES) throw wrongUsage(`${path}: neither a GeoTIFF (.tif, .tiff) nor a list of them: it has more than 512 MB.`);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new CommandError(`${path}: the list cannot be read (${codeOf(error)}).`);
  });
  if (text.includes('\0')) throw wrongUsage(`${path}: neither a GeoTIFF (.tif, .tiff) nor a list of them, one a line.`);
  return ofLines(text, options);
}

/** One path or URL a line, paths as seen from the current folder; lines that begin with # are comments. */
async function ofLines(text: string, options: FindOptions): Promise<FoundFile[]> {
  const here = process.cwd();
  const files: FoundFile[] = [];
  for (const entry of text.split(/\r?\n/).map((part) => part.trim())) {
    if (entry === '' || entry.startsWith('#')) continue;
    const line = /^file:/i.test(entry) ? localPath(entry) : entry;
    if (isUrl(line)) files.push(...(await ofUrl(line, options)));
    else files.push({ path: resolve(line), name: nameBelow(here, resolve(line)) });
  }
  return files;
}

async function readAll(stream: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString('utf8');
}

/** The folder that local files lie in together, for a hint about ALLOWED_FILE_ROOTS. */
export function commonFolder(paths: readonly string[]): string {
  let folder = dirname(paths[0] ?? '/');
  for (const path of paths) while (!path.startsWith(folder.endsWith(sep) ? folder : folder + sep)) folder = dirname(folder);
  return folder;
}
