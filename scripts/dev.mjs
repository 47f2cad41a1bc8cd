/** `npm run dev`: compiles as files change and restarts the server on what was compiled. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ownNode, ready, root } from './ready.mjs';
import { stopWithParent } from './with-parent.mjs';

ready();
const children = [
  spawn(ownNode, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', '--watch', '--preserveWatchOutput'], {
    cwd: root,
    stdio: 'inherit',
  }),
  spawn(ownNode, ['--watch', '--watch-path=dist', 'dist/src/main.js', 'serve', ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  }),
];

function stop() {
  for (const child of children) child.kill('SIGTERM');
}
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
stopWithParent(stop);
for (const child of children) child.on('exit', stop);
