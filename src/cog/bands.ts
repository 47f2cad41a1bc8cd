/** The bands of an image: data types, colours, scale and offset, nodata. */
import type { TiffImage } from '@cogeotiff/core';
import { TiffTag } from '@cogeotiff/core';
import { invalidInput } from '../errors.js';
import type { BandMetadata } from './gdal.js';
import { parseGdalMetadata, parseNodata } from './gdal.js';
import { numberOf, numbersOf, photometricName, textOf } from './tags.js';
import type { Band, DataType, Nodata } from './types.js';

/** Hyperspectral sensors have a few hundred; a count beyond this is a damaged file. */
const MAX_BANDS = 4096;

export interface Samples {
  readonly bands: readonly Band[];
  readonly dataType: DataType;
  readonly nodata: Nodata | undefined;
  readonly sampleFormat: number;
  readonly bitsPerSample: number;
  readonly photometric: string;
  readonly hasAlpha: boolean;
}

export function readSamples(image: TiffImage): Samples {
  const count = numberOf(image, TiffTag.SamplesPerPixel, 1);
  if (!Number.isInteger(count) || count < 1 || count > MAX_BANDS) throw invalidInput(`it claims to have ${count} bands`);
  const bitsPerSample = numberOf(image, TiffTag.BitsPerSample, 1);
  const sampleFormat = numberOf(image, TiffTag.SampleFormat, 1);
  const dataType = dataTypeOf(sampleFormat, bitsPerSample);
  const photometric = photometricName(numberOf(image, TiffTag.Photometric, 1));
  const nodata = parseNodata(textOf(image, TiffTag.GdalNoData));
  const metadata = parseGdalMetadata(textOf(image, TiffTag.GdalMetadata));
  const colors = colorsOf(photometric, count, numbersOf(image, TiffTag.ExtraSamples));
  const bands = Array.from({ length: count }, (_, i) => bandOf(i, dataType, nodata, colors[i], metadata.get(i) ?? {}));
  const hasAlpha = bands.some((band) => band.colorInterpretation === 'alpha');
  return { bands, dataType, nodata, sampleFormat, bitsPerSample, photometric, hasAlpha };
}

function bandOf(i: number, dataType: DataType, nodata: Nodata | undefined, color: string | undefined, said: BandMetadata): Band {
  const colorInterpretation = said.colorInterpretation ?? color;
  return {
    name: `b${i + 1}`,
    dataType,
    ...(nodata === undefined ? {} : { nodata }),
    ...(said.description === undefined ? {} : { description: said.description }),
    ...(colorInterpretation === undefined || colorInterpretation === 'undefined' ? {} : { colorInterpretation }),
    scale: said.scale ?? 1,
    offset: said.offset ?? 0,
    ...(said.unit === undefined ? {} : { unit: said.unit }),
  };
}

/** TIFF 6 section 19 and GDAL's complex types; integers of other depths (GDAL's NBITS) are read into the next wider ones. */
function dataTypeOf(format: number, bits: number): DataType {
  const kind = ['uint', 'uint', 'int', 'float', 'uint', 'cint', 'cfloat'][format] ?? 'other';
  const depth = kind.endsWith('int') && kind !== 'cint' ? ([8, 16, 32, 64].find((wider) => bits <= wider) ?? bits) : bits;
  const types: Readonly<Record<string, DataType>> = {
    uint8: 'uint8', uint16: 'uint16', uint32: 'uint32', uint64: 'uint64',
    int8: 'int8', int16: 'int16', int32: 'int32', int64: 'int64', float16: 'float16', float32: 'float32', float64: 'float64',
    cint32: 'cint16', cint64: 'cint32', cfloat64: 'cfloat32', cfloat128: 'cfloat64',
  };
  return types[`${kind}${depth}`] ?? 'other';
}

/** Colours as the photometric tag and ExtraSamples (1 and 2: alpha) give them, before GDAL_METADATA has its say. */
function colorsOf(photometric: string, count: number, extra: readonly number[]): (string | undefined)[] {
  const named: Readonly<Record<string, readonly string[]>> = {
    rgb: ['red', 'green', 'blue'], ycbcr: ['red', 'green', 'blue'], palette: ['palette'], gray: ['gray'], 'white-is-zero': ['gray'],
    cmyk: ['cyan', 'magenta', 'yellow', 'black'],
  };
  const colors: (string | undefined)[] = [...(named[photometric] ?? [])].slice(0, count);
  const extras = count - extra.length;
  for (let i = colors.length; i < count; i++) colors.push([1, 2].includes(extra[i - extras] ?? 0) ? 'alpha' : undefined);
  return colors;
}
