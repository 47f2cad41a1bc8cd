import { fileVersions } from '../../src/tiles/file-versions.js';

it('a file that is replaced under its name is noticed, and names its tiles from then on', () => {
  const files = fileVersions();
  expect(files.notice({ a: '1', b: '1' })).toBe(false);
  expect(files.changed(['a', 'b', 'c'])).toBe('');
  expect(files.notice({ a: '1' })).toBe(false);
  expect(files.notice({ a: '2' })).toBe(true);
  expect(files.changed(['a', 'b'])).toBe('2');
  expect(files.changed(['b'])).toBe('');
  expect(files.notice({ a: '2', b: '1' })).toBe(false);
});
