import { createRequire } from 'node:module';
import { definePack } from '@arp-jarvis/node-pack-sdk';
import { __NODE_EXPORT__ } from './__NODE_NAME__.js';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

export default definePack({ id: '__PACK_ID__', version, nodes: [__NODE_EXPORT__] });
