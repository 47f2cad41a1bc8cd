/** Times out of tags and names of files. */
import { parseNameDatetime, parseTagDatetime } from '../../src/cog/datetime.js';
import { cogNames } from '../../src/collections/cog-names.js';

describe('the time in a tag', () => {
  const cases: readonly [text: string | undefined, found: string | undefined][] = [
    ['2024:10:15 12:00:01', '2024-10-15T12:00:01.000Z'],
    ['2024-10-15 12:00:01', '2024-10-15T12:00:01.000Z'],
    ['2024-10-15T12:00:01.5+02:00', '2024-10-15T10:00:01.500Z'],
    [' 2024/10/15 12:00\n', '2024-10-15T12:00:00.000Z'],
    ['2024:10:15', '2024-10-15T00:00:00.000Z'],
    ['2024:02:30 12:00:00', undefined],
    ['0000:00:00 00:00:00', undefined],
    ['    :  :     :  :  ', undefined],
    ['last week', undefined],
    ['', undefined],
    [undefined, undefined],
  ];
  it.each(cases)('%s is %s', (text, found) => expect(parseTagDatetime(text)).toBe(found));
});

describe('the time in a name', () => {
  const cases: readonly [name: string, found: string | undefined][] = [
    ['S2A_MSIL2A_20240115T101411_N0510.tif', '2024-01-15T10:14:11.000Z'],
    ['flood_20241015T120000Z.tif', '2024-10-15T12:00:00.000Z'],
    ['flood_20241015T1200.tif', '2024-10-15T12:00:00.000Z'],
    ['flood-2024-10-15.tif', '2024-10-15T00:00:00.000Z'],
    ['2024-10-15T12:30:00Z.tif', '2024-10-15T12:30:00.000Z'],
    ['2024-10-15t12-30-01_v2.tif', '2024-10-15T12:30:01.000Z'],
    ['x_2024_10_15_y.tif', '2024-10-15T00:00:00.000Z'],
    ['LC08_20230230_20230301.tif', '2023-03-01T00:00:00.000Z'],
    ['world_10000_5000.tif', undefined],
    ['tile_120241015.tif', undefined],
    ['tile_202410150.tif', undefined],
    ['20241315.tif', undefined],
    ['18991231.tif', undefined],
    ['a.tif', undefined],
  ];
  it.each(cases)('%s is %s', (name, found) => expect(parseNameDatetime(name)).toBe(found));
});

describe('the ids of items made of COGs', () => {
  const cases: readonly [name: string, hrefs: readonly string[], ids: readonly string[]][] = [
    ['are the names without their endings', ['az://silver/a/x.tif', 'https://h.example.com/b/y.TIFF?sig=1', '/vsiaz/c/z.v1.tif', 'file:///d/none'], ['x', 'y', 'z.v1', 'none']],
    ['are whole paths where names repeat', ['az://c/a/x.tif', 'az://c/b/x.tif', 'az://c/x2.tif'], ['a-x', 'b-x', 'x2']],
    ['name the container where paths repeat too', ['az://c/a/x.tif', 'az://d/a/x.tif'], ['c-a-x', 'd-a-x']],
    ['are the same for the same file', ['az://c/a/x.tif', 'az://c/a/x.tif'], ['x', 'x']],
    ['are decoded where that gives an id', ['https://h.example.com/a%20b.tif', 'https://h.example.com/a%2Fb.tif', 'https://h.example.com/a%ZZ.tif'], ['a b', 'a%2Fb', 'a%ZZ']],
  ];
  it.each(cases)('%s', (_name, hrefs, ids) => expect(cogNames(hrefs).map(({ id }) => id)).toEqual(ids));
});
