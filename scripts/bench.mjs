/** `npm run bench`: installs and builds what is missing, then measures the standalone suite; see docs/benchmarks.md. */
import { buildIfNeeded } from './build.mjs';
import { checkNode, installIfNeeded } from './install.mjs';

checkNode();
installIfNeeded();
const { readOptions } = await import('./bench/options.mjs');
const options = readOptions();
buildIfNeeded();
const { bench } = await import('./bench/bench.mjs');
await bench(options);
