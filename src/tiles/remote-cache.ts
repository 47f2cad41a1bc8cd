/** A tile cache that servers share: Redis or memcached, never waited for long and never a reason to fail. */
import { createClient, RESP_TYPES } from '@redis/client';
import memjs from 'memjs';
import { messageOf } from '../errors.js';
import { isObject } from '../json.js';
import type { Logger } from '../log.js';
import { shownHref } from '../storage/source.js';
import type { CachedTile, TileCache } from './tile-cache.js';

/** Bytes by name. Whatever fails throws. */
export interface RemoteStore {
  get(key: string): Promise<Buffer | undefined>;
  set(key: string, value: Buffer, seconds: number): Promise<void>;
  close(): Promise<void>;
}

/** A file that was replaced under its name is seen after so long. */
const SECONDS = 300;
/** A cache that is slower than this is slower than drawing. */
const WAIT_MS = 100;
/** After a failure the cache is left alone for so long, and said once. */
const REST_MS = 5000;
/** memcached's limit of a value. */
const MAX_BYTES = 1_000_000;
const PREFIX = 'stac-mosaic:tile:';

export function remoteCache(store: RemoteStore, logger: Logger): TileCache {
  let restsUntil = 0;

  /** What the store says in time; undefined where it failed. */
  async function ask<T>(what: string, answer: () => Promise<T>): Promise<T | undefined> {
    if (Date.now() < restsUntil) return undefined;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${WAIT_MS} ms`)), WAIT_MS);
    });
    try {
      return await Promise.race([answer(), late]);
    } catch (error) {
      if (Date.now() >= restsUntil) logger.warn(`the tile cache failed at ${what}: ${messageOf(error)}; tiles are drawn without it`);
      restsUntil = Date.now() + REST_MS;
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async get(key) {
      const value = await ask('reading', () => store.get(PREFIX + key));
      return value === undefined ? undefined : unpack(value);
    },
    async set(key, tile) {
      const value = pack(tile);
      if (value.length <= MAX_BYTES) await ask('writing', () => store.set(PREFIX + key, value, SECONDS));
    },
    close: () => store.close(),
  };
}

/** A length, a JSON of what is said beside the picture, the picture. */
export function pack({ bytes, contentType, empty, used }: CachedTile): Buffer {
  const said = Buffer.from(JSON.stringify({ contentType, empty, used: used.map(shownHref) }));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(said.length);
  return Buffer.concat([length, said, bytes]);
}

/** Undefined for what is not one of ours. */
export function unpack(value: Buffer): CachedTile | undefined {
  const end = value.length < 4 ? 0 : 4 + value.readUInt32BE(0);
  if (end === 0 || end > value.length) return undefined;
  try {
    const said: unknown = JSON.parse(value.toString('utf8', 4, end));
    if (!isObject(said)) return undefined;
    const { contentType, empty, used } = said;
    if (typeof contentType !== 'string' || typeof empty !== 'boolean' || !Array.isArray(used)) return undefined;
    return { bytes: value.subarray(end), contentType, empty, used: used.filter((href) => typeof href === 'string'), failed: [] };
  } catch {
    return undefined;
  }
}

/** Connects in the background and again after each loss. */
export function redisStore(url: URL, logger: Logger): RemoteStore {
  const client = createClient({ url: url.href, disableOfflineQueue: true, socket: { connectTimeout: 2000, reconnectStrategy: (tries) => Math.min(5000, 100 * 2 ** tries) } });
  client.on('error', (error: unknown) => logger.debug({ err: error }, 'the tile cache'));
  client.connect().catch((error: unknown) => logger.debug({ err: error }, 'the tile cache'));
  const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  return {
    get: async (key) => (await binary.get(key)) ?? undefined,
    set: async (key, value, seconds) => void (await client.set(key, value, { expiration: { type: 'EX', value: seconds } })),
    close: async () => client.destroy(),
  };
}

/** @param url `memcached://user:password@host:11211` */
export function memcachedStore(url: URL): RemoteStore {
  const [username, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  const credentials = username === '' ? {} : { username, password };
  const client = memjs.Client.create(`${url.hostname}:${url.port === '' ? '11211' : url.port}`, { ...credentials, timeout: 0.5, retries: 0, failoverTime: 5, keepAlive: true, logger: { log: () => undefined } });
  return {
    get: async (key) => (await client.get(key)).value ?? undefined,
    set: async (key, value, seconds) => void (await client.set(key, value, { expires: seconds })),
    close: async () => client.close(),
  };
}
