/** What is kept of items is bounded, and says when it is worth asking. */
import { createItemBytes } from '../../src/search/item-bytes.js';

it('keeps bytes by version and base, as UTF-8', () => {
  const of = createItemBytes();
  expect(of('http://a').keep('1 2', '{"é":1}').toString()).toBe('{"é":1}');
  expect(of('http://a').get('1 2')?.toString()).toBe('{"é":1}');
  expect(of('http://b').get('1 2')).toBeUndefined();
  expect(of('http://a').get('1 3')).toBeUndefined();
});

it('forgets the oldest beyond its size', () => {
  const bytes = createItemBytes(10_000)('');
  for (let i = 0; i < 100; i += 1) bytes.keep(`v${i}`, 'x'.repeat(1000));
  const left = Array.from({ length: 100 }, (_, i) => `v${i}`).filter((version) => bytes.get(version) !== undefined);
  expect(left).toEqual(['v92', 'v93', 'v94', 'v95', 'v96', 'v97', 'v98', 'v99']);
});

it('is warm while most of what comes is kept', () => {
  const bytes = createItemBytes()('');
  expect(bytes.isWarm).toBe(false);
  for (let i = 0; i < 40; i += 1) bytes.saw(10, 10);
  expect(bytes.isWarm).toBe(true);
  bytes.saw(0, 0);
  expect(bytes.isWarm).toBe(true);
  for (let i = 0; i < 40; i += 1) bytes.saw(1, 10);
  expect(bytes.isWarm).toBe(false);
});
