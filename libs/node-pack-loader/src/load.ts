import { admitPackage } from './admission.js';
import type { AdmissionRules, LoadedNode } from './admission.js';
import { discoverPackages } from './discovery.js';
import type { DiscoveryOptions } from './discovery.js';
import { Refused } from './refusal.js';
import type { PackRefusal } from './refusal.js';

/** What came of looking for packs. */
export interface LoadedPacks {
  /** Nodes by node type id. */
  readonly nodes: ReadonlyMap<string, LoadedNode>;
  readonly refusals: readonly PackRefusal[];
}

export interface LoadOptions extends DiscoveryOptions, AdmissionRules {
  /** Fail when any pack is refused, instead of running without it. */
  readonly strict: boolean;
}

/** Some packs were refused and the operator wants all or none. */
export class PacksRefusedError extends Error {
  override readonly name = 'StartupError';
  constructor(readonly refusals: readonly PackRefusal[]) {
    super(
      `JARVIS_NODEPACK_STRICT is on and these packs were refused:\n${refusals.map(({ code, message }) => `  - ${code}: ${message}`).join('\n')}`,
    );
  }
}

/**
 * Finds and admits packs. A pack that is refused never prevents another; two packs with the same node are both refused, since
 * nothing says which one is meant.
 *
 * @throws PacksRefusedError in strict mode
 */
export async function loadNodePacks(options: LoadOptions): Promise<LoadedPacks> {
  const refusals: PackRefusal[] = [];
  const admitted: LoadedNode[][] = [];
  for (const candidate of discoverPackages(options)) {
    try {
      admitted.push(await admitPackage(candidate, options));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refusals.push({
        code: error.code,
        packageName: candidate.name,
        ...(error.packId === undefined ? {} : { packId: error.packId }),
        message: error.message,
      });
    }
  }
  const duplicates = duplicateIds(admitted.flat());
  const nodes = new Map<string, LoadedNode>();
  for (const pack of admitted) {
    const twice = pack.find(({ manifest }) => duplicates.has(manifest.id));
    if (twice === undefined) pack.forEach((node) => nodes.set(node.manifest.id, node));
    else refusals.push(duplicateRefusal(twice, admitted.flat()));
  }
  if (options.strict && refusals.length > 0) throw new PacksRefusedError(refusals);
  return { nodes, refusals };
}

function duplicateIds(nodes: readonly LoadedNode[]): Set<string> {
  const seen = new Set<string>();
  const duplicates = new Set<string>();
  for (const { manifest } of nodes) (seen.has(manifest.id) ? duplicates : seen).add(manifest.id);
  return duplicates;
}

function duplicateRefusal(node: LoadedNode, all: readonly LoadedNode[]): PackRefusal {
  const names = all.filter(({ manifest }) => manifest.id === node.manifest.id).map(({ packageName }) => packageName);
  return {
    code: 'node_id_duplicate',
    packageName: node.packageName,
    packId: node.packId,
    message: `The node ${node.manifest.id} is in ${names.join(' and in ')}; remove one of them. Neither is loaded.`,
  };
}
