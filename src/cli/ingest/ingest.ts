/** `stac-mosaic ingest`: folders of COGs become a dataset on a running server, all of their tiles or nothing. */
import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { type ApiAnswer, type Client, ClientError, createClient } from '../../client/client.js';
import { type Config } from '../../config.js';
import { isDatetime } from '../../datetime.js';
import { isObject, type JsonObject, textOf } from '../../json.js';
import { paths } from '../../links.js';
import { sizeText } from '../../plan/sizes.js';
import { CommandError, EXIT, type ExitCode, wrongUsage } from '../exit.js';
import { hrefOf, isUrl, localSources } from '../local-sources.js';
import type { JsonOptions, ServerOptions } from '../options.js';
import { counted, progress, progressBar, readConfig, say } from '../output.js';
import { type BodyParts, bodyPieces, digestOf, tileHref } from './body.js';
import { commonFolder, findFiles, type FoundFile, IS_TIFF } from './find.js';
import { HeaderStore } from './header-store.js';
import { type FileError, type HeaderResult, readHeaders } from './headers.js';

export interface IngestOptions extends ServerOptions, JsonOptions {
  readonly dataset: string;
  readonly title?: string;
  readonly description?: string;
  readonly datetime?: string;
  readonly overlap?: string;
  readonly replace?: boolean;
  readonly skipBad?: boolean;
  readonly hrefPrefix?: string;
  readonly concurrency: number;
}

const NDJSON = 'application/x-ndjson';
/** Errors and warnings that are printed; --json has all. */
const MOST_PRINTED = 100;
/** A post may be repeated: its key or its content tells the server that it is the same. */
const ATTEMPTS = 4;

export async function ingest(signal: AbortSignal, sources: string[], options: IngestOptions): Promise<ExitCode> {
  const config = readConfig();
  const head = headOf(options);
  const files = await findFiles(sources, { azure: config.azure, signal });
  const client = createClient(options);
  await askServer(client, head, files, options, signal);
  const store = await HeaderStore.open(config.cacheDir, keyOf(sources), files.map(({ path }) => path));
  try {
    const result = await headersOf(files, store, options, config, signal);
    tell(result);
    if (result.errors.length > 0 && (options.skipBad !== true || result.good.length === 0)) {
      throw new CommandError(`${counted(result.errors.length, 'file')} of ${files.length} cannot become tiles; nothing was posted.${result.good.length === 0 ? '' : ' With --skip-bad the others are.'}`, EXIT.failed, result.errors.map(({ file, error }) => ({ path: file, message: error })));
    }
    const parts: BodyParts = { head, files, good: result.good, store, hrefPrefix: options.hrefPrefix };
    await checkReadable(client, parts, signal);
    const answer = await post(client, parts, options, signal);
    print(answer, files, result, options);
    return result.errors.length > 0 ? EXIT.partly : EXIT.done;
  } finally {
    store.close();
  }
}

/** What the dataset is, beside its tiles. */
function headOf({ dataset, title, description, datetime, overlap, hrefPrefix }: IngestOptions): JsonObject {
  if (hrefPrefix !== undefined && !/^([a-z][a-z0-9+.-]*:\/\/|\/vsi)/i.test(hrefPrefix)) throw wrongUsage('--href-prefix must be a URL such as https://example.com/cogs.');
  const properties = { ...(title === undefined ? {} : { title }), ...(description === undefined ? {} : { description }), ...instants(datetime) };
  return {
    dataset: { id: dataset, ...(Object.keys(properties).length === 0 ? {} : { properties }) },
    ...(overlap === undefined ? {} : { mosaic: { overlap } }),
  };
}

/** `2024-10-15`, `2024-10-15T12:00:00Z`, or two of them with a slash between. */
function instants(text: string | undefined): JsonObject {
  if (text === undefined) return {};
  const given = text.split('/').map((part) => (/^\d{4}-\d\d-\d\d$/.test(part) ? `${part}T00:00:00Z` : part));
  const [start, end] = given;
  if (given.length > 2 || !given.every(isDatetime)) throw wrongUsage(`--datetime "${text}" is not a date, an RFC 3339 date-time, or two of them with a slash between.`);
  if (start === undefined || end === undefined) return { datetime: start ?? null };
  return { datetime: null, start_datetime: start, end_datetime: end };
}

/** Runs over the same folders share what is known of their files, whichever files there are by then. */
const keyOf = (sources: readonly string[]): string => {
  const places = new Set(sources.map((source) => (isUrl(source) ? source : IS_TIFF.test(source) ? dirname(resolve(source)) : resolve(source))));
  return createHash('sha256').update([...places].toSorted().join('\0')).digest('hex').slice(0, 24);
};

/** Of one tile: where the dataset exists, this is other content (409), but all of its tiles may be the same, or replace it. */
async function validate(client: Client, head: JsonObject, tile: JsonObject, signal: AbortSignal): Promise<void> {
  await client({ method: 'POST', path: '/api/datasets?validate=only', body: { ...head, tiles: [tile] }, signal }).catch((error: unknown) => {
    if (!(error instanceof ClientError) || error.status !== 409) throw error;
  });
}

/** Before the first header is read: is a server there, does it take the key and the dataset? */
async function askServer(client: Client, head: JsonObject, [first]: readonly FoundFile[], { hrefPrefix }: IngestOptions, signal: AbortSignal): Promise<void> {
  const href = first === undefined ? 'https://example.com/tile.tif' : tileHref(first, hrefPrefix);
  await validate(client, head, { href, bbox: [0, 0, 1, 1] }, signal);
}

/** The server takes tiles that it cannot read, since their boxes are given; whoever wants them drawn should hear of it now. */
async function checkReadable(client: Client, { head, files, good, hrefPrefix }: BodyParts, signal: AbortSignal): Promise<void> {
  const file = files[good[0] ?? 0];
  if (file === undefined) return;
  const href = tileHref(file, hrefPrefix);
  try {
    await validate(client, head, { href }, signal);
  } catch (error) {
    if (!(error instanceof ClientError) || error.status === 0 || error.status >= 500) throw error;
    const [fault] = error.faults;
    const why = fault?.message ?? error.message;
    if (!href.startsWith('file:')) return progress(`The server cannot read ${href}, so it will not draw the tiles: ${why}`);
    const local = files.flatMap(({ path }) => (isUrl(path) ? [] : [path]));
    throw new CommandError(`The server cannot read the files: ${why}\nStart it with ALLOWED_FILE_ROOTS=${commonFolder(local)}, or say with --href-prefix at which URL the files are.`);
  }
}

async function headersOf(files: readonly FoundFile[], store: HeaderStore, { concurrency }: IngestOptions, config: Config, signal: AbortSignal): Promise<HeaderResult> {
  const sources = localSources(files.map(({ path }) => hrefOf(path)), config.azure);
  const bar = progressBar('Headers', 'files', files.length);
  try {
    return await readHeaders(files, { sources, store, bar, atOnce: concurrency, signal });
  } finally {
    bar.stop();
    await sources.close();
  }
}

/** Every file that cannot be read, and what is less than a COG. */
function tell({ errors, warnings, read, good }: HeaderResult): void {
  progress(`${counted(read, 'header')} read, ${(good.length - read).toLocaleString('en')} known from before.`);
  const lines = [...errors.map(({ file, error }) => (error.includes(file) ? error : `${file}: ${error}`)), ...warnings];
  for (const line of lines.slice(0, MOST_PRINTED)) progress(`  ${line}`);
  if (lines.length > MOST_PRINTED) progress(`  … and ${lines.length - MOST_PRINTED} more`);
}

async function post(client: Client, parts: BodyParts, { dataset, replace }: IngestOptions, signal: AbortSignal): Promise<ApiAnswer> {
  const { key, bytes } = digestOf(bodyPieces(parts));
  progress(`Posting ${counted(parts.good.length, 'tile')}, ${sizeText(bytes)} …`);
  const bar = progressBar('Upload', 'kB', Math.ceil(bytes / 1000));
  const pieces = function* (): Generator<Buffer> {
    let sent = 0;
    for (const piece of bodyPieces(parts)) {
      yield piece;
      sent += piece.length;
      bar.update(Math.ceil(sent / 1000));
    }
  };
  try {
    return await client({
      ...(replace === true ? { method: 'PUT', path: paths.dataset(dataset) } : { method: 'POST', path: '/api/datasets' }),
      headers: { 'content-length': String(bytes), ...(replace === true ? {} : { 'idempotency-key': key }) },
      type: NDJSON,
      body: pieces,
      attempts: ATTEMPTS,
      signal,
    });
  } finally {
    bar.stop();
  }
}

function print({ status, body }: ApiAnswer, files: readonly FoundFile[], { errors, warnings, read, good }: HeaderResult, { dataset, server, json, replace }: IngestOptions): void {
  const answer = isObject(body) ? body : {};
  if (json === true) {
    const failed = errors.map(({ file, error }: FileError): JsonObject => ({ file, error }));
    return say(JSON.stringify({ ...answer, created: status === 201, files: files.length, headers_read: read, failed_files: failed, header_warnings: [...warnings] }));
  }
  const what = status === 201 ? 'was made' : replace === true ? 'was replaced' : 'was there already, with the same tiles';
  say(`Dataset ${dataset} ${what}: ${counted(good.length, 'tile')}.`);
  for (const warning of Array.isArray(answer['warnings']) ? answer['warnings'] : []) progress(`  ${isObject(warning) ? textOf(warning['message'] ?? warning) : textOf(warning)}`);
  say(`Dataset     ${server}${paths.dataset(dataset)}`);
  for (const [name, member] of [['MosaicJSON', 'mosaic_url'], ['TileJSON', 'tilejson_url'], ['Map', 'viewer_url']] as const) say(`${name.padEnd(11)} ${textOf(answer[member])}`);
}
