/** `stac-mosaic plan`: the tile grid of a large GeoTIFF, as a table, as JSON, or as a job whose tasks make the tiles. */
import { basename } from 'node:path';
import { type ApiAnswer, createClient } from '../client/client.js';
import { readCogHeader } from '../cog/open.js';
import type { Bbox, CogHeader } from '../cog/types.js';
import { isObject, type JsonObject, textOf } from '../json.js';
import { segment } from '../links.js';
import { type Plan, planTiles, type PlannedTile } from '../plan/plan.js';
import { sizeText } from '../plan/sizes.js';
import { BLOCK } from '../plan/windows.js';
import { shownHref } from '../storage/source.js';
import { wrongUsage } from './exit.js';
import { hrefOf, localSources } from './local-sources.js';
import type { JsonOptions, ServerOptions } from './options.js';
import { counted, readConfig, say, table } from './output.js';

export interface PlanCommandOptions extends ServerOptions, JsonOptions {
  readonly targetSize: number;
  readonly overlap: number;
  readonly threshold: number;
  readonly job?: boolean;
  readonly dataset?: string;
  readonly title?: string;
  readonly replace?: boolean;
}

export async function plan(signal: AbortSignal, raster: string, options: PlanCommandOptions): Promise<void> {
  if (options.job !== true && (options.dataset !== undefined || options.title !== undefined || options.replace === true)) {
    throw wrongUsage('--dataset, --title and --replace describe what a job makes: they need --job.');
  }
  const href = hrefOf(raster);
  const header = await readHeader(href);
  signal.throwIfAborted();
  const planned = planTiles(header, options);
  const job = options.job === true ? await createJob(href, planned, options, signal) : undefined;
  if (options.json === true) return say(JSON.stringify(document(href, header, planned, options, job), undefined, 2));
  say(readable(href, header, planned, options));
  if (job !== undefined) say(`\nJob ${textOf(job['job_id'])} waits for ${counted(planned.tiles.length, 'task')}: PUT ${options.server}/api/jobs/${segment(textOf(job['job_id']))}/tasks/{tile}`);
}

async function readHeader(href: string): Promise<CogHeader> {
  const sources = localSources([href], readConfig().azure);
  try {
    return await readCogHeader(await sources.open(href));
  } finally {
    await sources.close();
  }
}

/** The id of the dataset that a raster becomes: the name of its file. */
const datasetOf = (href: string): string => decodeURIComponent(basename(shownHref(href))).replace(/\.tiff?$/i, '');

async function createJob(href: string, { tiles }: Plan, { server, key, dataset, title, replace }: PlanCommandOptions, signal: AbortSignal): Promise<JsonObject> {
  const request: JsonObject = {
    dataset: {
      id: dataset ?? datasetOf(href),
      ...(title === undefined ? {} : { properties: { title } }),
      links: [{ rel: 'derived_from', href, type: 'image/tiff; application=geotiff' }],
    },
    expected_tiles: tiles.length,
    ...(replace === true ? { replace } : {}),
  };
  const { body }: ApiAnswer = await createClient({ server, key })({ method: 'POST', path: '/api/jobs', body: request, signal });
  return isObject(body) ? body : {};
}

function document(href: string, header: CogHeader, { shouldTile, sizes, grid, tiles }: Plan, { targetSize, overlap, threshold }: PlanCommandOptions, job: JsonObject | undefined): JsonObject {
  return {
    raster: {
      href,
      ...(header.fileSize === undefined ? {} : { 'file:size': header.fileSize }),
      'proj:code': header.crs.code,
      'proj:shape': [header.height, header.width],
      'proj:transform': [...header.transform],
      'proj:bbox': [...header.projBbox],
      bbox: [...header.bbox],
      gsd: header.gsd,
      bands: header.bands.length,
      data_type: header.dataType,
      compression: header.compression,
      uncompressed_size: sizes.raw,
      compression_ratio: Number(sizes.ratio.toPrecision(3)),
      is_cog: header.isCog,
    },
    should_tile: shouldTile,
    threshold,
    target_size: targetSize,
    overlap,
    block: BLOCK,
    rows: grid.rows,
    cols: grid.cols,
    tile_width: grid.tile.width,
    tile_height: grid.tile.height,
    tile_count: tiles.length,
    ...(job === undefined ? {} : { job_id: job['job_id'] ?? null, job }),
    tiles: tiles.map(tileDocument),
  };
}

const tileDocument = (tile: PlannedTile): JsonObject => ({
  index: tile.index,
  row: tile.row,
  col: tile.col,
  /** `[column, row, width, height]`, as `gdal_translate -srcwin` and rasterio's Window take them. */
  window: [...tile.window],
  buffered_window: [...tile.buffered],
  bbox: tile.bbox === null ? null : [...tile.bbox],
  'proj:bbox': [...tile.projBbox],
  'proj:transform': [...tile.transform],
  estimated_size: tile.estimatedSize,
});

/** Rows of the table; --json has all. */
const MOST_ROWS = 200;

function readable(href: string, header: CogHeader, { shouldTile, sizes, grid, tiles }: Plan, { targetSize, overlap, threshold }: PlanCommandOptions): string {
  const { width, height, bands, dataType, compression, crs, gsd } = header;
  const size = header.fileSize === undefined ? `${sizeText(sizes.raw)} uncompressed` : `${sizeText(sizes.file)}, ${sizeText(sizes.raw)} uncompressed`;
  const lines = [
    `${shownHref(href)}: ${width} x ${height} pixels, ${counted(bands.length, 'band')} of ${dataType}, ${compression}, ${size}; ${crs.code}, ${gsd} m`,
    shouldTile
      ? `${counted(grid.rows, 'row')} of ${counted(grid.cols, 'tile')}, ${grid.tile.width} x ${grid.tile.height} pixels each, for ${sizeText(targetSize)} and an overlap of ${overlap} pixels`
      : `No need to tile: it is not larger than ${sizeText(threshold)} (--threshold).`,
    '',
    table([
      ['tile', 'row', 'col', 'window', 'with overlap', 'estimated', 'bbox (EPSG:4326)', `bbox (${crs.code})`],
      ...tiles.slice(0, MOST_ROWS).map((tile) => [
        tile.index, tile.row, tile.col, tile.window.join(' '), tile.buffered.join(' '), sizeText(tile.estimatedSize), tile.bbox === null ? 'none' : numbers(tile.bbox, 6), numbers(tile.projBbox, 3),
      ]),
    ]),
  ];
  if (tiles.length > MOST_ROWS) lines.push(`… and ${counted(tiles.length - MOST_ROWS, 'more tile')}; --json has all.`);
  return lines.join('\n');
}

const numbers = (box: Bbox, digits: number): string => box.map((value) => Number(value.toFixed(digits))).join(' ');
