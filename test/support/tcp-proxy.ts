/** A proxy before a TCP server, for PostgreSQL: it waits for what a client says, and fails at that moment as a test wants it. */
import { connect, createServer, type AddressInfo, type NetConnectOpts, type Socket } from 'node:net';

/** `cut`: dropped before the server hears it; `lose`: the server hears it and answers, and the answer is lost. */
export type Fault = 'cut' | 'lose';

export interface TcpProxy {
  readonly port: number;
  /**
   * The next time that any client says this text, `fault` happens to its connection; a function runs before the text is
   * passed on. Resolves when it was said.
   */
  at(text: string, fault: Fault | (() => Promise<unknown>)): Promise<void>;
  /** Drops every connection that is open now. */
  cutAll(): void;
  /** Drops those on which an answer is not being lost. */
  cutIdle(): void;
  /** Whether new connections are dropped at once. */
  refuses: boolean;
  close(): Promise<void>;
}

interface Trap {
  /** Connections on which something was said since it was set. */
  readonly heard: Map<Socket, Buffer>;
  readonly text: string;
  readonly fault: Fault | (() => Promise<unknown>);
  readonly sprung: () => void;
}

/** Bytes of the piece before, so that a text is found that came in two. */
const TAIL = 256;

export async function startTcpProxy(target: NetConnectOpts): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const losing = new Set<Socket>();
  let trap: Trap | undefined;

  const join = (client: Socket): void => {
    if (proxy.refuses) return void client.destroy();
    const server = connect(target);
    const pair = [client, server] as const;
    const drop = (): void => {
      pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    pairs.add(pair);
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', drop).on('close', drop);
    }
    server.on('data', (piece) => {
      if (losing.delete(client)) drop();
      else if (!client.write(piece)) {
        server.pause();
        client.once('drain', () => server.resume());
      }
    });
    const pass = (piece: Buffer): void => {
      if (server.destroyed || server.write(piece)) return;
      client.pause();
      server.once('drain', () => client.resume());
    };
    client.on('data', (piece: Buffer) => {
      if (trap === undefined) return pass(piece);
      const said = Buffer.concat([trap.heard.get(client) ?? Buffer.alloc(0), piece]);
      trap.heard.set(client, said.subarray(-TAIL));
      if (!said.includes(trap.text)) return pass(piece);
      const { fault, sprung } = trap;
      trap = undefined;
      if (typeof fault === 'function') {
        client.pause();
        void fault().finally(() => {
          pass(piece);
          client.resume();
          sprung();
        });
        return undefined;
      }
      if (fault === 'lose') {
        losing.add(client);
        pass(piece);
      } else drop();
      return sprung();
    });
  };

  const cut = (which: (client: Socket) => boolean): void => {
    for (const [client, server] of pairs) {
      if (!which(client)) continue;
      client.destroy();
      server.destroy();
    }
  };
  const listener = createServer(join);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const proxy: TcpProxy = {
    port: (listener.address() as AddressInfo).port,
    refuses: false,
    at: (text, fault) => new Promise((resolve) => (trap = { text, fault, sprung: resolve, heard: new Map() })),
    cutAll: () => cut(() => true),
    cutIdle: () => cut((client) => !losing.has(client)),
    async close() {
      proxy.cutAll();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
  return proxy;
}

/** Where a database listens, from its URL: a port, or the socket in the folder of `?host=`. */
export function addressOf(url: string): NetConnectOpts {
  const { hostname, port, searchParams } = new URL(url);
  const folder = searchParams.get('host');
  const number = Number(port === '' ? 5432 : port);
  return folder === null ? { host: hostname, port: number } : { path: `${folder}/.s.PGSQL.${number}` };
}

/** The same database through a proxy. */
export function throughProxy(url: string, { port }: Pick<TcpProxy, 'port'>, options?: string): string {
  const changed = new URL(url);
  changed.hostname = '127.0.0.1';
  changed.port = String(port);
  changed.searchParams.delete('host');
  if (options !== undefined) changed.searchParams.set('options', options);
  return changed.href;
}
