import { createRequire } from 'node:module';
import { definePack } from '@arp-jarvis/node-pack-sdk';
import { mockUpstream } from './mock-upstream.js';
import { searchNode } from './search.js';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

export default definePack({ id: 'jarvis.serpapi', version, nodes: [searchNode], mockUpstream });
