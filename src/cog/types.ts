/** What the header of a GeoTIFF tells, in the words of STAC and GDAL. */
import type { MultiPolygon, Polygon } from 'geojson';

/** STAC 1.1 common metadata `data_type`. */
export type DataType =
  | 'int8' | 'int16' | 'int32' | 'int64'
  | 'uint8' | 'uint16' | 'uint32' | 'uint64'
  | 'float16' | 'float32' | 'float64'
  | 'cint16' | 'cint32' | 'cfloat32' | 'cfloat64'
  | 'other';

/** STAC 1.1 common metadata `nodata`: a number, or what JSON numbers cannot say. */
export type Nodata = number | 'nan' | 'inf' | '-inf';

export interface Band {
  /** `b1`, `b2`, … as rio-tiler and rio-stac call them. */
  readonly name: string;
  readonly dataType: DataType;
  readonly nodata?: Nodata;
  readonly description?: string;
  /** GDAL's word in lower case: gray, red, green, blue, alpha, palette; absent where nothing is known. */
  readonly colorInterpretation?: string;
  /** GDAL's SCALE and OFFSET: real value = stored × scale + offset; 1 and 0 when not given. */
  readonly scale: number;
  readonly offset: number;
  readonly unit?: string;
}

export interface Crs {
  /** `EPSG:32618` */
  readonly code: string;
  /** For proj4, coordinates always as x (east), y (north). */
  readonly proj4: string;
  readonly units: 'metre' | 'degree' | 'foot' | 'US survey foot' | 'other';
  /** Of one unit; of a degree at the equator where the CRS is geographic. */
  readonly metresPerUnit: number;
}

/** Row-major affine as in `proj:transform`: x = a·column + b·row + c, y = d·column + e·row + f, from a pixel's upper left corner. */
export type Transform = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** `[west, south, east, north]`; in EPSG:4326 west > east where it crosses the antimeridian. */
export type Bbox = [west: number, south: number, east: number, north: number];

export interface CogHeader {
  readonly width: number;
  readonly height: number;
  readonly bands: readonly Band[];
  readonly dataType: DataType;
  readonly nodata: Nodata | undefined;
  readonly crs: Crs;
  readonly transform: Transform;
  /** In the CRS, `[xmin, ymin, xmax, ymax]`. */
  readonly projBbox: Bbox;
  /** In EPSG:4326. */
  readonly bbox: Bbox;
  /** In EPSG:4326, counter-clockwise; a MultiPolygon where it crosses the antimeridian. */
  readonly footprint: Polygon | MultiPolygon;
  /** Metres on the ground at the centre. */
  readonly gsd: number;
  /** When it was taken or written, by GDAL's ACQUISITIONDATETIME, else by TIFF's DateTime; RFC 3339. */
  readonly datetime?: string;
  /** Bytes, when the source knows. */
  readonly fileSize: number | undefined;
  /** WebMercatorQuad zooms of 256 pixel tiles, as rio-tiler reckons them. */
  readonly minzoom: number;
  readonly maxzoom: number;
  /** Finest first. */
  readonly overviews: readonly Size[];
  readonly tiled: boolean;
  /** Tiled, with overviews or at most 512 pixels a side, its directories before its data. */
  readonly isCog: boolean;
  /** Width and height of a tile, or of a strip. */
  readonly blockSize: readonly [number, number];
  /** none, lzw, jpeg, deflate, packbits, lerc, lzma, zstd, webp, jxl, jpeg2000, or `tiff-<code>` */
  readonly compression: string;
  /** white-is-zero, gray, rgb, palette, mask, cmyk, ycbcr, cielab, or `tiff-<code>` */
  readonly photometric: string;
  readonly planar: 'chunky' | 'separate';
  /** TIFF tag 339: 1 unsigned, 2 signed, 3 floating point, 4 undefined, 5 and 6 complex. */
  readonly sampleFormat: number;
  /** TIFF tag 317: 1 none, 2 horizontal differencing, 3 floating point. */
  readonly predictor: number;
  readonly bitsPerSample: number;
  /** An internal mask (a directory of its own). */
  readonly hasMask: boolean;
  readonly hasAlpha: boolean;
  readonly scales: readonly number[];
  readonly offsets: readonly number[];
  readonly areaOrPoint: 'Area' | 'Point';
}
