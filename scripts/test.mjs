/**
 * Runs the tests on the compiled output: `npm test -- [unit] [--long] [--postgres] [jest's arguments]`.
 * `unit` takes only test/unit; `--long` also runs the tests that take minutes; `--postgres` runs them on a real
 * PostgreSQL, started for the occasion unless TEST_POSTGRES_URL names one.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ownNode, root } from './ready.mjs';
import { startPostgres } from './postgres.mjs';

const own = new Set(['unit', '--long', '--postgres']);
const given = process.argv.slice(2);
const asked = new Set(given.filter((argument) => own.has(argument)));
const passedOn = given.filter((argument) => !own.has(argument));

const env = { ...process.env, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules`.trim() };
if (asked.has('--long')) env.TEST_LONG = '1';
if (asked.has('--postgres')) env.TEST_DATABASE = 'postgres';

const cluster = asked.has('--postgres') && !env.TEST_POSTGRES_URL ? await startPostgres() : undefined;
if (cluster) env.TEST_POSTGRES_URL = cluster.url;

const args = [join(root, 'node_modules', 'jest', 'bin', 'jest.js'), '-c', join(root, 'jest.config.json')];
// The embedded database's own suite knows no other: `npm test` runs it.
if (asked.has('--postgres')) args.push('--testPathIgnorePatterns', '/dist/test/pgstac/embedded/');
if (asked.has('unit')) args.push('--testPathPatterns', '/dist/test/unit/');
if (!passedOn.some((argument) => /^(--maxWorkers|-w|--runInBand|-i)/.test(argument))) args.push('--maxWorkers=2');

const jest = spawn(ownNode, [...args, ...passedOn], { cwd: root, env, stdio: 'inherit' });
// Ctrl-C reaches jest by the terminal; this process stays until jest is gone, so that the cluster is stopped after it.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => jest.kill('SIGTERM'));
const code = await new Promise((resolve, reject) => {
  jest.on('error', reject);
  jest.on('exit', (status) => resolve(status ?? 1));
});
await cluster?.stop();
process.exit(code);
