/** `npm start`: installs and builds what is missing, then becomes the standalone suite. */
import { buildIfNeeded } from './build.mjs';
import { checkNode, installIfNeeded } from './install.mjs';
import { stopWithParent } from './stop-with-parent.mjs';

checkNode();
installIfNeeded();
buildIfNeeded();
stopWithParent();
process.setSourceMapsEnabled(true);
await import('../dist/apps/standalone/src/main.js');
