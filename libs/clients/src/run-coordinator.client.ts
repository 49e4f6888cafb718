import type { TokenSource } from '#auth';
import { Approval, ApprovalList, AppError, fromPeer, NodeRunList, Run, RunEvent, RunList, RunsApi } from '#contract';
import type {
  ApprovalDecisionRequest,
  ApprovalListOptions,
  ApprovalsApi,
  ApprovalVerdict,
  EventStreamOptions,
  NodeRunListOptions,
  RequestContext,
  RunListOptions,
  RunStartRequest,
  StartRunOptions,
} from '#contract';
import { formatIdempotencyKey } from '#http';
import { Peer } from './peer.js';

/**
 * The endpoints of a Run Coordinator for callers, runs and approvals, over HTTP (run-coordinator.openapi.yaml). It is asked on behalf of the caller, so that what he
 * may not do there (`forbidden`) is his to hear.
 */
export class RunCoordinatorClient extends RunsApi implements ApprovalsApi {
  private readonly peer: Peer;

  constructor(options: { readonly baseUrl: string; readonly tokens?: TokenSource; readonly timeoutMs: number }) {
    super();
    this.peer = new Peer({ ...options, unavailable: 'run_coordinator_unavailable' });
  }

  startRun(ctx: RequestContext, request: RunStartRequest, options: StartRunOptions = {}): Promise<Run> {
    const { idempotencyKey: key } = options;
    const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': formatIdempotencyKey(key) };
    return this.peer.json(ctx, { method: 'POST', path: '/v1/runs', body: request, headers }, Run);
  }

  getRun(ctx: RequestContext, runId: string): Promise<Run> {
    return this.peer.json(ctx, { method: 'GET', path: `/v1/runs/${encodeURIComponent(runId)}` }, Run);
  }

  listRuns(ctx: RequestContext, options: RunListOptions): Promise<RunList> {
    const query = queryOf({
      state: options.states,
      node_type_id: options.nodeTypeId,
      created_after: options.createdAfter,
      created_before: options.createdBefore,
      limit: options.limit,
      page_token: options.pageToken,
    });
    return this.peer.json(ctx, { method: 'GET', path: `/v1/runs${query}` }, RunList);
  }

  listNodeRuns(ctx: RequestContext, runId: string, options: NodeRunListOptions): Promise<NodeRunList> {
    const query = queryOf({
      state: options.states,
      node_type_id: options.nodeTypeId,
      parent_node_run_id: options.parentNodeRunId,
      kind: options.kind,
      limit: options.limit,
      page_token: options.pageToken,
    });
    const path = `/v1/runs/${encodeURIComponent(runId)}/node-runs${query}`;
    return this.peer.json(ctx, { method: 'GET', path }, NodeRunList);
  }

  cancelRun(ctx: RequestContext, runId: string): Promise<Run> {
    return this.peer.json(ctx, { method: 'POST', path: `/v1/runs/${encodeURIComponent(runId)}:cancel` }, Run);
  }

  async streamRunEvents(
    ctx: RequestContext,
    runId: string,
    options: EventStreamOptions,
  ): Promise<AsyncIterable<RunEvent>> {
    const { cursor, limit, follow } = options;
    const suffix = queryOf({ cursor, limit, follow: follow === true ? 1 : undefined });
    const lines = await this.peer.lines(ctx, {
      method: 'GET',
      path: `/v1/runs/${encodeURIComponent(runId)}/events${suffix}`,
      // A followed run may be silent for long.
      ...(options.follow === true ? { timeoutMs: 0 } : {}),
    });
    return readEvents(lines, ctx.signal);
  }

  listApprovals(ctx: RequestContext, options: ApprovalListOptions): Promise<ApprovalList> {
    const query = queryOf({
      state: options.states,
      run_id: options.runId,
      limit: options.limit,
      page_token: options.pageToken,
    });
    return this.peer.json(ctx, { method: 'GET', path: `/v1/approvals${query}` }, ApprovalList);
  }

  getApproval(ctx: RequestContext, approvalId: string): Promise<Approval> {
    return this.peer.json(ctx, { method: 'GET', path: `/v1/approvals/${encodeURIComponent(approvalId)}` }, Approval);
  }

  decideApproval(
    ctx: RequestContext,
    approvalId: string,
    verdict: ApprovalVerdict,
    body: ApprovalDecisionRequest,
  ): Promise<Approval> {
    const verb = verdict === 'approved' ? 'approve' : 'deny';
    const path = `/v1/approvals/${encodeURIComponent(approvalId)}:${verb}`;
    return this.peer.json(ctx, { method: 'POST', path, body }, Approval);
  }

  ping(ctx: RequestContext): Promise<void> {
    return this.peer.ping(ctx);
  }

  async close(): Promise<void> {
    await this.peer.close();
  }
}

/** `?name=value&…` of the parameters that are given, or nothing; an array repeats its parameter. */
function queryOf(parameters: Readonly<Record<string, string | number | readonly string[] | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    for (const item of typeof value === 'object' ? value : [value]) query.append(name, String(item));
  }
  return query.size === 0 ? '' : `?${query.toString()}`;
}

/** Each line becomes an event; blank lines are keep-alives. Python coordinators wrap the whole log in a JSON string. */
async function* readEvents(lines: AsyncIterable<string>, signal: AbortSignal): AsyncGenerator<RunEvent> {
  try {
    for await (const line of lines) {
      for (const text of unquote(line)) {
        if (text.trim() !== '') yield fromPeer(RunEvent, JSON.parse(text));
      }
    }
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof AppError) throw error;
    throw new AppError('run_coordinator_unavailable', { cause: error });
  }
}

function unquote(line: string): string[] {
  if (!line.startsWith('"')) return [line];
  const inner: unknown = JSON.parse(line);
  return typeof inner === 'string' ? inner.split('\n').flatMap(unquote) : [line];
}
