/**
 * `npm start`: the server with the demo. npm passes a SIGTERM on to the shell between it and us, which ends without telling
 * its child: without this the server would run on, and keep its port and its data folder.
 */
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
}, 500).unref();

process.argv.splice(2, 0, 'serve', '--demo');
await import('../dist/src/main.js');
