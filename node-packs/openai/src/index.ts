import { createRequire } from 'node:module';
import { definePack } from '@arp-jarvis/node-pack-sdk';
import { chatNode } from './chat.js';
import { completeNode } from './complete.js';
import { mockUpstream } from './mock-upstream.js';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

export default definePack({ id: 'jarvis.openai', version, nodes: [chatNode, completeNode], mockUpstream });
