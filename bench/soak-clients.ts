/** The clients of a soak: writers that remember what was acknowledged, readers that look for it, and every answer with its time. */
import { setTimeout as delay } from 'node:timers/promises';

export interface Heard {
  readonly at: number;
  /** 0: there was no answer; -1: one that had begun was cut, which no status can tell any more. */
  readonly status: number;
  readonly what: string;
}

export interface SoakClients {
  readonly heard: readonly Heard[];
  /** Datasets whose POST was answered 201 or 200, with their searches, and those whose DELETE was answered. */
  readonly written: ReadonlyMap<string, { readonly tiles: number; readonly search: string }>;
  readonly deleted: ReadonlySet<string>;
  /** Ends the clients and waits for their last answers. */
  stop(): Promise<void>;
}

export interface SoakOptions {
  readonly url: string;
  /** A dataset with COGs that can be drawn. */
  readonly drawn: string;
  readonly key: string;
  readonly readers: number;
  readonly writers: number;
}

interface Said {
  readonly method?: string;
  readonly body?: string;
  readonly idempotencyKey?: string;
}

/** Between requests of one client: the soak looks for faults, the other benches for the most. */
const PAUSE_MS = 20;
const TIMEOUT_MS = 30_000;

export function startSoakClients({ url, drawn, key, readers, writers }: SoakOptions): SoakClients {
  const heard: Heard[] = [];
  const written = new Map<string, { tiles: number; search: string }>();
  const deleted = new Set<string>();
  const stopping = new AbortController();
  const isRunning = (): boolean => !stopping.signal.aborted;

  async function fetched(path: string, { method = 'GET', body, idempotencyKey }: Said): Promise<{ status: number; text: string }> {
    const headers = { 'X-API-Key': key, 'Content-Type': 'application/json', ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }) };
    const response = await fetch(url + path, { method, headers, ...(body === undefined ? {} : { body }), signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = await response.text().catch(() => undefined);
    return text === undefined ? { status: -1, text: '' } : { status: response.status, text };
  }

  async function ask(what: string, path: string, said: Said = {}): Promise<{ status: number; text: string }> {
    const answer = await fetched(path, said).catch(() => ({ status: 0, text: '' }));
    heard.push({ at: performance.now(), status: answer.status, what });
    await delay(PAUSE_MS);
    return answer;
  }

  async function write(writer: number): Promise<void> {
    for (let n = 0; isRunning(); n += 1) {
      const id = `soak-${writer}-${n}`;
      const tiles = 1 + (n % 20);
      const body = JSON.stringify({
        dataset: { id, properties: { datetime: '2024-01-01T00:00:00Z' } },
        tiles: Array.from({ length: tiles }, (_, i) => ({ href: `https://example.com/${id}/${i}.tif`, bbox: [i, writer, i + 1, writer + 1] })),
      });
      const post = (): Promise<{ status: number; text: string }> => ask('POST dataset', '/api/datasets', { method: 'POST', body, idempotencyKey: id });
      let answer = await post();
      // What broke off may have happened or not: the key tells, as it would an ETL.
      for (let tries = 0; ![200, 201].includes(answer.status) && tries < 200 && isRunning(); tries += 1) {
        await delay(200);
        answer = await post();
      }
      if (![200, 201].includes(answer.status)) continue;
      const { search_id: search } = JSON.parse(answer.text) as { search_id: string };
      written.set(id, { tiles, search });
      if (n % 5 === 4) {
        const old = `soak-${writer}-${n - 3}`;
        // From here on it may be gone; that it is, is judged only where the answer says so.
        written.delete(old);
        const { status } = await ask('DELETE dataset', `/api/datasets/${old}`, { method: 'DELETE' });
        if (status === 204) deleted.add(old);
      }
    }
  }

  async function read(reader: number): Promise<void> {
    for (let n = reader; isRunning(); n += 1) {
      const known = [...written].at(-1 - (n % 5));
      const [id, { search }] = known ?? [drawn, { search: '' }];
      const [z, x, y] = [2, n % 4, (n >> 2) % 4];
      const asked: readonly (readonly [string, string])[] = [
        ['search', '/search?limit=10&bbox=0,0,10,10'], ['items', '/collections/datasets/items?limit=5'], ['dataset', `/api/datasets/${id}`], ['mosaic', `/api/datasets/${id}/mosaic.json`],
        ['tile', `/api/datasets/${drawn}/tiles/${z}/${x}/${y}`], ['tilejson', `/api/datasets/${id}/tilejson.json`], ['search info', search === '' ? '/searches/list' : `/searches/${search}/info`], ['collections', '/collections'],
      ];
      const [what, path] = asked[n % asked.length] ?? ['collections', '/collections'];
      const { status } = await ask(what, path);
      // One that its writer deletes meanwhile is rightly gone.
      if (status === 404) heard.pop();
      if (status === 404 && written.has(id)) heard.push({ at: performance.now(), status, what: `${what} of an acknowledged dataset` });
    }
  }

  const clients = [...Array.from({ length: writers }, (_, i) => write(i)), ...Array.from({ length: readers }, (_, i) => read(i))];
  return {
    heard,
    written,
    deleted,
    async stop() {
      stopping.abort();
      await Promise.all(clients);
    },
  };
}
