/** The program of a worker thread: draws the tiles it is told to, with caches of its own. */
import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { createAssets } from './assets.js';
import { drawTile } from './draw.js';
import { measure } from './measure.js';
import { type Done, type FromWorker, type ToWorker, toWire, type Work, type WorkerSetup } from './messages.js';
import { probe } from './point.js';

// One thread a picture: the workers are as many as the cores, and a tile is too small to share.
sharp.concurrency(1);
sharp.cache(false);

// eslint-disable-next-line typescript/no-unsafe-type-assertion -- our own message, made by renderer.ts
const { policy, caches } = workerData as WorkerSetup;
const assets = createAssets(policy, caches);
const running = new Map<number, AbortController>();

/** Large pictures and statistics are made one after another: each may hold a hundred megabytes. */
let large: Promise<unknown> = Promise.resolve();

async function run(work: Work, signal: AbortSignal): Promise<Done> {
  if (work.type === 'draw') return { type: 'drawn', tile: await drawTile(work.request, assets, signal) };
  if (work.type === 'measure') return { type: 'measured', statistics: await measure(work.request, assets, signal) };
  return { type: 'probed', values: await probe(work.request, assets, signal) };
}

const isLarge = (work: Work): boolean => work.type === 'measure' || (work.type === 'draw' && !('tms' in work.request));

function begin(work: Work, signal: AbortSignal): Promise<Done> {
  if (!isLarge(work)) return run(work, signal);
  const done = large.then(() => run(work, signal));
  large = done.catch(() => undefined); // who asked hears of it
  return done;
}

async function answer({ id, ...work }: Work & { readonly id: number }): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const done = await begin(work, controller.signal);
    if (done.type !== 'drawn') return send({ ...done, id });
    // A copy of its own length: the encoder's buffer may lie in a pool that cannot change threads.
    const bytes = new Uint8Array(done.tile.bytes);
    send({ type: 'drawn', id, tile: { ...done.tile, bytes } }, [bytes.buffer]);
  } catch (error) {
    send({ type: 'failed', id, error: toWire(error) });
  } finally {
    running.delete(id);
  }
}

const send = (message: FromWorker, transfer: ArrayBuffer[] = []): void => parentPort?.postMessage(message, transfer);

parentPort?.on('message', (message: ToWorker) => {
  if (message.type === 'cancel') running.get(message.id)?.abort();
  else void answer(message);
});
