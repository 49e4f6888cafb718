import { admitPack, checkHandlers, declaredPacks, moduleFailed, Refused } from '@arp-jarvis/node-pack-sdk/runtime';
import type {
  AdmittedNode,
  AdmittedPack,
  CandidatePackage,
  PackHost,
  RefusalCode,
} from '@arp-jarvis/node-pack-sdk/runtime';
import { discoverPackages } from './discovery.js';
import type { DiscoveryOptions } from './discovery.js';

/** A pack that does not run, and why. */
export interface PackRefusal {
  readonly code: RefusalCode;
  /** Name of the npm package; the folder where the name is not known. */
  readonly packageName: string;
  readonly packId?: string;
  /** What is wrong and what to do. */
  readonly message: string;
}

/** An admitted pack with its code, ready to run. */
export interface LoadedPack {
  readonly pack: AdmittedPack;
  readonly host: PackHost;
}

/** A node of a loaded pack. */
export interface LoadedNode extends LoadedPack, AdmittedNode {}

/** What came of looking for packs. */
export interface LoadedPacks {
  readonly packs: readonly LoadedPack[];
  /** Nodes by node type id. */
  readonly nodes: ReadonlyMap<string, LoadedNode>;
  readonly refusals: readonly PackRefusal[];
}

export interface LoadOptions extends DiscoveryOptions {
  /** Packages that may be loaded, as `isNamed` names them; absent: all that were found. */
  readonly allow?: readonly string[];
  /** Packages that are never loaded, as `isNamed` names them; a folder also by what it calls itself. */
  readonly deny: readonly string[];
  /** Name prefixes of dependencies whose nodes may have ids that start with `jarvis.` and be `first_party`. */
  readonly firstParty: readonly string[];
  /** Fail when any pack is refused for another reason than the operator's own lists, instead of running without it. */
  readonly strict: boolean;
  /** Loads the code of an admitted pack. Rejects with the reason, as a clause. */
  readonly open: (pack: AdmittedPack) => Promise<PackHost>;
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
 * Finds, admits and opens packs. A pack that is refused never prevents another. Of packs with the same id, or with the same node, none is
 * loaded: nothing says which one is meant.
 *
 * @throws PacksRefusedError in strict mode
 */
export async function loadNodePacks(options: LoadOptions): Promise<LoadedPacks> {
  const { found, refused } = discoverPackages(options);
  const refusals = refused.map(({ packageName, refusal }) => refusalOf(packageName, refusal));
  const refuse = (packageName: string, error: unknown): undefined => {
    if (!(error instanceof Refused)) throw error;
    refusals.push(refusalOf(packageName, error));
  };
  const admitted = found.flatMap((one) => admitPackage(one, options, refuse));
  const alone = withoutDuplicates(admitted, refuse);
  const opened = await Promise.all(
    alone.map((pack) => openPack(pack, options.open).catch((error: unknown) => refuse(pack.packageName, error))),
  );
  const packs = opened.filter((pack) => pack !== undefined);
  // What the operator denied is as he wants it.
  const broken = refusals.filter(({ code }) => code !== 'pack_denied');
  if (options.strict && broken.length > 0) {
    await Promise.all(packs.map(({ host }) => host.close()));
    throw new PacksRefusedError(broken);
  }
  const nodes = packs.flatMap((loaded) => loaded.pack.nodes.map((node): LoadedNode => ({ ...loaded, ...node })));
  return { packs, nodes: new Map(nodes.map((node) => [node.manifest.id, node])), refusals };
}

type Refuse = (packageName: string, error: unknown) => undefined;

function admitPackage(candidate: CandidatePackage, options: LoadOptions, refuse: Refuse): AdmittedPack[] {
  const isFirstParty = candidate.isDependency && options.firstParty.some((prefix) => candidate.name.startsWith(prefix));
  try {
    checkLists(candidate, options);
    return declaredPacks(candidate).flatMap((declared) => {
      try {
        return [admitPack(candidate, declared, isFirstParty)];
      } catch (error) {
        return refuse(candidate.name, error) ?? [];
      }
    });
  } catch (error) {
    return refuse(candidate.name, error) ?? [];
  }
}

/**
 * Whether an operator's list names a package: a dependency by the name it is installed under, or `@acme/*` for a whole scope; a folder by
 * its real path, or `/srv/packs/*` for those below, since it calls itself what it likes.
 */
export function isNamed(
  list: readonly string[],
  pack: Pick<CandidatePackage, 'name' | 'folder' | 'isDependency'>,
): boolean {
  return isListed(list, pack.isDependency ? pack.name : pack.folder);
}

function isListed(list: readonly string[], name: string): boolean {
  return list.some((entry) => entry === name || (entry.endsWith('/*') && name.startsWith(entry.slice(0, -1))));
}

function checkLists(candidate: CandidatePackage, { allow, deny }: LoadOptions): void {
  const { name, folder, isDependency } = candidate;
  if (isNamed(deny, candidate) || isListed(deny, name)) {
    throw new Refused('pack_denied', `${name} is on the deny list (JARVIS_NODEPACK_DENY).`);
  }
  if (allow !== undefined && !isNamed(allow, candidate)) {
    const entry = isDependency ? '' : ` its folder, ${folder},`;
    throw new Refused(
      'pack_denied',
      `${name} is not on the allow list; add${entry === '' ? ' it' : entry} to JARVIS_NODEPACK_ALLOW to load it.`,
    );
  }
}

/** Refuses all that share an id with another. */
function withoutDuplicates(packs: readonly AdmittedPack[], refuse: Refuse): AdmittedPack[] {
  const claims = new Map<string, AdmittedPack[]>();
  for (const pack of packs) {
    for (const id of [pack.packId, ...pack.nodes.map(({ manifest }) => manifest.id)]) {
      claims.set(id, [...(claims.get(id) ?? []), pack]);
    }
  }
  return packs.filter((pack) => {
    const shared = [...claims].find(([, claimants]) => claimants.length > 1 && claimants.includes(pack));
    if (shared === undefined) return true;
    const [id, claimants] = shared;
    const names = claimants.map(({ packageName, folder }) => `${packageName} (${folder})`).join(' and in ');
    const isPack = id === pack.packId;
    refuse(
      pack.packageName,
      new Refused(
        isPack ? 'pack_id_duplicate' : 'node_id_duplicate',
        `The ${isPack ? 'pack' : 'node'} ${id} is in ${names}; remove one of them. Neither is loaded.`,
        pack.packId,
      ),
    );
    return false;
  });
}

async function openPack(pack: AdmittedPack, open: LoadOptions['open']): Promise<LoadedPack> {
  const host = await open(pack).catch((error: unknown) => {
    throw moduleFailed(pack, error);
  });
  try {
    checkHandlers(pack, host.handlerIds);
  } catch (error) {
    await host.close();
    throw error;
  }
  return { pack, host };
}

function refusalOf(packageName: string, { code, message, packId }: Refused): PackRefusal {
  return { code, packageName, ...(packId === undefined ? {} : { packId }), message };
}
