import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { silentLogger } from '../../src/log.js';
import type { Work } from '../../src/tiles/messages.js';
import { RenderPool } from '../../src/tiles/pool.js';

/** A worker that answers by the zoom it is asked for: 0 draws, 1 waits until it is cancelled, 2 dies, 3 hangs, 4 runs out of memory. */
const PROGRAM = `
  const { parentPort } = require('node:worker_threads');
  const tile = { bytes: new Uint8Array(1), contentType: 'image/png', empty: true, used: [], failed: [] };
  parentPort.on('message', ({ type, id, request }) => {
    if (type === 'cancel') return parentPort.postMessage({ type: 'failed', id, error: { kind: 'Internal', message: 'cancelled', faults: [] } });
    if (request.z === 2) process.exit(1);
    if (request.z === 3) for (;;);
    if (request.z === 4) for (const all = [];;) all.push(new Array(1e5).fill({}));
    if (request.z === 0) setTimeout(() => parentPort.postMessage({ type: 'drawn', id, tile }), 20);
  });`;

const draw = (z: number): Work => ({ type: 'draw', request: { tms: 'WebMercatorQuad', z, x: 0, y: 0, tileSize: 256, hrefs: [], format: 'png' } });

describe('the pool of tile workers', () => {
  let pool: RenderPool;
  let started: number;
  /** A worker that starts on a busy machine computes without a pause for longer than half a second: only who tests patience has little of it. */
  const makePool = (patience?: number): RenderPool => {
    started = 0;
    const start = (): Worker => {
      started++;
      return new Worker(PROGRAM, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 32 } });
    };
    return new RenderPool({ start, workers: 2, perWorker: 1, queueLimit: 3, ...(patience === undefined ? {} : { patience }), logger: silentLogger() });
  };
  beforeEach(() => {
    pool = makePool();
  });
  afterEach(() => pool.close());

  it('starts workers only when tiles come, and no more than it may', async () => {
    expect(started).toBe(0);
    await pool.run(draw(0));
    expect(started).toBe(1);
    await Promise.all([0, 0, 0, 0].map((z) => pool.run(draw(z))));
    expect(started).toBe(2);
    expect(pool.stats()).toMatchObject({ workers: 2, drawn: 5, running: 0, queued: 0 });
  });

  it('refuses what goes beyond its queue, saying when to come again', async () => {
    const accepted = Array.from({ length: 5 }, () => pool.run(draw(0)));
    await expect(pool.run(draw(0))).rejects.toMatchObject({ kind: 'Unavailable', retryAfter: 1 });
    await Promise.all(accepted);
    expect(pool.stats()).toMatchObject({ drawn: 5, refused: 1 });
  });

  it('replaces a worker that dies; only its own tile fails', async () => {
    const [dead, waiting, alive] = await Promise.allSettled([pool.run(draw(2)), pool.run(draw(0)), pool.run(draw(0))]);
    expect(dead).toMatchObject({ status: 'rejected', reason: { kind: 'Unavailable', retryAfter: 1 } });
    expect([waiting.status, alive.status]).toEqual(['fulfilled', 'fulfilled']);
    await pool.run(draw(0));
    expect(pool.stats().crashed).toBe(1);
  });

  it('survives workers that die one after another', async () => {
    const dead = await Promise.allSettled([2, 2, 2, 2].map((z) => pool.run(draw(z))));
    expect(dead.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'rejected']);
    await expect(pool.run(draw(0))).resolves.toMatchObject({ tile: { empty: true } });
  });

  it.each([['hangs', 3, 1500], ['runs out of memory', 4, undefined]])('replaces a worker that %s', async (_, z, patience) => {
    pool = makePool(patience);
    const [dead, alive] = await Promise.allSettled([pool.run(draw(z)), pool.run(draw(0))]);
    expect(dead).toMatchObject({ status: 'rejected', reason: { kind: 'Unavailable', retryAfter: 1 } });
    expect(alive.status).toBe('fulfilled');
    await Promise.all([pool.run(draw(0)), pool.run(draw(0))]);
    expect(pool.stats()).toMatchObject({ crashed: 1, workers: 2 });
  });

  it('leaves a worker alone that only waits', async () => {
    pool = makePool(1500);
    const controller = new AbortController();
    const waiting = pool.run(draw(1), controller.signal);
    await setTimeout(2500);
    expect(pool.stats()).toMatchObject({ running: 1, crashed: 0 });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('tells the worker when a tile is no longer wanted', async () => {
    const controller = new AbortController();
    const abandoned = pool.run(draw(1), controller.signal);
    controller.abort(new Error('the client left'));
    await expect(abandoned).rejects.toThrow('the client left');
    await expect(pool.run(draw(0), controller.signal)).rejects.toThrow('the client left');
    while (pool.stats().running > 0) await setTimeout(5);
    expect(pool.stats()).toMatchObject({ failed: 1, crashed: 0 });
  });

  it('forgets a waiting tile that is no longer wanted', async () => {
    const running = [pool.run(draw(0)), pool.run(draw(0))];
    const controller = new AbortController();
    const waiting = pool.run(draw(0), controller.signal);
    expect(pool.stats().queued).toBe(1);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect(pool.stats().queued).toBe(0);
    await Promise.all(running);
  });

  it('fails what it still holds when it is closed, and everything after', async () => {
    const held = [1, 1, 1].map((z) => pool.run(draw(z)));
    const settled = Promise.allSettled(held);
    await pool.close();
    for (const result of await settled) expect(result).toMatchObject({ status: 'rejected', reason: { kind: 'Unavailable' } });
    await expect(pool.run(draw(0))).rejects.toMatchObject({ kind: 'Unavailable' });
  });
});
