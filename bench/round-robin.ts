/** A load balancer at its simplest: requests in turn to instances that are ready; what cannot be passed on is 502 or 503. */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RoundRobin {
  readonly url: string;
  close(): Promise<void>;
}

/** How often instances are asked whether they are ready, and how long they may think about it. */
const PROBE_MS = 500;

/** @param urls of the instances, which may come and go; a write that an instance may have heard of is never sent again */
export async function startRoundRobin(urls: readonly string[]): Promise<RoundRobin> {
  const agent = new Agent({ keepAlive: true });
  const isReady = new Map(urls.map((url) => [url, true]));
  let turn = 0;

  const probe = async (url: string): Promise<void> => {
    const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(PROBE_MS * 4) }).catch(() => undefined);
    isReady.set(url, answer?.ok === true);
  };
  const timer = setInterval(() => void Promise.all(urls.map(probe)), PROBE_MS);

  const pass = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const ready = urls.filter((url) => isReady.get(url) === true);
    const url = ready[turn++ % Math.max(1, ready.length)];
    if (url === undefined) return void outgoing.writeHead(503, { 'Retry-After': '1' }).end();
    const fail = (): void => {
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(502).end();
    };
    const passed = request(url + (incoming.url ?? '/'), { method: incoming.method, headers: incoming.headers, agent }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('error', fail).pipe(outgoing);
    });
    passed.on('error', () => {
      // An instance may have closed a kept connection in this moment: what only reads is sent once more, as load balancers do.
      if (passed.reusedSocket && incoming.method === 'GET' && !outgoing.headersSent) return pass(incoming, outgoing);
      isReady.set(url, false);
      return fail();
    });
    outgoing.on('close', () => passed.destroy());
    incoming.pipe(passed);
  };

  const server = createServer(pass);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      clearInterval(timer);
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
