/** Starts the database's process, watches it, and starts it again on the same folder and socket when it hangs or dies. */
import { fork, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Logger } from '../../log.js';
import type { ChildOptions, FromChild, ToChild } from './messages.js';

export interface SupervisorOptions {
  readonly child: ChildOptions;
  readonly logger: Logger;
  readonly onProgress: (message: string) => void;
  readonly hangTimeoutMs: number;
}

/** The first start makes a database: 10 s, and several times that on a busy machine. */
const START_TIMEOUT_MS = 300_000;
const STOP_TIMEOUT_MS = 10_000;
/** A database that dies more often than this does not get better by itself. */
const MAX_RESTARTS = 5;
const RESTART_WINDOW_MS = 60_000;

export class Supervisor {
  private process: ChildProcess | undefined;
  private listening: ChildOptions['listen'];
  private restarts: number[] = [];
  private stopping: Promise<void> | undefined;
  private starting: Promise<void> | undefined;

  constructor(private readonly options: SupervisorOptions) {
    this.listening = options.child.listen;
  }

  get pid(): number {
    return this.process?.pid ?? 0;
  }

  /** The port on 127.0.0.1, or undefined for a unix socket. */
  get port(): number | undefined {
    return 'port' in this.listening ? this.listening.port : undefined;
  }

  /** Starts the process; rejects with what it says when it cannot. */
  async start(): Promise<void> {
    const argument = JSON.stringify({ ...this.options.child, listen: this.listening } satisfies ChildOptions);
    const child = fork(new URL('./child.js', import.meta.url), [argument], {
      // Not ours, which may be a test runner's; before Node 22.13 node:sqlite wants its flag.
      execArgv: ['--experimental-sqlite', '--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.process = child;
    child.on('error', (error) => this.options.logger.warn({ err: error }, 'the embedded database’s process'));
    this.logLines(child.stdout, 'debug');
    this.logLines(child.stderr, 'warn');
    const port = await this.untilReady(child);
    if (port !== undefined) this.listening = { port };
    const unwatch = watchForHangs(child, this.options.hangTimeoutMs, () => {
      this.options.logger.error({ pid: child.pid, hangTimeoutMs: this.options.hangTimeoutMs }, 'the embedded database hangs in a query: it is killed and started again');
      child.kill('SIGKILL');
    });
    child.once('exit', (code, signal) => {
      unwatch();
      if (this.stopping === undefined) this.restart({ code, signal });
    });
    // It may have died between its last word and now.
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('the embedded database ended right after its start');
  }

  /** Ends the process in order; one that does not within 10 s is killed. */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  private async end(): Promise<void> {
    await this.starting?.catch(() => undefined);
    const child = this.process;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const timer = setTimeout(() => {
      this.options.logger.warn({ pid: child.pid }, 'the embedded database does not stop: it is killed');
      child.kill('SIGKILL');
    }, STOP_TIMEOUT_MS);
    send(child, 'stop');
    await exited;
    clearTimeout(timer);
  }

  private untilReady(child: ChildProcess): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        done();
        reject(new Error(`The embedded database was not ready after ${START_TIMEOUT_MS / 1000} s.`));
        child.kill('SIGKILL');
      }, START_TIMEOUT_MS);
      const done = (): void => {
        clearTimeout(timer);
        child.off('message', onMessage);
        child.off('exit', onExit);
        child.off('error', onError);
      };
      const onError = (error: Error): void => {
        done();
        reject(error);
      };
      const onMessage = (message: FromChild): void => {
        if (message.kind === 'progress') this.options.onProgress(message.message);
        else if (message.kind === 'ready') {
          done();
          resolve(message.port);
        } else if (message.kind === 'failed') {
          done();
          reject(new Error(message.message));
        }
      };
      const onExit = (code: number | null, signal: string | null): void => {
        done();
        reject(new Error(`The embedded database ended while it started (${signal ?? `exit code ${code}`}).`));
      };
      child.on('message', onMessage);
      child.on('exit', onExit);
      child.on('error', onError);
    });
  }

  private restart(how: object): void {
    const { logger } = this.options;
    const now = performance.now();
    this.restarts = [...this.restarts.filter((time) => now - time < RESTART_WINDOW_MS), now];
    if (this.restarts.length > MAX_RESTARTS) {
      logger.fatal(how, `the embedded database ended ${this.restarts.length} times within a minute: it stays down until the server is started again`);
      return;
    }
    logger.error(how, 'the embedded database ended: it is started again');
    this.starting = this.start().then(
      () => logger.info({ pid: this.pid }, 'the embedded database is back'),
      (error: unknown) => {
        if (this.stopping === undefined) this.restart({ err: error });
      },
    );
  }

  private logLines(stream: Readable | null, level: 'debug' | 'warn'): void {
    if (stream === null) return;
    createInterface({ input: stream }).on('line', (line) => this.options.logger[level]({ component: 'embedded database' }, line));
  }
}

/**
 * PGlite is single-threaded and knows no statement_timeout: a query that runs is a process that does not answer pings.
 * Calls `onHang` once when a ping is older than the limit; the result ends the watch.
 */
function watchForHangs(child: ChildProcess, limitMs: number, onHang: () => void): () => void {
  let pingedAt: number | undefined;
  child.on('message', (message: FromChild) => {
    if (message.kind === 'pong') pingedAt = undefined;
  });
  const timer = setInterval(() => {
    if (pingedAt === undefined) {
      pingedAt = performance.now();
      send(child, 'ping');
      return;
    }
    // After the answers that have arrived while this process itself was busy.
    setImmediate(() => {
      if (pingedAt === undefined || performance.now() - pingedAt <= limitMs) return;
      clearInterval(timer);
      onHang();
    });
  }, Math.min(1000, Math.max(50, limitMs / 4)));
  return () => clearInterval(timer);
}

function send(child: ChildProcess, message: ToChild): void {
  // A process that is gone meanwhile is heard of by its 'exit'.
  if (child.connected) child.send(message, () => undefined);
}
