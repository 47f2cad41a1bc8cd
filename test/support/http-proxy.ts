/** A proxy before an HTTP server that fails as a test says: refusing, silent, cut off before or after the work was done. */
import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** `pass`; `busy`: 503; `forbid`: 403; `hang`: no answer; `reset`: cut before anything was done; `lose`: done, but the answer is lost; `stall`: the answer stops after its beginning. */
export type Fate = 'pass' | 'busy' | 'forbid' | 'hang' | 'reset' | 'lose' | 'stall';

export interface FaultyProxy {
  readonly url: string;
  /** What becomes of a request; told again for each. */
  fate: (request: { readonly method: string; readonly url: string; readonly headers: IncomingMessage['headers'] }) => Fate | Promise<Fate>;
  /** `METHOD path` of each request. */
  readonly seen: string[];
  close(): Promise<void>;
}

export async function startProxy(target: string): Promise<FaultyProxy> {
  const { hostname, port } = new URL(target);
  const server = createServer((incoming, response) => {
    const { method = '', url = '', headers } = incoming;
    proxy.seen.push(`${method} ${url}`);
    void Promise.resolve(proxy.fate({ method, url, headers })).then((fate) => meet(fate, incoming, response));
  });
  const meet = (fate: Fate, incoming: IncomingMessage, response: ServerResponse): void => {
    if (fate === 'reset') response.destroy();
    else if (fate === 'busy') response.writeHead(503, { 'x-ms-error-code': 'ServerBusy', 'content-length': 0 }).end();
    else if (fate === 'forbid') response.writeHead(403, { 'x-ms-error-code': 'CannotVerifyCopySource', 'content-length': 0 }).end();
    else if (fate !== 'hang') forward(incoming, response, fate);
  };
  const forward = (incoming: IncomingMessage, response: ServerResponse, fate: Fate): void => {
    const outgoing = send({ hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers }, (answer) => {
      if (fate === 'lose') answer.resume().on('end', () => response.destroy());
      else {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        if (fate === 'pass') answer.pipe(response);
        else answer.once('data', (chunk: Buffer) => response.write(chunk));
      }
    });
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: FaultyProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fate: () => 'pass',
    seen: [],
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
