/**
 * Ends this process when its parent has died, even while a query keeps its event loop busy: a hung orphan would hold
 * the data folder for ever. Runs as a worker thread of the database's process.
 */
import { workerData } from 'node:worker_threads';

const INTERVAL_MS = 500;
/** What a process that can still hear that its parent is gone has for ending in order. */
const GRACE_MS = 5000;

let orphanedSince: number | undefined;

setInterval(() => {
  // An orphan gets another parent (on Windows it keeps the number: there only the closed channel tells).
  if (process.ppid === workerData) return;
  orphanedSince ??= performance.now();
  if (performance.now() - orphanedSince > GRACE_MS) process.kill(process.pid, 'SIGKILL');
}, INTERVAL_MS);
