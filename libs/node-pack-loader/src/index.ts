export type { LoadedNode } from './admission.js';
export { loadNodePacks, PacksRefusedError } from './load.js';
export type { LoadedPacks, LoadOptions } from './load.js';
export { toNodeType } from './node-type.js';
export { REFUSAL_CODES } from './refusal.js';
export type { PackRefusal, RefusalCode } from './refusal.js';
