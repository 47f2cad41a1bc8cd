/** The program of a worker thread: draws the tiles it is told to, with caches of its own. */
import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { createAssets } from './assets.js';
import { drawTile } from './draw.js';
import { toWire, type FromWorker, type ToWorker, type WorkerSetup } from './messages.js';

// One thread a picture: the workers are as many as the cores, and a tile is too small to share.
sharp.concurrency(1);
sharp.cache(false);

// eslint-disable-next-line typescript/no-unsafe-type-assertion -- our own message, made by renderer.ts
const { policy, caches } = workerData as WorkerSetup;
const assets = createAssets(policy, caches);
const running = new Map<number, AbortController>();

async function draw({ id, request }: Extract<ToWorker, { type: 'draw' }>): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const tile = await drawTile(request, assets, controller.signal);
    // A copy of its own length: the encoder's buffer may lie in a pool that cannot change threads.
    const bytes = new Uint8Array(tile.bytes);
    send({ type: 'drawn', id, tile: { ...tile, bytes } }, [bytes.buffer]);
  } catch (error) {
    send({ type: 'failed', id, error: toWire(error) });
  } finally {
    running.delete(id);
  }
}

const send = (message: FromWorker, transfer: ArrayBuffer[] = []): void => parentPort?.postMessage(message, transfer);

parentPort?.on('message', (message: ToWorker) => {
  if (message.type === 'cancel') running.get(message.id)?.abort();
  else void draw(message);
});
