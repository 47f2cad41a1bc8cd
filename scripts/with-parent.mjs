/**
 * npm passes a SIGTERM on to the shell between it and us, which ends without telling its child: without this a server would
 * run on, and keep its port and its data folder.
 */
export function stopWithParent(stop) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, 500);
  timer.unref();
}
