import { createRequire } from 'node:module';
import { definePack } from '@arp-jarvis/node-pack-sdk';
import { mockUpstream } from './mock-upstream.js';
import { profileNode } from './profile.js';
import { sendNode } from './send.js';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

export default definePack({ id: 'jarvis.gmail_send', version, nodes: [profileNode, sendNode], mockUpstream });
