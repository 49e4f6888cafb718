import { Inject, Injectable, Optional } from '@nestjs/common';
import { AtomicExecutorApi } from '#contract';
import type { ConstraintEnvelope, NodeKind, NodeType, NodeTypeRef, RequestContext, SideEffectClass } from '#contract';
import type { RetryPolicy } from '../lifecycle/retry-decision.js';

export interface NodeTypeFacts {
  readonly kind: NodeKind | undefined;
  readonly sideEffect: SideEffectClass | undefined;
  readonly idempotent: boolean;
  readonly retry: RetryPolicy | undefined;
  readonly constraints: ConstraintEnvelope | undefined;
  readonly timeoutMs: number | undefined;
}
@Injectable()
export class NodeTypesService {
  private catalogue = new Map<string, NodeType>();
  private at = 0;
  constructor(@Optional() @Inject(AtomicExecutorApi) private readonly executor: AtomicExecutorApi | undefined) {}
  async describe(ctx: RequestContext, ref: NodeTypeRef): Promise<NodeTypeFacts> {
    if (this.executor && !this.catalogue.has(ref.node_type_id) && Date.now() - this.at > 1000) {
      this.at = Date.now();
      const all = await this.executor.listNodeTypes(ctx).catch(() => []);
      if (all.length) this.catalogue = new Map(all.map((t) => [t.node_type_id, t]));
    }
    const type = this.catalogue.get(ref.node_type_id);
    const kind =
      type?.kind ??
      (ref.node_type_id.startsWith('composite.')
        ? 'composite'
        : ref.node_type_id.startsWith('atomic.')
          ? 'atomic'
          : undefined);
    const sideEffect = type?.extensions?.['jarvis.side_effect'] as SideEffectClass | undefined;
    return {
      kind,
      sideEffect,
      idempotent: sideEffect === 'read',
      retry: undefined,
      constraints: undefined,
      timeoutMs: undefined,
    };
  }
}
