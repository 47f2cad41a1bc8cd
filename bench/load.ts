/** Requests as fast as so many clients get their answers, for some seconds. */
import { Agent, request } from 'node:http';

export interface LoadRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly body?: string;
}

export interface Rate {
  /** Answers a second. */
  readonly perSecond: number;
  /** Milliseconds that the middle one of the answers took. */
  readonly median: number;
}

/** Runs `once` with rising numbers from so many clients; the first second is not counted. */
export async function rateOf(once: (n: number) => Promise<void>, clients: number, seconds: number): Promise<Rate> {
  let n = 0;
  let counting = false;
  const took: number[] = [];
  const warm = performance.now() + Math.min(1000, seconds * 250);
  const end = warm + seconds * 1000;
  let began = warm;
  const client = async (): Promise<void> => {
    while (performance.now() < end) {
      const started = performance.now();
      if (!counting && started >= warm) [counting, began] = [true, started];
      await once(n++);
      if (counting && started >= began) took.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const elapsed = (performance.now() - began) / 1000;
  took.sort((a, b) => a - b);
  return { perSecond: took.length / elapsed, median: took[Math.floor(took.length / 2)] ?? Number.NaN };
}

/** Sends requests in turn, over kept connections; an answer that is not 200 ends the bench. */
export async function httpRate(requests: readonly LoadRequest[], clients: number, seconds: number): Promise<Rate> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  try {
    return await rateOf((n) => sent(requests[n % requests.length], agent), clients, seconds);
  } finally {
    agent.destroy();
  }
}

export async function sent(wanted: LoadRequest | undefined, agent?: Agent): Promise<void> {
  await fetchText(wanted, agent, false);
}

/** The answer's text, where `keep`. */
export function fetchText(wanted: LoadRequest | undefined, agent: Agent | undefined, keep: boolean): Promise<string> {
  if (wanted === undefined) throw new Error('There is nothing to ask.');
  const { method, url, body } = wanted;
  const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, ...(agent === undefined ? {} : { agent }) }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => (keep || incoming.statusCode !== 200) && chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if (incoming.statusCode === 200) resolve(text);
        else reject(new Error(`${method} ${url}: ${incoming.statusCode} ${text.slice(0, 500)}`));
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
