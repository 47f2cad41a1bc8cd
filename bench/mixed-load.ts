/** Map users, searches and mosaics at once, as fast as so many clients get their answers; some of the clients leave. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export interface MixedLoad {
  readonly url: string;
  /** A dataset whose tiles cover the earth, and the collection of those. */
  readonly dataset: string;
  readonly clients: number;
  readonly seconds: number;
  /** The server's, for its memory. */
  readonly pid: number | undefined;
  /** Numbers from 0 to 1. */
  readonly random?: () => number;
}

export interface LoadResult {
  /** Answers by what was asked and the status: `tile 200`, `search 503`; connections that broke are `error`. */
  readonly answers: Readonly<Record<string, number>>;
  readonly total: number;
  /** 2xx and 304. */
  readonly good: number;
  /** 503 with `Retry-After`. */
  readonly later: number;
  /** Everything else, the first few in words. */
  readonly bad: number;
  readonly examples: readonly string[];
  /** Requests that their client gave up. */
  readonly left: number;
  /** Milliseconds of the middle one and of one in a hundred. */
  readonly median: number;
  readonly slowest: number;
  /** Resident megabytes of the server, once a second. */
  readonly memory: readonly number[];
}

interface Question {
  readonly kind: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds after which the client goes. */
  readonly patience?: number;
}

interface Answer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

const MAX_ZOOM = 7;
const ETAGS = 500;

/** What the next client asks: 60 % tiles, of which a sixth is known to the client and a twelfth given up. */
function questioner(dataset: string, random: () => number): { next(): Question; heard(question: Question, answer: Answer): void } {
  const etags = new Map<string, string>();
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const tile = (): string => {
    const z = 1 + Math.floor(random() * MAX_ZOOM);
    const [x, y] = [Math.floor(random() * 2 ** z), Math.floor(random() * 2 ** z)];
    const style = pick(['', '', '', '.png', '.webp', '.jpg', '?tilesize=512', '?resampling=bilinear&reproject=bilinear', '?rescale=0,200', '?pixel_selection=mean']);
    return `/api/datasets/${dataset}/tiles/${z}/${x}/${y}${style}`;
  };
  const box = (): number[] => {
    const [west, south, side] = [random() * 300 - 180, random() * 120 - 90, 1 + random() * 50];
    return [west, south, west + side, south + side / 2];
  };
  const kinds: readonly [share: number, make: () => Question][] = [
    [0.45, () => ({ kind: 'tile', method: 'GET', path: tile() })],
    [0.1, () => {
      const [path, etag] = pick([...etags, [tile(), '"none"'] as const]);
      return { kind: 'tile again', method: 'GET', path, headers: { 'if-none-match': etag } };
    }],
    [0.05, () => ({ kind: 'tile left', method: 'GET', path: tile(), patience: 1 + random() * 40 })],
    [0.15, () => ({ kind: 'search', method: 'GET', path: `/search?collections=system_tiles,datasets&bbox=${box().map((value) => value.toFixed(4)).join(',')}&limit=10` })],
    [0.1, () => ({ kind: 'filter', method: 'POST', path: '/search', body: JSON.stringify({ limit: 10, 'filter-lang': 'cql2-json', filter: { op: 's_intersects', args: [{ property: 'geometry' }, { bbox: box() }] }, sortby: [{ field: 'datetime', direction: 'desc' }] }) })],
    [0.05, () => ({ kind: 'mosaic', method: 'GET', path: `/api/datasets/${dataset}/mosaic.json` })],
    [0.05, () => ({ kind: 'dataset', method: 'GET', path: pick([`/api/datasets/${dataset}`, `/api/datasets/${dataset}/tiles?limit=100`, `/api/datasets/${dataset}/tilejson.json`, '/api/datasets']) })],
    [0.05, () => ({ kind: 'page', method: 'GET', path: pick(['/', '/collections', '/conformance', '/health/ready']) })],
  ];
  return {
    next() {
      let at = random();
      for (const [share, make] of kinds) if ((at -= share) < 0) return make();
      return { kind: 'page', method: 'GET', path: '/' };
    },
    heard({ kind, path }, { status, etag }) {
      if (kind !== 'tile' || status !== 200 || etag === undefined) return;
      etags.delete(path);
      etags.set(path, etag);
      const [oldest] = etags.keys();
      if (etags.size > ETAGS && oldest !== undefined) etags.delete(oldest);
    },
  };
}

const LEFT = Symbol('left');

function ask(url: string, { method, path, body, headers, patience }: Question, agent: Agent): Promise<Answer | typeof LEFT> {
  return new Promise((resolve, reject) => {
    let isGone = false;
    let timer: NodeJS.Timeout | undefined;
    const outgoing = request(url + path, { method, agent, headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }) } }, (incoming) => {
      const chunks: Buffer[] = [];
      const status = incoming.statusCode ?? 0;
      incoming.on('data', (chunk: Buffer) => void (status >= 400 && chunks.push(chunk)));
      incoming.on('error', (error) => (isGone ? resolve(LEFT) : reject(error)));
      incoming.on('end', () => {
        clearTimeout(timer);
        resolve({ status, etag: incoming.headers.etag, retryAfter: incoming.headers['retry-after'], text: Buffer.concat(chunks).toString('utf8').slice(0, 300) });
      });
    });
    outgoing.on('error', (error) => (isGone ? resolve(LEFT) : reject(error)));
    if (patience !== undefined) {
      timer = setTimeout(() => {
        isGone = true;
        outgoing.destroy();
        resolve(LEFT);
      }, patience);
    }
    outgoing.end(body);
  });
}

export async function mixedLoad({ url, dataset, clients, seconds, pid, random = Math.random }: MixedLoad): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const questions = questioner(dataset, random);
  const answers: Record<string, number> = {};
  const [took, examples, memory]: [number[], string[], number[]] = [[], [], []];
  const counts = { total: 0, good: 0, later: 0, bad: 0, left: 0 };
  const end = performance.now() + seconds * 1000;

  async function one(): Promise<void> {
    const question = questions.next();
    const started = performance.now();
    const answer = await ask(url, question, agent).catch((error: unknown) => String(error));
    const note = (word: string | number): void => void (answers[`${question.kind} ${word}`] = (answers[`${question.kind} ${word}`] ?? 0) + 1);
    if (answer === LEFT) {
      counts.left += 1;
      return note('left');
    }
    counts.total += 1;
    took.push(performance.now() - started);
    const status = typeof answer === 'string' ? 'error' : answer.status;
    note(status);
    if (typeof answer !== 'string') questions.heard(question, answer);
    if (typeof status === 'number' && ((status >= 200 && status < 300) || status === 304)) counts.good += 1;
    else if (typeof answer !== 'string' && status === 503 && /^\d+$/.test(answer.retryAfter ?? '')) {
      counts.later += 1;
      await delay(Number(answer.retryAfter) * 1000 * (0.5 + random())); // a client does as it is told
    } else {
      counts.bad += 1;
      if (examples.length < 10 && !examples.some((known) => known.startsWith(`${question.method} ${question.path.slice(0, 25)}`))) examples.push(`${question.method} ${question.path}: ${typeof answer === 'string' ? answer : `${status} ${answer.text}`}`);
    }
  }

  const client = async (): Promise<void> => {
    while (performance.now() < end) await one();
  };
  const watch = setInterval(() => memory.push(residentMb(pid)), 1000);
  await Promise.all(Array.from({ length: clients }, client));
  clearInterval(watch);
  agent.destroy();
  took.sort((a, b) => a - b);
  const at = (share: number): number => took[Math.floor(took.length * share)] ?? Number.NaN;
  return { answers, ...counts, examples, median: at(0.5), slowest: at(0.99), memory };
}

/** Not a number where Linux does not tell. */
function residentMb(pid: number | undefined): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  } catch {
    return Number.NaN;
  }
}
