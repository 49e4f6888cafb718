import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '#contract';
import type { NodeType } from '#contract';
import type { DependencyCheck } from '#http';
import { toNodeType } from '#node-pack-loader';
import type { LoadedNode, LoadedPacks, PackRefusal } from '#node-pack-loader';

/** Injection token of the packs that were loaded at start. */
export const LOADED_PACKS = Symbol('loaded packs');

/** The node types that this executor can run. */
@Injectable()
export class NodePacksService {
  constructor(@Inject(LOADED_PACKS) private readonly packs: LoadedPacks) {}

  find(nodeTypeId: string): LoadedNode | undefined {
    return this.packs.nodes.get(nodeTypeId);
  }

  /** In the order of their ids. */
  listNodeTypes(): NodeType[] {
    return [...this.packs.nodes.values()].map(toNodeType).sort((a, b) => (a.node_type_id < b.node_type_id ? -1 : 1));
  }

  get refusals(): readonly PackRefusal[] {
    return this.packs.refusals;
  }
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
