/** The header of a COG in the fields of a STAC item: what posting only a href fills in. */
import type { Json, JsonObject } from '../json.js';
import { COG_TYPE, GEOTIFF_TYPE } from '../stac/assets.js';
import type { CogHeader } from './types.js';

/** The facts of one tile. `null` geometry never occurs; `file:size` is left out when unknown. */
export interface TileFacts {
  readonly bbox: readonly [number, number, number, number];
  readonly geometry: CogHeader['footprint'];
  readonly gsd: number;
  /** Projection extension 2.0. */
  readonly 'proj:code': string;
  readonly 'proj:shape': readonly [height: number, width: number];
  readonly 'proj:transform': readonly number[];
  readonly 'proj:bbox': readonly number[];
  /** File extension 2.1, bytes. */
  readonly 'file:size'?: number;
  readonly bands: readonly BandFacts[];
  /** Zooms of WebMercatorQuad, for mosaics. */
  readonly minzoom: number;
  readonly maxzoom: number;
  /** Anything that makes it less than a COG, in a sentence each; empty for a good one. */
  readonly warnings: readonly string[];
}

/** A STAC 1.1 band; raster extension 2.0 where scale, offset, sampling or resolution say something. */
export interface BandFacts {
  readonly name: string;
  readonly data_type: string;
  readonly nodata?: number | string;
  readonly description?: string;
  readonly unit?: string;
  /** EO extension 2.0, where the colour is one of its names. */
  readonly 'eo:common_name'?: string;
  readonly 'raster:scale'?: number;
  readonly 'raster:offset'?: number;
  readonly 'raster:spatial_resolution'?: number;
  readonly 'raster:sampling'?: 'area' | 'point';
}

/** What `POST /api/datasets` records of a tile that came with only a href. */
export function tileFacts(header: CogHeader, href: string): TileFacts {
  const { transform, width, height } = header;
  return {
    bbox: header.bbox,
    geometry: header.footprint,
    gsd: header.gsd,
    'proj:code': header.crs.code,
    'proj:shape': [height, width],
    'proj:transform': transform,
    'proj:bbox': header.projBbox,
    ...(header.fileSize === undefined ? {} : { 'file:size': header.fileSize }),
    bands: bandFacts(header),
    minzoom: header.minzoom,
    maxzoom: header.maxzoom,
    warnings: header.isCog ? [] : [`${href}: not a Cloud Optimized GeoTIFF (${whyNot(header)}).`],
  };
}

/** GDAL's colours that are common names of the EO extension too; gray, palette and alpha are none. */
const COMMON_NAMES = new Set(['red', 'green', 'blue', 'yellow', 'pan', 'coastal', 'rededge', 'nir', 'swir16', 'swir22', 'cirrus', 'lwir']);

function bandFacts(header: CogHeader): BandFacts[] {
  return header.bands.map((band) => ({
    name: band.name,
    data_type: band.dataType,
    ...(band.nodata === undefined ? {} : { nodata: band.nodata }),
    ...(band.description === undefined ? {} : { description: band.description }),
    ...(band.unit === undefined ? {} : { unit: band.unit }),
    ...(COMMON_NAMES.has(band.colorInterpretation ?? '') ? { 'eo:common_name': band.colorInterpretation } : {}),
    ...(band.scale === 1 && band.offset === 0 ? {} : { 'raster:scale': band.scale, 'raster:offset': band.offset }),
    'raster:spatial_resolution': header.gsd,
    'raster:sampling': header.areaOrPoint === 'Point' ? 'point' : 'area',
  }));
}

function whyNot(header: CogHeader): string {
  if (!header.tiled) return 'strips instead of tiles';
  return header.overviews.length === 0 ? 'no overviews' : 'its directories lie behind its data';
}

/** The facts as members of a STAC Item: its properties, and those of the asset beside its href. */
export function factFields(facts: TileFacts): { readonly properties: JsonObject; readonly asset: JsonObject } {
  const { gsd, bands, warnings, 'file:size': size } = facts;
  return {
    properties: {
      gsd,
      'proj:code': facts['proj:code'],
      'proj:shape': [...facts['proj:shape']],
      'proj:transform': [...facts['proj:transform']],
      'proj:bbox': [...facts['proj:bbox']],
    },
    asset: {
      type: warnings.length === 0 ? COG_TYPE : GEOTIFF_TYPE,
      ...(size === undefined ? {} : { 'file:size': size }),
      bands: bands.map((band): Json => ({ ...band })),
    },
  };
}
