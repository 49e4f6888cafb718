import { membersOf, textOf } from '../transport/answer-body.js';
import type { Approval, NodeRun, Run, RunEvent, RunEventType, RunStartRequest } from '../suite/records.js';
import { jsonReply } from './mock-request.js';
import type { MockRequest } from './mock-request.js';

/** The handler of a node type: outputs, made of a run's input. What it throws fails the run. */
export type MockNode = (input: Readonly<Record<string, unknown>>) => object | Promise<object>;

const ECHO = 'jarvis.core.echo';
const PAGE = 50;

interface MockRun {
  readonly request: RunStartRequest;
  run: Run;
  root: NodeRun;
  readonly events: RunEvent[];
  approval?: Approval;
  readonly listeners: Set<() => void>;
}

/** The suite's side of the mock: runs of one node that start at once and last as long as their handler. */
export class MockRuns {
  private readonly runs = new Map<string, MockRun>();
  private readonly runOfKey = new Map<string, string>();

  constructor(private readonly nodes: Readonly<Record<string, MockNode>>) {}

  async answer(request: MockRequest, signal: AbortSignal | null | undefined): Promise<Response | undefined> {
    const { method, path, query } = request;
    if (method === 'POST' && path === '/v1/runs') return this.start(request);
    if (method === 'GET' && path === '/v1/runs') return this.list(query);
    if (method === 'GET' && path === '/v1/node-types') return jsonReply(200, this.nodeTypes());
    if (method === 'GET' && path === '/v1/approvals') return this.listApprovals(query);
    const [, kind = '', id = '', action = ''] =
      /^\/v1\/(runs|node-runs|approvals)\/([^/:]+)([/:][a-z-]+)?$/.exec(path) ?? [];
    const found = this.find(kind, decodeURIComponent(id));
    if (kind !== '' && found === undefined) return refusal(404, `${kind.slice(0, -1).replace('-', '_')}_not_found`);
    if (found === undefined) return undefined;
    switch (`${method} ${kind}${action}`) {
      case 'GET runs':
        return jsonReply(200, found.run);
      case 'POST runs:cancel':
        this.end(found, 'canceled');
        return jsonReply(200, found.run);
      case 'GET runs/events':
        return eventStream(found, query, signal);
      case 'GET runs/node-runs':
        return jsonReply(200, { node_runs: [found.root], pagination: { page_size: PAGE } });
      case 'GET node-runs':
        return jsonReply(200, found.root);
      case 'GET approvals':
        return jsonReply(200, found.approval);
      case 'POST approvals:approve':
      case 'POST approvals:deny':
        return this.decide(found, action === ':approve', request);
      default:
        return undefined;
    }
  }

  private start({ body, headers }: MockRequest): Response {
    const request = body as RunStartRequest;
    const node = textOf(membersOf(membersOf(body)['root_node_type_ref'])['node_type_id']);
    if (node === undefined) return refusal(400, 'invalid_request');
    const key = headers.get('idempotency-key');
    const runId = request.run_id ?? (key === null ? undefined : this.runOfKey.get(key)) ?? `run_${crypto.randomUUID()}`;
    const known = this.runs.get(runId);
    if (known !== undefined) {
      if (JSON.stringify(known.request) === JSON.stringify(request)) return jsonReply(200, known.run);
      return refusal(409, request.run_id === undefined ? 'idempotency_conflict' : 'run_already_exists');
    }
    if (key !== null) this.runOfKey.set(key, runId);
    const nodeRunId = `node_run_${crypto.randomUUID()}`;
    const now = new Date().toISOString();
    const made: MockRun = {
      request,
      run: { run_id: runId, state: 'queued', root_node_run_id: nodeRunId },
      root: {
        node_run_id: nodeRunId,
        run_id: runId,
        node_type_ref: request.root_node_type_ref,
        kind: 'atomic',
        state: 'queued',
        created_at: now,
        inputs: request.input,
      },
      events: [],
      listeners: new Set(),
    };
    this.runs.set(runId, made);
    record(made, 'run_started', { root_node_run_id: nodeRunId });
    const started = made.run;
    if (request.constraints?.gates?.require_approval === true) this.ask(made, now);
    else void this.run(made, node);
    return jsonReply(200, started);
  }

  private async run(made: MockRun, node: string): Promise<void> {
    const started_at = new Date().toISOString();
    made.run = { ...made.run, state: 'running', started_at };
    made.root = { ...made.root, state: 'running', started_at };
    record(made, 'node_run_assigned', { root: true });
    const handler = this.nodes[node] ?? ((input) => (node === ECHO ? { echo: input } : input));
    try {
      const outputs = await handler(made.request.input);
      made.root = { ...made.root, outputs: { ...outputs } };
      this.end(made, 'succeeded');
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.fail(made, 'handler_failed', message);
    }
  }

  private fail(made: MockRun, code: string, message: string): void {
    made.root = { ...made.root, extensions: { 'jarvis.completion_error': { code, message } } };
    this.end(made, 'failed');
  }

  private end(made: MockRun, state: 'succeeded' | 'failed' | 'canceled'): void {
    if (made.run.ended_at !== undefined) return;
    const ended_at = new Date().toISOString();
    made.run = { ...made.run, state, ended_at };
    made.root = { ...made.root, state, ended_at };
    if (made.approval?.state === 'pending') made.approval = { ...made.approval, state: 'withdrawn' };
    record(made, 'node_evaluated', { state });
    record(made, 'run_completed', { state });
  }

  private ask(made: MockRun, now: string): void {
    made.approval = {
      approval_id: `approval_${crypto.randomUUID()}`,
      state: 'pending',
      action: 'node.run.execute',
      run_id: made.run.run_id,
      node_run_id: made.root.node_run_id,
      node_type_ref: made.request.root_node_type_ref,
      requested_at: now,
      expires_at: new Date(Date.now() + 86_400_000).toISOString(),
      inputs: made.request.input,
    };
    record(made, 'policy_decided', { decision: 'require_approval' });
  }

  private decide(made: MockRun, isApproved: boolean, { body }: MockRequest): Response {
    const { approval } = made;
    const state = isApproved ? 'approved' : 'denied';
    if (approval === undefined) return refusal(404, 'approval_not_found');
    if (approval.state === state) return jsonReply(200, approval);
    if (approval.state !== 'pending') return refusal(409, 'approval_decided');
    const comment = textOf(membersOf(body)['comment']);
    const decided = {
      ...approval,
      state,
      decided_at: new Date().toISOString(),
      ...(comment === undefined ? {} : { comment }),
    };
    made.approval = decided as Approval;
    record(made, 'policy_decided', { decision: isApproved ? 'allow' : 'deny' });
    if (isApproved) void this.run(made, made.request.root_node_type_ref.node_type_id);
    else this.fail(made, 'approval_denied', 'Somebody has denied it.');
    return jsonReply(200, made.approval);
  }

  private list(query: URLSearchParams): Response {
    const states = statesOf(query);
    const node = query.get('node_type_id');
    const matching = [...this.runs.values()]
      .reverse()
      .filter(({ run }) => states.length === 0 || states.includes(run.state))
      .filter(({ request }) => node === null || request.root_node_type_ref.node_type_id === node)
      .map(({ run }) => run);
    return page('runs', matching, query);
  }

  private listApprovals(query: URLSearchParams): Response {
    const states = statesOf(query);
    const matching = [...this.runs.values()]
      .reverse()
      .map(({ approval }) => approval)
      .filter((approval) => approval !== undefined)
      .filter(({ state }) => states.length === 0 || states.includes(state))
      .filter(({ run_id }) => (query.get('run_id') ?? run_id) === run_id);
    return page('approvals', matching, query);
  }

  private nodeTypes(): object[] {
    return [...new Set([ECHO, ...Object.keys(this.nodes)])].sort().map((node_type_id) => ({
      node_type_id,
      version: '0.1.0',
      kind: 'atomic',
      name: node_type_id,
    }));
  }

  private find(kind: string, id: string): MockRun | undefined {
    if (kind === 'runs') return this.runs.get(id);
    return [...this.runs.values()].find(({ root, approval }) =>
      kind === 'node-runs' ? root.node_run_id === id : kind === 'approvals' && approval?.approval_id === id,
    );
  }
}

function record(made: MockRun, type: RunEventType, data: Record<string, unknown>): void {
  const { run_id } = made.run;
  const seq = made.events.length + 1;
  const ofNode = type === 'run_completed' ? {} : { node_run_id: made.root.node_run_id };
  made.events.push({ run_id, seq, type, time: new Date().toISOString(), ...ofNode, data });
  for (const hear of [...made.listeners]) hear();
}

/** NDJSON, as the run gateway streams it. */
function eventStream(made: MockRun, query: URLSearchParams, signal: AbortSignal | null | undefined): Response {
  let cursor = Number(query.get('cursor') ?? 0);
  const follow = ['1', 'true'].includes(query.get('follow') ?? '');
  const encoder = new TextEncoder();
  let hear = (): void => undefined;
  const leave = (): boolean => made.listeners.delete(hear);
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      hear = () => {
        for (const event of made.events.filter(({ seq }) => seq > cursor)) {
          controller.enqueue(encoder.encode(`${JSON.stringify(event)}\n`));
          cursor = event.seq;
        }
        if (follow && made.run.ended_at === undefined) return;
        if (follow && made.events.at(-1)?.type !== 'run_completed') return;
        leave();
        controller.close();
      };
      made.listeners.add(hear);
      signal?.addEventListener(
        'abort',
        () => {
          if (leave()) controller.error(signal.reason);
        },
        { once: true },
      );
      hear();
    },
    cancel: () => {
      leave();
    },
  });
  return new Response(body, { status: 200, headers: { 'content-type': 'application/x-ndjson' } });
}

function statesOf(query: URLSearchParams): string[] {
  return query.getAll('state').flatMap((value) => value.split(','));
}

function page(name: string, all: readonly unknown[], query: URLSearchParams): Response {
  const size = Number(query.get('limit') ?? PAGE);
  const from = Number(query.get('page_token') ?? 0);
  const next = from + size < all.length ? { next_page_token: String(from + size) } : {};
  return jsonReply(200, { [name]: all.slice(from, from + size), pagination: { page_size: size, ...next } });
}

function refusal(status: number, code: string): Response {
  return jsonReply(status, { error: { code, message: `The mock says ${code}.`, retryable: false } });
}
