import type { TokenSource } from '#auth';
import { CompositeBeginResponse, CompositeExecutorApi } from '#contract';
import type { CompositeBeginRequest, RequestContext } from '#contract';
import { Peer } from './peer.js';

/**
 * A Composite Executor over HTTP (composite-executor.openapi.yaml).
 *
 * Rejects with `AppError` overloaded, execution_overloaded or service_stopping when the executor says so (nothing was begun), else
 * with composite_executor_unavailable; `peerAnswerOf` then tells whether it answered, `wasNotSent` whether it can have heard.
 */
export class CompositeExecutorClient extends CompositeExecutorApi {
  private readonly peer: Peer;

  constructor(options: { readonly baseUrl: string; readonly tokens?: TokenSource; readonly timeoutMs: number }) {
    super();
    this.peer = new Peer({
      ...options,
      unavailable: 'composite_executor_unavailable',
      passOn: ['overloaded', 'execution_overloaded', 'service_stopping'],
    });
  }

  beginCompositeNodeRun(ctx: RequestContext, request: CompositeBeginRequest): Promise<CompositeBeginResponse> {
    return this.peer.json(
      ctx,
      { method: 'POST', path: '/v1/composite-node-runs:begin', body: request },
      CompositeBeginResponse,
    );
  }

  cancelCompositeNodeRun(ctx: RequestContext, nodeRunId: string): Promise<void> {
    return this.peer.nothing(ctx, {
      method: 'POST',
      path: `/v1/composite-node-runs/${encodeURIComponent(nodeRunId)}:cancel`,
    });
  }

  ping(ctx: RequestContext): Promise<void> {
    return this.peer.ping(ctx);
  }

  async close(): Promise<void> {
    await this.peer.close();
  }
}
