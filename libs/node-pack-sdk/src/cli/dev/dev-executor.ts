import { callFactsOf, executeResultOf, isSameWork, requestRefusal, timeLimitOf } from '../../runtime/execution.js';
import type { ExecuteRequest, ExecuteResult, OfferedNode } from '../../runtime/execution.js';
import { outOfTime } from '../../runtime/handler-error.js';
import type { HandlerEnd, StopReason } from '../../runtime/pack-host.js';
import { runNode } from '../../runtime/run-node.js';
import { recordingPorts } from '../../testing/recorder.js';
import type { Output } from '../output.js';
import { RequestError } from './execute-request.js';
import { nodeTypesOf } from './loaded-packs.js';
import type { LoadedPacks } from './loaded-packs.js';

interface AtWork {
  readonly request: ExecuteRequest;
  readonly controller: AbortController;
  readonly packs: LoadedPacks;
  readonly result: Promise<ExecuteResult>;
}

const TIMEOUT_MS = 120_000;
/** How long node runs that began before a reload may go on, in milliseconds. */
const RETIRE_MS = 5_000;

/**
 * Executes node runs as an executor does, with packs that can be exchanged. It differs in one thing: it forgets results, so that the same
 * request runs the new code.
 */
export class DevExecutor {
  private packs: LoadedPacks | undefined;
  private readonly atWork = new Map<string, AtWork>();
  private readonly retiring = new Set<Promise<void>>();

  /** @param credentials what handlers may read, by name */
  constructor(
    private readonly output: Output,
    private readonly credentials: Readonly<Record<string, string>> = {},
  ) {}

  get loaded(): LoadedPacks | undefined {
    return this.packs;
  }

  /** From now on these packs are used. Node runs of the ones before go on for a while. */
  use(packs: LoadedPacks): void {
    const before = this.packs;
    this.packs = packs;
    if (before === undefined) return;
    const retired = this.retire(before).finally(() => this.retiring.delete(retired));
    this.retiring.add(retired);
  }

  nodeTypes(): unknown[] {
    return this.packs === undefined ? [] : nodeTypesOf(this.packs);
  }

  /** @throws RequestError node_run_id_reused */
  async execute(request: ExecuteRequest, traceparent?: string): Promise<ExecuteResult> {
    const same = this.atWork.get(request.node_run_id);
    if (same !== undefined) {
      if (isSameWork(same.request, request)) return same.result;
      const details = { node_run_id: request.node_run_id };
      throw new RequestError(409, 'node_run_id_reused', 'This node run id belongs to other work.', details);
    }
    const startedAt = new Date();
    const { packs } = this;
    const node = packs?.nodes.get(request.node_type_ref.node_type_id);
    const refusal = requestRefusal(node, request);
    if (packs === undefined || node === undefined || refusal !== undefined) {
      return this.told(
        request,
        executeResultOf(request, startedAt, { state: 'failed', ...(refusal && { error: refusal }) }, []),
      );
    }
    const controller = new AbortController();
    const result = this.run(node, request, controller, startedAt, traceparent).finally(() =>
      this.atWork.delete(request.node_run_id),
    );
    this.atWork.set(request.node_run_id, { request, controller, packs, result });
    return result;
  }

  cancel(nodeRunId: string): void {
    this.atWork.get(nodeRunId)?.controller.abort('canceled' satisfies StopReason);
  }

  /** Stops what is at work and ends the processes. */
  async close(): Promise<void> {
    await Promise.all([this.packs?.close(), ...[...this.atWork.values()].map(({ packs }) => packs.close())]);
    await Promise.all(this.retiring);
  }

  private async retire(packs: LoadedPacks): Promise<void> {
    const results = [...this.atWork.values()].filter((one) => one.packs === packs).map(({ result }) => result);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((settle) => {
      timer = setTimeout(settle, RETIRE_MS);
    });
    await Promise.race([Promise.allSettled(results), late]);
    clearTimeout(timer);
    await packs.close();
  }

  private async run(
    node: OfferedNode,
    request: ExecuteRequest,
    controller: AbortController,
    startedAt: Date,
    traceparent: string | undefined,
  ): Promise<ExecuteResult> {
    const timeLimit = timeLimitOf(node, request, TIMEOUT_MS);
    const timer = setTimeout(() => controller.abort('timeout' satisfies StopReason), timeLimit);
    const { ports, recorded } = recordingPorts({}, this.credentials);
    const facts = callFactsOf(node, request, { timeLimit, egress: { block: [], allowPrivate: [] }, traceparent });
    const say = (what: string) => this.output.line(`     ${request.node_run_id} ${what}`);
    const end = await runNode(node, {
      inputs: request.inputs,
      facts,
      signal: controller.signal,
      ports: {
        ...ports,
        log: (level, message, fields) => {
          say(`${level}: ${message}${fields === undefined ? '' : ` ${JSON.stringify(fields)}`}`);
        },
        progress: (progress) => say(`progress: ${JSON.stringify(progress)}`),
      },
    });
    clearTimeout(timer);
    const artifacts = recorded.artifacts.map(({ ref }) => ref);
    const said = controller.signal.reason === 'timeout' ? outOfTime(end, timeLimit) : end;
    return this.told(request, executeResultOf(request, startedAt, said, artifacts), end);
  }

  /** One line for each node run; what made a handler fail is told here only, as an executor does. */
  private told(request: ExecuteRequest, result: ExecuteResult, end?: HandlerEnd): ExecuteResult {
    const { state, error, started_at, ended_at } = result;
    const what = `${request.node_type_ref.node_type_id} ${request.node_run_id}`;
    if (error === undefined) {
      this.output.marked('ok', `${what} ${state} in ${Date.parse(ended_at) - Date.parse(started_at)} ms`);
    } else {
      const cause = end !== undefined && end.state !== 'succeeded' ? causeOf(end.cause) : '';
      this.output.marked('fail', `${what} ${state}: ${error.code}: ${error.message}${cause}`);
    }
    return result;
  }
}

/** What happened and where, in one line. */
function causeOf(cause: unknown): string {
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : typeof cause === 'string' ? cause : '';
  const [what = '', ...rest] = text.split('\n');
  const where = rest.find((line) => /^\s+at /.test(line) && !/node_modules|node:internal/.test(line));
  return what === '' ? '' : ` (${what}${where === undefined ? '' : `, ${where.trim()}`})`;
}
