import { Deadline, sleep } from '../transport/deadline.js';
import { idempotencyHeader } from '../transport/idempotency-header.js';
import { ArpTimeoutError } from './arp-errors.js';
import type { ArpRequestOptions, Connection } from './connection.js';
import { itemsOf, pageOf } from './pages.js';
import type { NodeRun, NodeRunFilter, Page, Run, RunEvent, RunFilter, RunStartRequest } from './records.js';
import { isTerminal, runEvents } from './run-events.js';
import type { RunEventsOptions } from './run-events.js';

/** Options of `runs.start`. */
export interface StartRunOptions extends ArpRequestOptions {
  /** The same key with the same request is the same run. Default: a new key, so that a repetition starts nothing twice. */
  readonly idempotencyKey?: string;
}

/** Options of `runs.wait`. */
export interface WaitOptions {
  readonly signal?: AbortSignal;
  /** Longest wait for the run, in milliseconds; default 600,000. */
  readonly timeoutMs?: number;
}

const FIRST_LOOK_MS = 100;
const LAST_LOOK_MS = 2_000;

/** The runs of the suite. */
export class Runs {
  constructor(
    private readonly connection: Connection,
    private readonly closing: AbortSignal,
  ) {}

  /** Starts a run. It is safe to repeat: see `idempotencyKey`. */
  async start(request: RunStartRequest, options: StartRunOptions = {}): Promise<Run> {
    const { idempotencyKey = crypto.randomUUID(), ...rest } = options;
    const headers = { 'idempotency-key': idempotencyHeader(idempotencyKey) };
    return (await this.connection.send({ ...rest, method: 'POST', path: '/v1/runs', body: request, headers }))
      .body as Run;
  }

  async get(runId: string, options: ArpRequestOptions = {}): Promise<Run> {
    return (await this.connection.send({ ...options, method: 'GET', path: pathOf(runId) })).body as Run;
  }

  /** Cancels a run and everything below it; one that has ended stays as it is. */
  async cancel(runId: string, options: ArpRequestOptions = {}): Promise<Run> {
    return (await this.connection.send({ ...options, method: 'POST', path: `${pathOf(runId)}:cancel` })).body as Run;
  }

  /** Waits until a run has ended, however it did. Throws ArpTimeoutError when that takes too long; the run goes on. */
  async wait(runId: string, { signal, timeoutMs = 600_000 }: WaitOptions = {}): Promise<Run> {
    const deadline = new Deadline([signal, this.closing], timeoutMs);
    try {
      for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * 1.5, LAST_LOOK_MS)) {
        const run = await this.get(runId, { signal: deadline.signal });
        if (isTerminal(run)) return run;
        await sleep(pauseMs, deadline.signal);
      }
    } catch (error) {
      if (!deadline.timedOut) throw error;
      throw new ArpTimeoutError(`The run ${runId} has not ended within ${timeoutMs} ms.`, {
        code: 'timeout',
        retryable: true,
      });
    } finally {
      deadline.end();
    }
  }

  /** Every run that matches, newest first, page by page as it is read. `limit` is the size of a page. */
  list(filter: RunFilter = {}, options: ArpRequestOptions = {}): AsyncGenerator<Run, void> {
    return itemsOf((pageToken) => this.listPage({ ...filter, pageToken }, options));
  }

  /** One page of runs, newest first. */
  async listPage(
    filter: RunFilter & { readonly pageToken?: string | undefined } = {},
    options: ArpRequestOptions = {},
  ): Promise<Page<Run>> {
    const { pageToken, ...query } = filter;
    const sent = { ...query, page_token: pageToken };
    return pageOf<Run>(
      await this.connection.send({ ...options, method: 'GET', path: '/v1/runs', query: sent }),
      'runs',
    );
  }

  /** Every node run of a run, oldest first: the root comes first. */
  nodeRuns(runId: string, filter: NodeRunFilter = {}, options: ArpRequestOptions = {}): AsyncGenerator<NodeRun, void> {
    return itemsOf(async (pageToken) => {
      const query = { ...filter, page_token: pageToken };
      const path = `${pathOf(runId)}/node-runs`;
      return pageOf<NodeRun>(await this.connection.send({ ...options, method: 'GET', path, query }), 'node_runs');
    });
  }

  /**
   * The events of a run, each once, in the order of `seq`, also across broken connections.
   *
   * @example
   * for await (const event of client.runs.events(run.run_id, { follow: true })) console.log(event.type);
   */
  events(runId: string, options: RunEventsOptions = {}): AsyncGenerator<RunEvent, void> {
    return runEvents(this.connection, runId, this.closing, options);
  }
}

function pathOf(runId: string): string {
  return `/v1/runs/${encodeURIComponent(runId)}`;
}
