/** What a process and its children cost, as Linux tells; not a number elsewhere. */
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks of 10 ms: USER_HZ is 100 wherever Node runs. */
const TICK_MS = 10;

export interface Use {
  /** Milliseconds of user and system time since the processes began. */
  readonly cpuMs: number;
  /** Resident megabytes, summed over the processes. */
  readonly resident: number;
  /** The same with shared pages divided among those who share them (PSS). */
  readonly proportional: number;
}

export function useOf(pid: number): Use {
  try {
    const pids = [pid, ...descendantsOf(pid)];
    const sum = (read: (one: number) => number): number => pids.reduce((total, one) => total + read(one), 0);
    return { cpuMs: sum(cpuMs), resident: sum((one) => kilobytes(one, 'status', 'VmRSS')) / 1024, proportional: sum((one) => kilobytes(one, 'smaps_rollup', 'Pss')) / 1024 };
  } catch {
    return { cpuMs: Number.NaN, resident: Number.NaN, proportional: Number.NaN };
  }
}

/** The fields of /proc/PID/stat behind the name, which may hold spaces: state, parent, … */
const fieldsOf = (pid: number): string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');

const cpuMs = (pid: number): number => {
  const fields = fieldsOf(pid);
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
};

const kilobytes = (pid: number, file: string, name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1]);

function descendantsOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      parents.set(Number(name), Number(fieldsOf(Number(name))[1]));
    } catch {
      // it has ended meanwhile
    }
  }
  const below = (one: number): number[] => [...parents].filter(([, parent]) => parent === one).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}
