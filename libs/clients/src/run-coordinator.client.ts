import { AppError, fromPeer, Health, Run, RunEvent, RunsApi } from '#contract';
import type { EventStreamOptions, RequestContext, RunStartRequest } from '#contract';
import { Peer } from './peer.js';

const PING_TIMEOUT_MS = 2_000;

/** The run endpoints of a Run Coordinator over HTTP (run-coordinator.openapi.yaml). */
export class RunCoordinatorClient extends RunsApi {
  private readonly peer: Peer;

  constructor(options: { readonly baseUrl: string; readonly bearerToken?: string; readonly timeoutMs: number }) {
    super();
    this.peer = new Peer({ ...options, unavailable: 'run_coordinator_unavailable' });
  }

  startRun(ctx: RequestContext, request: RunStartRequest): Promise<Run> {
    return this.peer.json(ctx, { method: 'POST', path: '/v1/runs', body: request }, Run);
  }

  getRun(ctx: RequestContext, runId: string): Promise<Run> {
    return this.peer.json(ctx, { method: 'GET', path: `/v1/runs/${encodeURIComponent(runId)}` }, Run);
  }

  cancelRun(ctx: RequestContext, runId: string): Promise<Run> {
    return this.peer.json(ctx, { method: 'POST', path: `/v1/runs/${encodeURIComponent(runId)}:cancel` }, Run);
  }

  async streamRunEvents(
    ctx: RequestContext,
    runId: string,
    options: EventStreamOptions,
  ): Promise<AsyncIterable<RunEvent>> {
    const query = new URLSearchParams();
    if (options.cursor !== undefined) query.set('cursor', String(options.cursor));
    if (options.limit !== undefined) query.set('limit', String(options.limit));
    if (options.follow === true) query.set('follow', '1');
    const suffix = query.size === 0 ? '' : `?${query.toString()}`;
    const lines = await this.peer.lines(ctx, {
      method: 'GET',
      path: `/v1/runs/${encodeURIComponent(runId)}/events${suffix}`,
      // A followed run may be silent for long.
      ...(options.follow === true ? { timeoutMs: 0 } : {}),
    });
    return readEvents(lines, ctx.signal);
  }

  async ping(ctx: RequestContext): Promise<void> {
    await this.peer.json(ctx, { method: 'GET', path: '/v1/health', timeoutMs: PING_TIMEOUT_MS }, Health);
  }

  async close(): Promise<void> {
    await this.peer.close();
  }
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
