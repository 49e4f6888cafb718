export { isNamed, loadNodePacks, PacksRefusedError } from './load.js';
export type { LoadedNode, LoadedPack, LoadedPacks, LoadOptions, PackRefusal } from './load.js';
