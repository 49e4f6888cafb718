export { loadNodePacks, PacksRefusedError } from './load.js';
export type { LoadedNode, LoadedPack, LoadedPacks, LoadOptions, PackRefusal } from './load.js';
