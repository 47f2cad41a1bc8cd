/** `npm start`: the server with the demo. */
import { stopWithParent } from './with-parent.mjs';

stopWithParent(() => process.kill(process.pid, 'SIGTERM'));
process.argv.splice(2, 0, 'serve', '--demo');
await import('../dist/src/main.js');
