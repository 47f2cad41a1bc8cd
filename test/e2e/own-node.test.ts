/** A machine whose own Node is too old runs the program on the one that npm brought along. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from '../support/process.js';

/** A node of the PATH, outside this checkout, that is older than 22; undefined where there is none. */
function olderNode(): string | undefined {
  const candidates = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin'].map((folder) => join(folder, 'node'));
  return candidates.find((node) => !node.includes('node_modules') && existsSync(node) && Number(/^v(\d+)/.exec(execFileSync(node, ['--version'], { encoding: 'utf8' }))?.[1]) < 22);
}

const older = olderNode();
const program = join(root, 'dist', 'src', 'main.js');
const env = { PATH: process.env['PATH'] ?? '' };

(older === undefined ? describe.skip : describe)(`the program on an older Node${older === undefined ? ' (there is none on this machine)' : ''}`, () => {
  it('works, and passes arguments, output and the exit code on', () => {
    expect(execFileSync(older ?? '', [program, '--version'], { env, encoding: 'utf8' })).toBe('0.1.0\n');
    expect(() => execFileSync(older ?? '', [program, 'nosuch'], { env, stdio: 'pipe' })).toThrow(/unknown command/);
  });

  it('ends with the process that was started, however that is killed', async () => {
    const child = spawn(older ?? '', [program, 'migrate'], { env: { ...env, DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none?connect_timeout=60' }, stdio: ['ignore', 'pipe', 'pipe'] });
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.stderr.resume();
    setTimeout(() => child.kill('SIGKILL'), 300);
    // 'close' comes when nobody holds its output any more: neither the killed process nor its child.
    await closed;
    expect(child.signalCode === 'SIGKILL' || child.exitCode !== null).toBe(true);
  });
});
