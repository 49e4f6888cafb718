import { admitPack, declaredPacks } from './admission.js';
import type { AdmissionRules, LoadedNode } from './admission.js';
import { discoverPackages } from './discovery.js';
import type { CandidatePackage, DiscoveryOptions } from './discovery.js';
import { Refused } from './refusal.js';
import type { PackRefusal } from './refusal.js';

/** What came of looking for packs. */
export interface LoadedPacks {
  /** Nodes by node type id. */
  readonly nodes: ReadonlyMap<string, LoadedNode>;
  readonly refusals: readonly PackRefusal[];
}

export interface LoadOptions extends DiscoveryOptions, AdmissionRules {
  /** Fail when any pack is refused for another reason than the operator's own lists, instead of running without it. */
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
  const { candidates, refusals: unreadable } = discoverPackages(options);
  const refusals: PackRefusal[] = [...unreadable];
  const admitted: LoadedNode[][] = [];
  const unlessRefused = async <T>({ name }: CandidatePackage, admit: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await admit();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const { code, message, packId } = error;
      refusals.push({ code, packageName: name, ...(packId === undefined ? {} : { packId }), message });
      return undefined;
    }
  };
  for (const candidate of candidates) {
    for (const pack of (await unlessRefused(candidate, () => declaredPacks(candidate, options))) ?? []) {
      const nodes = await unlessRefused(candidate, () => admitPack(candidate, pack, options));
      if (nodes !== undefined) admitted.push(nodes);
    }
  }
  const duplicates = duplicateIds(admitted.flat());
  const nodes = new Map<string, LoadedNode>();
  for (const pack of admitted) {
    const twice = pack.find(({ manifest }) => duplicates.has(manifest.id));
    if (twice === undefined) pack.forEach((node) => nodes.set(node.manifest.id, node));
    else refusals.push(duplicateRefusal(twice, admitted.flat()));
  }
  // What the operator denied is as he wants it.
  const broken = refusals.filter(({ code }) => code !== 'pack_denied');
  if (options.strict && broken.length > 0) throw new PacksRefusedError(broken);
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
