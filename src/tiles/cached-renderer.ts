/** The renderer that remembers: a tile that is known is not drawn, and one that is being drawn is drawn once for all who ask. */
import { createHash } from 'node:crypto';
import type { RenderedTile, TileRenderer, RenderRequest } from './renderer.js';
import type { TileCache } from './tile-cache.js';

export interface ServedTile extends RenderedTile {
  /** Where it came from: drawn for this caller, shared with another's drawing, or known. */
  readonly from: 'drawn' | 'shared' | 'cache';
}

export interface CachedRenderer extends TileRenderer {
  /**
   * @param version of the items that the assets belong to: with the request all that a tile depends on
   * @throws as {@link TileRenderer.render}; a drawing ends early when everybody who waits for it has gone
   */
  render(request: RenderRequest, signal?: AbortSignal, version?: string): Promise<ServedTile>;
}

/** To be raised when other pixels are made of the same request. */
const FORM = 2;

/** Names a tile by all that it depends on, but for files that are replaced under their name. */
export const tileKey = (request: RenderRequest, version = ''): string =>
  createHash('sha256').update(JSON.stringify([FORM, request, version], spelled)).digest('base64url').slice(0, 27);

/** JSON has no NaN and no infinities, which may stand for nodata. */
const spelled = (_name: string, value: unknown): unknown => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value);

interface Drawing {
  readonly tile: Promise<RenderedTile>;
  readonly stop: AbortController;
  waiting: number;
  done: boolean;
}

export function cachedRenderer(renderer: TileRenderer, cache: TileCache): CachedRenderer {
  const drawings = new Map<string, Drawing>();

  function begin(key: string, request: RenderRequest): Drawing {
    const stop = new AbortController();
    const tile = renderer.render(request, stop.signal).finally(() => {
      drawing.done = true;
      if (drawings.get(key) === drawing) drawings.delete(key);
    });
    tile.then((drawn) => (drawn.failed.length === 0 ? cache.set(key, drawn) : undefined)).catch(() => undefined); // who waits hears of it
    const drawing: Drawing = { tile, stop, waiting: 0, done: false };
    drawings.set(key, drawing);
    return drawing;
  }

  /** The tile for one of those who wait; the last to go ends the drawing. */
  async function join(key: string, drawing: Drawing, signal: AbortSignal | undefined): Promise<RenderedTile> {
    let leave = (): void => undefined;
    drawing.waiting += 1;
    const gone = new Promise<never>((_resolve, reject) => {
      leave = () => reject(signal?.reason);
      signal?.addEventListener('abort', leave, { once: true });
    });
    try {
      return await Promise.race([drawing.tile, gone]);
    } finally {
      signal?.removeEventListener('abort', leave);
      drawing.waiting -= 1;
      if (drawing.waiting === 0 && !drawing.done) {
        if (drawings.get(key) === drawing) drawings.delete(key);
        drawing.stop.abort(signal?.reason);
      }
    }
  }

  return {
    async render(request, signal, version) {
      signal?.throwIfAborted();
      const key = tileKey(request, version);
      const known = drawings.has(key) ? undefined : await cache.get(key);
      if (known !== undefined) return { ...known, from: 'cache' };
      signal?.throwIfAborted();
      const running = drawings.get(key);
      return { ...(await join(key, running ?? begin(key, request), signal)), from: running === undefined ? 'drawn' : 'shared' };
    },
    measure: (request, signal) => renderer.measure(request, signal),
    probe: (request, signal) => renderer.probe(request, signal),
    stats: () => renderer.stats(),
    async close() {
      await renderer.close();
      await cache.close();
    },
  };
}
