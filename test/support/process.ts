/** The program as a process of its own: started as users start it, stopped by a signal, killed by another. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { cacheDir } from './database.js';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
const program = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** What this shell may say of a database or a server is not meant for a test's. */
const OURS = /^(PORT|HOST|AUTH|PUBLIC_URL|ROOT_PATH|TRUST_PROXY|DATA_DIR|STORAGE_\w+|AZURE_\w+|IDENTITY_\w+|ALLOWED_\w+|DATABASE_\w+|POSTGRES_\w+|PG[A-Z]+|AZURE_\w+|STAC_MOSAIC_(SERVER|KEY)|NODE_OPTIONS)$/;
const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name)));

export type Variables = Readonly<Record<string, string>>;

export interface Ended {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  readonly process: ChildProcess;
  readonly stdout: () => string;
  readonly ended: Promise<Ended>;
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL: of the process alone, or with its children. */
  kill(all?: boolean): Promise<void>;
}

export interface ServerProcess extends Program {
  readonly url: string;
}

/** `stac-mosaic` with these arguments and, of our own variables, only those given here. */
export function startProgram(args: readonly string[], env: Variables = {}): Program {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: root,
    env: { ...inherited, CACHE_DIR: cacheDir, LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // 'close', not 'exit': by then everything that was printed has been read.
  const ended = once(child, 'close').then(([code]: unknown[]): Ended => ({ code: typeof code === 'number' ? code : null, stdout, stderr }));
  const gone = once(child, 'exit');
  return {
    process: child,
    stdout: () => stdout,
    ended,
    async stop() {
      child.kill('SIGTERM');
      return (await ended).code;
    },
    async kill(all = false) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      if (all && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      else child.kill('SIGKILL');
      await gone;
    },
  };
}

export const runProgram = (args: readonly string[], env: Variables = {}): Promise<Ended> => startProgram(args, env).ended;

/** A server on a free port that has said where it listens and, after that, what `until` waits for. */
export async function startServerProcess(env: Variables, args: readonly string[] = [], until = /listens on \S+\n/): Promise<ServerProcess> {
  const started = startProgram(['serve', ...args], { PORT: '0', ...env });
  const ready = new Promise<void>((resolve) => {
    started.process.stdout?.on('data', () => {
      if (until.test(started.stdout())) resolve();
    });
  });
  const failed = started.ended.then(({ code, stdout, stderr }) => {
    throw new Error(`serve ended with ${code}:\n${stdout}${stderr}`);
  });
  failed.catch(() => undefined);
  await Promise.race([ready, failed]);
  return { ...started, url: /listens on (\S+)/.exec(started.stdout())?.[1] ?? '' };
}
