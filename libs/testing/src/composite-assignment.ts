import { setTimeout as sleep } from 'node:timers/promises';
import { fromPeer, NODE_RUN_TERMINAL_STATES, NodeRun, NodeRunsCreateResponse } from '#contract';
import type {
  CompositeBeginRequest,
  NodeRunCompleteRequest,
  NodeRunCreateSpec,
  NodeRunEvaluationReportRequest,
} from '#contract';

/** How a composite node run talks to its coordinator. */
export interface AssignmentOptions {
  /** `follow`: by the event stream of its node run, looking every second besides; `poll`: by looking. */
  readonly wait: 'follow' | 'poll';
  /** How often it looks when it polls, in milliseconds. */
  readonly pollEveryMs: number;
  /** How long it tries again while the coordinator does not answer, answers 5xx or knows a newer hand-over, in milliseconds. */
  readonly retryForMs: number;
}

/** The coordinator answered a report with 4xx: there is nothing to try again. */
export class CoordinatorRefusalError extends Error {
  override readonly name = 'CoordinatorRefusalError';

  /** @param code of the error envelope */
  constructor(
    readonly status: number,
    readonly code: string | undefined,
    request: string,
  ) {
    super(`${request} was answered with ${status} ${code ?? ''}`.trim());
  }
}

const LOOK_EVERY_MS = 1_000;
const RETRY_EVERY_MS = 100;
/** After these a node run may have ended. */
const ENDING_EVENTS: readonly string[] = ['atomic_executed', 'node_evaluated', 'recovery_applied', 'run_completed'];

/** One composite node run in the hands of a script: what the script can do with it, over HTTP, with the assignment token as bearer. */
export class CompositeAssignment {
  private readonly stopped = new AbortController();

  /** @param request the begin request; the same node run begun again replaces it, with its newer token */
  constructor(
    public request: CompositeBeginRequest,
    private readonly options: AssignmentOptions,
  ) {}

  /** Fires when the node run is canceled or the executor ends. */
  get signal(): AbortSignal {
    return this.stopped.signal;
  }

  stop(reason: Error): void {
    this.stopped.abort(reason);
  }

  /** Creates children of the node run. With idempotency keys the same call again gives the same children. */
  async createChildren(specs: readonly NodeRunCreateSpec[]): Promise<NodeRun[]> {
    const { run_id, node_run_id } = this.request;
    const response = await this.call('POST', '/v1/node-runs', {
      run_id,
      parent_node_run_id: node_run_id,
      node_runs: specs,
    });
    return fromPeer(NodeRunsCreateResponse, await response.json()).node_runs;
  }

  async getNodeRun(nodeRunId: string): Promise<NodeRun> {
    const response = await this.call('GET', `/v1/node-runs/${encodeURIComponent(nodeRunId)}`);
    return fromPeer(NodeRun, await response.json());
  }

  /** Waits until all have ended, and returns them in the order in which they were given. */
  async untilEnded(nodeRunIds: readonly string[]): Promise<NodeRun[]> {
    const ended = new Map<string, NodeRun>();
    const finished = new AbortController();
    const signal = AbortSignal.any([this.signal, finished.signal]);
    const bell = new Bell();
    const following = this.options.wait === 'follow' ? this.follow((id) => bell.ring(id), signal) : undefined;
    const pause = this.options.wait === 'follow' ? LOOK_EVERY_MS : this.options.pollEveryMs;
    try {
      let looked = nodeRunIds;
      for (;;) {
        for (const id of looked) {
          if (ended.has(id) || !nodeRunIds.includes(id)) continue;
          const nodeRun = await this.getNodeRun(id);
          if (NODE_RUN_TERMINAL_STATES.some((state) => state === nodeRun.state)) ended.set(id, nodeRun);
        }
        if (nodeRunIds.every((id) => ended.has(id))) break;
        looked = (await bell.next(pause, signal)) ?? nodeRunIds;
      }
    } finally {
      finished.abort();
      await following;
    }
    return nodeRunIds.flatMap((id) => ended.get(id) ?? []);
  }

  async evaluate(report: NodeRunEvaluationReportRequest): Promise<void> {
    await this.call('POST', `${this.path}:evaluation`, report);
  }

  async complete(report: NodeRunCompleteRequest): Promise<void> {
    await this.call('POST', `${this.path}:complete`, report);
  }

  private get path(): string {
    return `/v1/node-runs/${encodeURIComponent(this.request.node_run_id)}`;
  }

  /** Reads the event stream of the node run, again from where it broke off, until `signal` fires. */
  private async follow(onEvent: (nodeRunId: string) => void, signal: AbortSignal): Promise<void> {
    let cursor = 0;
    while (!signal.aborted) {
      try {
        const response = await this.call('GET', `${this.path}/events?follow=1&cursor=${cursor}`, undefined, signal);
        for await (const line of linesOf(response)) {
          const event = JSON.parse(line) as { seq: number; type: string; node_run_id?: string };
          cursor = event.seq;
          if (event.node_run_id !== undefined && ENDING_EVENTS.includes(event.type)) onEvent(event.node_run_id);
        }
      } catch (error) {
        if (error instanceof CoordinatorRefusalError) return;
      }
      await sleep(RETRY_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async call(
    method: string,
    path: string,
    body?: object,
    signal: AbortSignal = this.signal,
  ): Promise<Response> {
    const giveUpAt = Date.now() + this.options.retryForMs;
    for (;;) {
      signal.throwIfAborted();
      const response = await this.send(method, path, body, signal).catch((error: unknown) => {
        if (signal.aborted || Date.now() >= giveUpAt) throw error;
      });
      if (response?.ok === true) return response;
      if (response !== undefined) {
        const said = (await response.json().catch(() => undefined)) as { error?: { code?: string } } | undefined;
        const code = said?.error?.code;
        // Handed out again: the begin with the newer token has come since, or is still to come.
        const mayBeTried = response.status >= 500 || code === 'assignment_mismatch';
        if (!mayBeTried || Date.now() >= giveUpAt) {
          throw new CoordinatorRefusalError(response.status, code, `${method} ${path}`);
        }
      }
      await sleep(RETRY_EVERY_MS, undefined, { signal });
    }
  }

  private send(method: string, path: string, body: object | undefined, signal: AbortSignal): Promise<Response> {
    const { coordinator_endpoint, assignment_token } = this.request;
    return fetch(`${coordinator_endpoint.replace(/\/+$/, '')}${path}`, {
      method,
      signal,
      headers: {
        ...(assignment_token === undefined ? {} : { authorization: `Bearer ${assignment_token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}

/** Rings for node runs; nobody who listens later misses one. */
class Bell {
  private readonly rung = new Set<string>();
  private wake: () => void = () => undefined;

  ring(nodeRunId: string): void {
    this.rung.add(nodeRunId);
    this.wake();
  }

  /** @returns the node runs it rang for, or undefined when it was silent for `pauseMs` */
  async next(pauseMs: number, signal: AbortSignal): Promise<readonly string[] | undefined> {
    signal.throwIfAborted();
    if (this.rung.size === 0) {
      const over = new AbortController();
      const rang = new Promise<void>((settle) => {
        this.wake = settle;
      });
      const silent = sleep(pauseMs, undefined, { signal: AbortSignal.any([signal, over.signal]) });
      await Promise.race([rang, silent.catch(() => undefined)]);
      over.abort();
      signal.throwIfAborted();
    }
    const rung = [...this.rung];
    this.rung.clear();
    return rung.length === 0 ? undefined : rung;
  }
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    const pieces = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = pieces.pop() ?? '';
    yield* pieces.filter((line) => line.trim() !== '');
  }
}
