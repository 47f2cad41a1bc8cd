/** Makes a checkout ready to run: installs when the lock file changed, compiles when a source did. Runs on Node 20. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** The Node that npm brought along: every child runs on it, whatever node started this script. */
export const ownNode = join(root, 'node_modules', '.bin', 'node');

/** Runs a program with this terminal as its own; returns its exit code. */
export function run(file, args, options = {}) {
  const result = spawnSync(file, args, { cwd: root, stdio: 'inherit', ...options });
  if (result.error) throw result.error;
  return result.status ?? 1;
}

/** Installs and compiles what is out of date, or ends the process with the failing step's code. */
export function ready() {
  if (!installed()) step('Installing packages (npm ci)', install);
  pruneTests();
  step(undefined, () => run(ownNode, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b']));
}

function step(title, work) {
  const started = Date.now();
  if (title) process.stderr.write(`${title} …\n`);
  const code = work();
  if (code !== 0) process.exit(code);
  if (title) process.stderr.write(`${title}: ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

/** True when what npm wrote down of its last installation has every package of the lock file, at its version. */
function installed() {
  const written = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(written) || !existsSync(ownNode)) return false;
  const [wanted, found] = [join(root, 'package-lock.json'), written].map((path) => JSON.parse(readFileSync(path, 'utf8')).packages);
  // The key '' is this package; optional ones are builds for other platforms.
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional || found[path]?.version === version,
  );
}

function install() {
  // npm ci deletes the node that may be running this: npm gets the node it was started with, and a PATH without ours.
  const path = (process.env.PATH ?? '').split(delimiter).filter((part) => !part.startsWith(join(root, 'node_modules')));
  const options = { env: { ...process.env, PATH: path.join(delimiter) } };
  const { npm_execpath: npm = '', npm_node_execpath: node = process.execPath } = process.env;
  const direct = npm.endsWith('npm-cli.js') && existsSync(node) && !node.startsWith(join(root, 'node_modules'));
  // Loud only about errors: npm itself may run on Node 20, which it warns of package by package.
  const args = ['ci', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  return direct ? run(node, [npm, ...args], options) : run('npm', args, options);
}

/** A test whose source was removed or renamed must not run from an older compilation. */
function pruneTests() {
  const compiled = join(root, 'dist', 'test');
  if (!existsSync(compiled)) return;
  for (const name of readdirSync(compiled, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.test.js') && !existsSync(join(root, 'test', name.replace(/js$/, 'ts')))) {
      rmSync(join(compiled, name));
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ready();
