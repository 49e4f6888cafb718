import type { TokenSource } from '#auth';
import { AtomicExecuteResult, AtomicExecutorApi, ERROR_CATALOGUE, NodeType } from '#contract';
import type { AtomicExecuteOptions, AtomicExecuteRequest, ErrorCode, RequestContext } from '#contract';
import { peerAnswerOf } from './peer-errors.js';
import { Peer } from './peer.js';

/** An executor has its list in hand, and others wait while it is asked for. */
const LIST_TIMEOUT_MS = 10_000;

/** What this service lacks at the executor, nobody who called it lacks. */
const ABOUT_US: readonly string[] = ['forbidden', 'identity_provider_unavailable', 'token_request_failed'];
const PASSED_ON = (Object.keys(ERROR_CATALOGUE) as ErrorCode[]).filter((code) => !ABOUT_US.includes(code));

/** An Atomic Executor over HTTP (atomic-executor.openapi.yaml). */
export class AtomicExecutorClient extends AtomicExecutorApi {
  private readonly peer: Peer;
  private readonly timeoutMs: number;
  private readonly listTimeoutMs: number;

  constructor(options: { readonly baseUrl: string; readonly tokens?: TokenSource; readonly timeoutMs: number }) {
    super();
    this.peer = new Peer({ ...options, unavailable: 'atomic_executor_unavailable', passOn: PASSED_ON });
    this.timeoutMs = options.timeoutMs;
    // To the peer 0 means no limit.
    this.listTimeoutMs = Math.min(options.timeoutMs || LIST_TIMEOUT_MS, LIST_TIMEOUT_MS);
  }

  executeAtomicNodeRun(
    ctx: RequestContext,
    request: AtomicExecuteRequest,
    options: AtomicExecuteOptions = {},
  ): Promise<AtomicExecuteResult> {
    const timeoutMs = this.timeoutMs === 0 ? 0 : Math.max(this.timeoutMs, options.timeoutMs ?? 0);
    return this.peer.json(
      ctx,
      { method: 'POST', path: '/v1/atomic-node-runs:execute', body: request, timeoutMs },
      AtomicExecuteResult,
    );
  }

  cancelAtomicNodeRun(ctx: RequestContext, nodeRunId: string): Promise<void> {
    return this.peer.nothing(ctx, {
      method: 'POST',
      path: `/v1/atomic-node-runs/${encodeURIComponent(nodeRunId)}:cancel`,
    });
  }

  /** @returns undefined when the executor answers 404: it is of another implementation */
  async listNodeTypes(ctx: RequestContext): Promise<NodeType[] | undefined> {
    const request = { method: 'GET', path: '/v1/node-types', timeoutMs: this.listTimeoutMs } as const;
    try {
      return await this.peer.jsonArray(ctx, request, NodeType);
    } catch (error) {
      if (peerAnswerOf(error)?.status === 404) return undefined;
      throw error;
    }
  }

  ping(ctx: RequestContext): Promise<void> {
    return this.peer.ping(ctx);
  }

  async close(): Promise<void> {
    await this.peer.close();
  }
}
