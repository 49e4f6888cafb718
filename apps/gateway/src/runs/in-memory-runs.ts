import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mayReach, ownerBorder, withoutIdentity } from '#auth';
import { AppError, RunsApi } from '#contract';
import type {
  EventStreamOptions,
  NodeRunList,
  NodeRunListOptions,
  RequestContext,
  Run,
  RunEvent,
  RunList,
  RunListOptions,
  RunStartRequest,
  StartRunOptions,
} from '#contract';
import { instantOf } from '#http';
import { listKeptNodeRuns, listKeptRuns, runIdOfKey } from './kept-run.js';
import type { KeptRun } from './kept-run.js';

/** Most runs kept; the oldest is forgotten first. */
const MAX_RUNS = 10_000;

/**
 * The gateway alone, without a coordinator (seed 000): it accepts runs, keeps them in memory and executes nothing. For trying
 * the API out; everything is gone at a restart.
 */
export class InMemoryRuns extends RunsApi {
  private readonly kept = new Map<string, KeptRun>();
  private readonly changes = new EventEmitter().setMaxListeners(0);

  async startRun(ctx: RequestContext, request: RunStartRequest, options: StartRunOptions = {}): Promise<Run> {
    const key = request.run_id === undefined ? options.idempotencyKey : undefined;
    const keyed = key === undefined ? undefined : runIdOfKey(ctx.principal, key);
    const runId = request.run_id ?? keyed ?? `run_${randomBytes(16).toString('hex')}`;
    const { run_context: context } = request;
    const asked = JSON.stringify(
      context === undefined ? request : { ...request, run_context: withoutIdentity(context) },
    );
    const owner = ctx.principal.owner ?? null;
    const known = this.kept.get(runId);
    if (known !== undefined) {
      if (known.request === asked && mayReach(ctx.principal, { owner: known.owner, runId })) return known.run;
      if (key !== undefined) throw new AppError('idempotency_conflict', { details: { idempotency_key: key } });
      throw new AppError('run_already_exists', { details: { run_id: runId } });
    }
    const rootId = `node_run_${randomBytes(16).toString('hex')}`;
    const createdAt = new Date();
    const now = createdAt.toISOString();
    const run: Run = {
      run_id: runId,
      state: 'queued',
      root_node_run_id: rootId,
      ...(request.run_context === undefined ? {} : { run_context: request.run_context }),
      ...(request.extensions === undefined ? {} : { extensions: request.extensions }),
    };
    const started: RunEvent = {
      run_id: runId,
      node_run_id: rootId,
      seq: 1,
      type: 'run_started',
      time: now,
      data: { root_node_run_id: rootId },
    };
    const root = {
      node_run_id: rootId,
      run_id: runId,
      node_type_ref: request.root_node_type_ref,
      state: run.state,
      created_at: now,
      inputs: request.input,
    };
    this.kept.set(runId, { run, root, owner, request: asked, createdAt: instantOf(createdAt), events: [started] });
    const oldest = this.kept.keys().next().value;
    if (this.kept.size > MAX_RUNS && oldest !== undefined) {
      this.kept.delete(oldest);
      this.changes.emit(oldest);
    }
    return run;
  }

  async getRun(ctx: RequestContext, runId: string): Promise<Run> {
    return this.find(ctx, runId).run;
  }

  async listRuns({ principal }: RequestContext, options: RunListOptions): Promise<RunList> {
    const border = ownerBorder(principal);
    const reachable = [...this.kept.values()].filter(({ owner }) => border === undefined || owner === border);
    return listKeptRuns(reachable, options);
  }

  async listNodeRuns(ctx: RequestContext, runId: string, options: NodeRunListOptions): Promise<NodeRunList> {
    return listKeptNodeRuns(this.find(ctx, runId), options);
  }

  async cancelRun(ctx: RequestContext, runId: string): Promise<Run> {
    const kept = this.find(ctx, runId);
    if (kept.run.state === 'queued') {
      const now = new Date().toISOString();
      kept.run = { ...kept.run, state: 'canceled', ended_at: now };
      kept.events.push({ run_id: runId, seq: 2, type: 'run_completed', time: now, data: { state: 'canceled' } });
      this.changes.emit(runId);
    }
    return kept.run;
  }

  async streamRunEvents(
    ctx: RequestContext,
    runId: string,
    options: EventStreamOptions,
  ): Promise<AsyncIterable<RunEvent>> {
    return this.read(this.find(ctx, runId), options, ctx.signal);
  }

  async ping(): Promise<void> {}

  private async *read(kept: KeptRun, options: EventStreamOptions, signal: AbortSignal): AsyncGenerator<RunEvent> {
    let cursor = options.cursor ?? 0;
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    while (!signal.aborted) {
      for (const event of kept.events.slice(cursor)) {
        if (left <= 0) return;
        yield event;
        cursor = event.seq;
        left -= 1;
      }
      const isOver = kept.run.state === 'canceled' || this.kept.get(kept.run.run_id) !== kept;
      if (left <= 0 || options.follow !== true || isOver) return;
      if (kept.events.length <= cursor) await once(this.changes, kept.run.run_id, { signal }).catch(() => undefined);
    }
  }

  private find({ principal }: RequestContext, runId: string): KeptRun {
    const kept = this.kept.get(runId);
    if (kept === undefined || !mayReach(principal, { owner: kept.owner, runId })) {
      throw new AppError('run_not_found', { message: `There is no run ${runId}.`, details: { run_id: runId } });
    }
    return kept;
  }
}
