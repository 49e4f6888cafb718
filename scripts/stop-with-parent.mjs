/**
 * npm runs a script under a shell that passes no signal on: when that shell is gone, somebody has ended the npm command. Then this
 * process gets the SIGTERM that was meant for it.
 */
export function stopWithParent() {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 500);
  watch.unref();
}
