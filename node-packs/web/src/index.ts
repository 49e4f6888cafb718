import { createRequire } from 'node:module';
import { definePack } from '@arp-jarvis/node-pack-sdk';
import { fetchNode } from './fetch.js';
import { getNode } from './get.js';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

export default definePack({ id: 'jarvis.web', version, nodes: [fetchNode, getNode] });
