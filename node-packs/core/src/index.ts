import { createRequire } from 'node:module';
import { definePack } from '@arp-jarvis/node-pack-sdk';
import { echo } from './echo.js';
import { sha256 } from './sha256.js';
import { sleep } from './sleep.js';
import { timeNow } from './time-now.js';
import { uuid4 } from './uuid4.js';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

export default definePack({ id: 'jarvis.core', version, nodes: [echo, sha256, sleep, timeNow, uuid4] });
