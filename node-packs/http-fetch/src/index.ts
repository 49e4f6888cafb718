import { createRequire } from 'node:module';
import { definePack } from '@arp-jarvis/node-pack-sdk';
import { getNode } from './get.js';
import { headNode } from './head.js';
import { mockUpstream } from './mock-upstream.js';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

export default definePack({ id: 'jarvis.http_fetch', version, nodes: [getNode, headNode], mockUpstream });
