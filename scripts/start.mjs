/** `npm start`: installs and builds what is missing, then becomes the standalone suite. */
import { buildIfNeeded } from './build.mjs';
import { checkNode, installIfNeeded } from './install.mjs';

checkNode();
installIfNeeded();
buildIfNeeded();
process.setSourceMapsEnabled(true);
await import('../dist/apps/standalone/src/main.js');
