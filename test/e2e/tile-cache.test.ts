/** Caches of tiles that servers share, against the real programs; skipped where they are not installed. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createLogger } from '../../src/log.js';
import { openTileCache } from '../../src/tiles/open-cache.js';
import { memoryCache, type CachedTile, type TileCache } from '../../src/tiles/tile-cache.js';
import { freePort } from '../support/free-port.js';

const tile = (size = 1000): CachedTile => ({ bytes: Buffer.from(Uint8Array.from({ length: size }, (_, i) => i % 256)), contentType: 'image/png', empty: false, used: ['https://cogs.example.com/a.tif'], failed: [] });

const PROGRAMS = {
  redis: { name: 'redis-server', run: (port: number) => ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'] },
  memcached: { name: 'memcached', run: (port: number) => ['-p', String(port), '-l', '127.0.0.1', '-u', 'nobody'] },
} as const;

const open = (cacheUrl: string): TileCache => openTileCache({ titiler: undefined, cacheUrl, cacheDisabled: false }, createLogger('silent'));

/** A cache that has just been opened may not be connected yet. */
async function stored(cache: TileCache, key: string): Promise<CachedTile | undefined> {
  for (const end = Date.now() + 15_000; Date.now() < end; ) {
    await cache.set(key, tile());
    const found = await cache.get(key);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return undefined;
}

describe.each(Object.entries(PROGRAMS))('%s', (scheme, { name, run }) => {
  const installed = spawnSync(name, ['--version']).error === undefined;
  const when = installed ? test : test.skip;
  let running: ChildProcess;
  let port: number;

  const start = (): void => void (running = spawn(name, run(port), { stdio: 'ignore' }));
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      running.once('exit', () => resolve());
      running.kill('SIGKILL');
    });

  beforeAll(async () => {
    if (!installed) return;
    port = await freePort();
    start();
  });
  afterAll(async () => {
    if (installed) await stop();
  });

  when(`${name}: a tile that one server has drawn is known to another`, async () => {
    const [one, other] = [open(`${scheme}://127.0.0.1:${port}`), open(`${scheme}://127.0.0.1:${port}`)];
    expect(await stored(one, 'shared')).toEqual(tile());
    expect(await stored(other, 'warm')).toEqual(tile());
    expect(await other.get('shared')).toEqual(tile());
    expect(await other.get('unknown')).toBeUndefined();
    await Promise.all([one.close(), other.close()]);
  });

  when(`${name}: a cache that is lost is as one that knows nothing, and is used again when it is back`, async () => {
    const cache = open(`${scheme}://127.0.0.1:${port}`);
    expect(await stored(cache, 'before')).toBeDefined();
    await stop();
    const began = Date.now();
    expect(await cache.get('before')).toBeUndefined();
    await cache.set('during', tile());
    expect(Date.now() - began).toBeLessThan(1000);
    start();
    expect(await stored(cache, 'after')).toEqual(tile());
    await cache.close();
  }, 30_000);
});

test('the cache in memory forgets the oldest beyond its bytes', async () => {
  const cache = memoryCache(100_000);
  for (let i = 0; i < 100; i++) await cache.set(String(i), tile(10_000));
  const known = await Promise.all(Array.from({ length: 100 }, (_, i) => cache.get(String(i))));
  expect(known.filter((found) => found !== undefined)).toHaveLength(9);
  expect(known[99]).toBeDefined();
});
