import { AtomicExecuteResult, AtomicExecutorApi, Health, NodeType } from '#contract';
import type { AtomicExecuteRequest, RequestContext } from '#contract';
import { Peer } from './peer.js';

const PING_TIMEOUT_MS = 2_000;

/** An Atomic Executor over HTTP (atomic-executor.openapi.yaml). */
export class AtomicExecutorClient extends AtomicExecutorApi {
  private readonly peer: Peer;

  constructor(options: { readonly baseUrl: string; readonly bearerToken?: string; readonly timeoutMs: number }) {
    super();
    this.peer = new Peer({ ...options, unavailable: 'atomic_executor_unavailable' });
  }

  executeAtomicNodeRun(ctx: RequestContext, request: AtomicExecuteRequest): Promise<AtomicExecuteResult> {
    return this.peer.json(
      ctx,
      { method: 'POST', path: '/v1/atomic-node-runs:execute', body: request },
      AtomicExecuteResult,
    );
  }

  cancelAtomicNodeRun(ctx: RequestContext, nodeRunId: string): Promise<void> {
    return this.peer.nothing(ctx, {
      method: 'POST',
      path: `/v1/atomic-node-runs/${encodeURIComponent(nodeRunId)}:cancel`,
    });
  }

  listNodeTypes(ctx: RequestContext): Promise<NodeType[]> {
    return this.peer.jsonArray(ctx, { method: 'GET', path: '/v1/node-types' }, NodeType);
  }

  async ping(ctx: RequestContext): Promise<void> {
    await this.peer.json(ctx, { method: 'GET', path: '/v1/health', timeoutMs: PING_TIMEOUT_MS }, Health);
  }

  async close(): Promise<void> {
    await this.peer.close();
  }
}
