import { namedColormap, parseColormap } from '../../src/tiles/colormaps.js';
import { parseExpressions } from '../../src/tiles/expression.js';
import { reachOf, tapsAt } from '../../src/tiles/kernels.js';
import { encodeNpy } from '../../src/tiles/npy.js';
import { decodePackBits } from '../../src/tiles/packbits.js';
import { type BlockShape, toSamples } from '../../src/tiles/unpack.js';

/** The value of an expression at one pixel, b1 = 7 and b2 = 10 unless told. */
const value = (text: string, b1 = 7, b2 = 10): number => {
  const [expression] = parseExpressions(text);
  return expression?.evaluate(expression.bands.map((band) => Float64Array.of(band === 'b1' ? b1 : b2)), 0) ?? Number.NaN;
};

describe('an expression', () => {
  it.each([
    ['(b1-b2)/(b1+b2)', -3 / 17], ['b1+b2*2', 27], ['-b1**2', -49], ['2**b1**0', 2], ['b1//2 + b1%4', 6], ['(b1>5)&(b2<5)', 0], ['~(b1>5)', 0], ['b1>5|b2', 0],
    ['where(b1<b2, b1, b2)', 7], ['sqrt(b1*b1)', 7], ['maximum(b1,b2)-minimum(b1,b2)', 3], ['arctan2(b1,b1)*4', Math.PI], ['B1 * 1.5e1', 105], ['.5*b1', 3.5], ['round(b1/2)', 4],
  ])('%s is %p', (text, expected) => {
    expect(value(text)).toBeCloseTo(expected, 12);
  });

  it('may be several, and knows its bands and whether it stays whole', () => {
    expect(parseExpressions('b3+b1*b3; b2/b1;').map(({ text, bands, whole }) => [text, bands, whole])).toEqual([['b3+b1*b3', ['b3', 'b1'], true], ['b2/b1', ['b2', 'b1'], false]]);
  });

  it.each(['', ';', '1+1', 'b1+', 'b1 b2', 'eval(b1)', 'b1.constructor', 'b0', '__proto__', 'toString(b1)', 'b1<b2<b1', 'where(b1,b2)', '(b1', 'b1)', 'b1;import os', '"b1"', `${'('.repeat(100)}b1${')'.repeat(100)}`, `b1${'+b1'.repeat(2000)}`])(
    '%p is refused as the caller\'s fault', (text) => {
      expect(() => parseExpressions(text)).toThrow(expect.objectContaining({ kind: 'InvalidInput' }) as Error);
    });
});

describe('a colormap', () => {
  it('has matplotlib\'s colours under its name, turned round with _r', () => {
    const viridis = namedColormap('viridis').colours;
    expect(viridis).toHaveLength(256);
    expect([viridis[0], viridis[255]]).toEqual([[0, [68, 1, 84, 255]], [255, [253, 231, 37, 255]]]);
    expect(namedColormap('viridis_r').colours[0]?.[1]).toEqual([253, 231, 37, 255]);
    expect(namedColormap('set1').colours[0]?.[1]).toEqual([228, 26, 28, 255]);
    expect(namedColormap('thermal').colours[255]?.[1]).toEqual(namedColormap('Thermal_r').colours[0]?.[1]);
    expect(namedColormap('rplumbo').colours[0]?.[1]).toEqual([0, 0, 0, 255]);
    expect(() => namedColormap('cfastie_r')).toThrow(expect.objectContaining({ kind: 'InvalidInput' }) as Error);
    expect(() => namedColormap('constructor')).toThrow(expect.objectContaining({ kind: 'InvalidInput' }) as Error);
  });

  it('is values or intervals, in any spelling of a colour', () => {
    expect(parseColormap('{"1": "#f00", "2.5": [1, 2, 3], "-3": "#01020304"}').colours).toEqual(expect.arrayContaining([[1, [255, 0, 0, 255]], [2.5, [1, 2, 3, 255]], [-3, [1, 2, 3, 4]]]));
    expect(parseColormap('[[[0, 1.5], "#0f08"]]')).toEqual({ type: 'intervals', colours: [[0, 1.5, [0, 255, 0, 136]]] });
    for (const text of ['{', '5', '{}', '[]', '{"x": "#fff"}', '{"1": "red"}', '{"1": [1, 2]}', '{"1": [0, 0, 256]}', '[[1, "#fff"]]', 'null']) {
      expect(() => parseColormap(text)).toThrow(expect.objectContaining({ kind: 'InvalidInput' }) as Error);
    }
  });
});

describe('a kernel', () => {
  it('weighs neighbours by their distance, and more of them where a tile is coarser', () => {
    expect(tapsAt('bilinear', 2.75, 1, 10)).toEqual({ first: 2, weights: Float64Array.of(0.75, 0.25) });
    expect(tapsAt('average', 4, 2, 10)).toEqual({ first: 3, weights: Float64Array.of(1, 1) });
    expect([...tapsAt('cubic', 2.5, 1, 10).weights].map((weight) => Math.round(weight * 1e9))).toEqual([0, 0, 1e9, 0, 0]);
    expect(tapsAt('bilinear', 5, 2, 10).weights).toHaveLength(4);
    expect(tapsAt('lanczos', 0.5, 1, 2).first).toBe(0);
    expect(reachOf('cubic', 2)).toBeGreaterThanOrEqual(4);
  });
});

describe('the bytes of a block', () => {
  const shape: BlockShape = { rowSamples: 4, samples: 1, rows: 1, bits: 16, format: 1, predictor: 1, littleEndian: true, type: 'uint16' };
  const of = (bytes: readonly number[], change: Partial<BlockShape>): number[] => [...toSamples(Uint8Array.from(bytes), { ...shape, ...change })];

  it('are read in either order, differenced or not', () => {
    expect(of([1, 0, 2, 0, 0, 1, 255, 255], {})).toEqual([1, 2, 256, 65_535]);
    expect(of([0, 1, 0, 2, 1, 0, 255, 255], { littleEndian: false })).toEqual([1, 2, 256, 65_535]);
    expect(of([0, 1, 0, 2, 0, 3, 255, 255], { littleEndian: false, predictor: 2 })).toEqual([1, 3, 6, 5]);
    expect(of([1, 2, 3, 255], { bits: 8, type: 'uint8', predictor: 2, samples: 2 })).toEqual([1, 2, 4, 1]);
    expect(of([1, 0, 0, 0, 255, 255, 255, 255], { bits: 32, type: 'int32', format: 2, rowSamples: 2, predictor: 2 })).toEqual([1, 0]);
  });

  it('are joined from the floating point predictor', () => {
    // 1.5 and -2 big-endian: 3f c0 00 00, c0 00 00 00; sorted by significance and differenced
    const sorted = [0x3f, 0xc0, 0xc0, 0x00, 0, 0, 0, 0];
    const differenced = sorted.map((byte, i) => (byte - (sorted[i - 1] ?? 0)) & 0xff);
    expect(of(differenced, { bits: 32, format: 3, type: 'float32', rowSamples: 2, predictor: 3 })).toEqual([1.5, -2]);
  });

  it('hold samples of any depth, and half floats', () => {
    expect(of([0b1011_0000], { bits: 1, type: 'uint8' })).toEqual([1, 0, 1, 1]);
    expect(of([0xab, 0xcd, 0xef, 0x12, 0x34, 0x56], { bits: 12 })).toEqual([0xabc, 0xdef, 0x123, 0x456]);
    expect(of([0x00, 0x3c, 0x00, 0xc0, 0x00, 0x7c, 0x01, 0x00], { format: 3, type: 'float32' })).toEqual([1, -2, Infinity, 2 ** -24]);
  });

  it('are refused with a predictor that does not fit them', () => {
    expect(() => of([0], { bits: 1, type: 'uint8', predictor: 2 })).toThrow(/predictor/);
    expect(() => of([0, 0], { predictor: 3 })).toThrow(/predictor/);
    expect(() => of([0, 0], { predictor: 9 })).toThrow(/predictor/);
  });

  it('are unpacked from PackBits, never into more than there is room for', () => {
    expect([...decodePackBits(Uint8Array.of(2, 1, 2, 3, 254, 9, 128, 0, 7), 100)]).toEqual([1, 2, 3, 9, 9, 9, 7]);
    expect(decodePackBits(Uint8Array.of(129, 9, 129, 9), 130)).toHaveLength(130);
  });
});

it('A NumPy file says its type and shape, its data begins at a multiple of 64', () => {
  const file = Buffer.from(encodeNpy([[1, 2], [3, 400]], 'uint16', 2, 1));
  expect(file.toString('latin1', 1, 6)).toBe('NUMPY');
  expect(file.toString('latin1')).toContain("{'descr': '<u2', 'fortran_order': False, 'shape': (2, 1, 2), }");
  expect([(file.length - 8) % 64, file.readUInt16LE(file.length - 2)]).toEqual([0, 400]);
});
