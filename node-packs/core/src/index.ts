import { createRequire } from 'node:module';
import { definePack } from '@arp-jarvis/node-pack-sdk';
import { echo } from './echo.js';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

export default definePack({ id: 'jarvis.core', version, nodes: [echo] });
