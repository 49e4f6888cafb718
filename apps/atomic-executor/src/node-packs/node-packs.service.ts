import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { toNodeType } from '@arp-jarvis/node-pack-sdk/runtime';
import { AppError } from '#contract';
import type { NodePack, NodeType } from '#contract';
import type { DependencyCheck } from '#http';
import type { LoadedNode, LoadedPack, LoadedPacks, PackRefusal } from '#node-pack-loader';
import { grantedNames, grantsOf } from './grants.js';
import type { readGrants } from './grants.js';

/** Injection token of the packs that were loaded at start. */
export const LOADED_PACKS = Symbol('loaded packs');
/** Injection token of what the operator lets packs do. */
export const PACK_GRANTS = Symbol('pack grants');

/** The node packs of this executor, and the node types that it can run. */
@Injectable()
export class NodePacksService implements OnApplicationShutdown {
  constructor(
    @Inject(LOADED_PACKS) private readonly loaded: LoadedPacks,
    @Inject(PACK_GRANTS) private readonly grants: ReturnType<typeof readGrants>,
  ) {}

  /** After the last node run has ended. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.loaded.packs.map(({ host }) => host.close()));
  }

  find(nodeTypeId: string): LoadedNode | undefined {
    return this.loaded.nodes.get(nodeTypeId);
  }

  /** In the order of their ids. */
  listNodeTypes(): NodeType[] {
    return [...this.loaded.nodes.values()]
      .map((node) => toNodeType(node.pack, node))
      .sort((a, b) => (a.node_type_id < b.node_type_id ? -1 : 1));
  }

  /** Those that are loaded, then those that were refused. */
  listNodePacks(): NodePack[] {
    return [...this.loaded.packs.map((one) => this.present(one)), ...this.loaded.refusals.map(presentRefusal)];
  }

  get refusals(): readonly PackRefusal[] {
    return this.loaded.refusals;
  }

  private present({ pack, host }: LoadedPack): NodePack {
    const { permissions } = pack.manifest;
    // In the process of the executor a pack can do what the executor can.
    const granted =
      host.isolation === 'in_process' ? permissions : grantedNames(grantsOf(this.grants, pack.packId, permissions));
    return {
      package_name: pack.packageName,
      pack_id: pack.packId,
      version: pack.version,
      state: 'loaded',
      isolation: host.isolation,
      node_type_ids: pack.nodes.map(({ manifest }) => manifest.id),
      ...(permissions === undefined
        ? {}
        : { permissions_requested: [...permissions], permissions_granted: [...(granted ?? [])] }),
    };
  }
}

function presentRefusal({ code, message, packageName, packId }: PackRefusal): NodePack {
  return {
    package_name: packageName,
    ...(packId === undefined ? {} : { pack_id: packId }),
    state: 'refused',
    refusal: { code, message },
  };
}

/** The executor works without a refused pack, but somebody should know. */
@Injectable()
export class NodePacksCheck implements DependencyCheck {
  readonly name = 'node_packs';
  readonly essential = false;

  constructor(private readonly packs: NodePacksService) {}

  async check(): Promise<Record<string, unknown>> {
    // What the operator denied is refused on purpose.
    const refusals = this.packs.refusals.filter(({ code }) => code !== 'pack_denied');
    if (refusals.length > 0) {
      throw new AppError('internal_error', {
        message: refusals.map(({ code, message }) => `${code}: ${message}`).join(' '),
      });
    }
    return { node_types: this.packs.listNodeTypes().map(({ node_type_id }) => node_type_id) };
  }
}
