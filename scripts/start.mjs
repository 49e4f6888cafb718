/** `npm start`: installs and builds what is missing, then becomes the standalone suite. */
import { buildIfNeeded } from './build.mjs';
import { checkNode, installIfNeeded } from './install.mjs';

checkNode();
installIfNeeded();
buildIfNeeded();
stopWithParent();
process.setSourceMapsEnabled(true);
await import('../dist/apps/standalone/src/main.js');

/** npm runs this under a shell that passes no signal on: when that shell is gone, somebody has ended `npm start`. */
function stopWithParent() {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 500);
  watch.unref();
}
