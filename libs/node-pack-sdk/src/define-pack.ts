import type { Node } from './define-node.js';
import type { MockUpstream } from './http/mock-upstream.js';

/**
 * What a pack needs beyond computing and `ctx`. Nothing of it is there unless the operator grants it too: files (the operator says
 * which), child processes, worker threads, native addons.
 */
export const PERMISSIONS = ['files.read', 'files.write', 'child_process', 'worker_threads', 'native_addons'] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** What `definePack` takes and returns. */
export interface Pack {
  /** Lower case, at least two parts: `acme.weather`. */
  readonly id: string;
  /** The version of the package; every node has it as its node type version. */
  readonly version: string;
  readonly nodes: readonly Node[];
  /** Default: none. */
  readonly permissions?: readonly Permission[];
  /** Memory that one of its processes needs, in MiB, up to the operator's limit. Default: the operator's limit. */
  readonly memoryMb?: number;
  /**
   * The HTTP services that its nodes call, imitated: `testNodePack` and executors with `UPSTREAM_MODE=mock` have it answer `ctx.http`.
   * Default: none; its nodes cannot call anything there.
   */
  readonly mockUpstream?: MockUpstream;
}

const PACK_ID = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9_-]*)+$/;
const NODE_NAME = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

/**
 * Defines a pack: the default export of the module that package.json names under `jarvis.nodepacks`.
 *
 * @example export default definePack({ id: 'acme.math', version: '1.0.0', nodes: [double] });
 * @throws TypeError that names what is wrong
 */
export function definePack(pack: Pack): Pack {
  if (typeof pack !== 'object' || pack === null) {
    throw new TypeError('definePack takes an object: { id, version, nodes }');
  }
  const refuse = (rule: string): never => {
    throw new TypeError(`pack ${typeof pack.id === 'string' ? pack.id : '(without id)'}: ${rule}`);
  };
  if (typeof pack.id !== 'string' || !PACK_ID.test(pack.id)) {
    refuse('id must be lower case with at least two parts, such as acme.math');
  }
  if (typeof pack.version !== 'string' || pack.version === '') refuse('version must be the version of the package');
  if (!Array.isArray(pack.nodes) || pack.nodes.length === 0) refuse('nodes must hold at least one node');
  const { permissions = [], memoryMb = 1, mockUpstream } = pack;
  if (!Array.isArray(permissions) || !permissions.every((one: unknown) => PERMISSIONS.some((name) => name === one))) {
    refuse(`permissions must be a list of ${PERMISSIONS.join(', ')}`);
  }
  if (!Number.isInteger(memoryMb) || memoryMb < 1) refuse('memoryMb must be a whole number above 0');
  if (mockUpstream !== undefined && typeof mockUpstream !== 'function') {
    refuse('mockUpstream must be a function: (request) => new Response(…)');
  }
  const seen = new Set<string>();
  for (const node of pack.nodes) {
    if (typeof node !== 'object' || node === null || typeof node.id !== 'string' || node.sideEffect === undefined) {
      refuse('nodes must come from defineNode');
    }
    const { id } = node;
    if (!id.startsWith(`${pack.id}.`) || !NODE_NAME.test(id.slice(pack.id.length + 1))) {
      refuse(`node ${id} must be named ${pack.id}.<name>`);
    }
    if (seen.has(id)) refuse(`node ${id} is there twice`);
    seen.add(id);
  }
  return Object.freeze({ ...pack, nodes: Object.freeze([...pack.nodes]) });
}
