import { Inject, Injectable } from '@nestjs/common';
import type { ValidateFunction } from 'ajv';
import { AppError, AtomicExecutorApi } from '#contract';
import type { AtomicExecuteRequest, AtomicExecuteResult, ErrorDetail, NodeType, RequestContext } from '#contract';
import { LOGGER, withLogFields } from '#http';
import type { Logger } from '#http';
import type { LoadedNode } from '#node-pack-loader';
import { NodePacksService } from '../node-packs/node-packs.service.js';
import { Execution, nodeRunError } from './execution.js';
import type { HandlerEnd } from './execution.js';

/** Injection token of ExecutionLimits. */
export const EXECUTION_LIMITS = Symbol('execution limits');

export interface ExecutionLimits {
  /** For node types that do not say, in milliseconds. */
  readonly defaultTimeoutMs: number;
  /** Most node runs at once; undefined: no limit. */
  readonly maxConcurrency: number | undefined;
}

interface RunningNodeRun {
  readonly execution: Execution;
  readonly result: Promise<AtomicExecuteResult>;
}

/** Runs handlers of node packs. Keeps nothing: the coordinator is the system of record. */
@Injectable()
export class AtomicNodeRunsService extends AtomicExecutorApi {
  private readonly running = new Map<string, RunningNodeRun>();

  constructor(
    private readonly packs: NodePacksService,
    @Inject(EXECUTION_LIMITS) private readonly limits: ExecutionLimits,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    super();
  }

  /**
   * Runs the handler of a node type; a second call for a node run that is running gets the result of the first.
   *
   * @throws AppError execution_overloaded; every failure of the work itself is a result
   */
  async executeAtomicNodeRun(_ctx: RequestContext, request: AtomicExecuteRequest): Promise<AtomicExecuteResult> {
    const { node_run_id, run_id } = request;
    const same = this.running.get(node_run_id);
    if (same !== undefined) return same.result;
    if (this.limits.maxConcurrency !== undefined && this.running.size >= this.limits.maxConcurrency) {
      throw new AppError('execution_overloaded');
    }
    const startedAt = new Date();
    const node = this.packs.find(request.node_type_ref.node_type_id);
    const refusal = refuse(node, request);
    if (node === undefined || refusal !== undefined) {
      return toResult(node_run_id, startedAt, { state: 'failed', error: refusal ?? nodeRunError('unknown_node_type') });
    }
    const execution = new Execution(node.handler, node.manifest.timeout_ms ?? this.limits.defaultTimeoutMs);
    const result = withLogFields({ run_id, node_run_id }, () => this.run(execution, node, request, startedAt)).finally(
      () => this.running.delete(node_run_id),
    );
    this.running.set(node_run_id, { execution, result });
    return result;
  }

  async cancelAtomicNodeRun(_ctx: RequestContext, nodeRunId: string): Promise<void> {
    this.running.get(nodeRunId)?.execution.cancel();
  }

  async listNodeTypes(): Promise<NodeType[]> {
    return this.packs.listNodeTypes();
  }

  async ping(): Promise<void> {}

  private async run(
    execution: Execution,
    node: LoadedNode,
    request: AtomicExecuteRequest,
    startedAt: Date,
  ): Promise<AtomicExecuteResult> {
    const end = await execution.run(request.inputs, {
      runId: request.run_id,
      nodeRunId: request.node_run_id,
      nodeTypeId: node.manifest.id,
      nodeTypeVersion: node.version,
      logger: this.handlerLogger(),
      ...(request.run_context === undefined ? {} : { runContext: { ...request.run_context } }),
      ...(request.constraints === undefined ? {} : { constraints: { ...request.constraints } }),
    });
    if (end.state !== 'succeeded') {
      if (end.cause !== undefined) this.logger.warn({ err: end.cause, code: end.error.code }, 'the handler failed');
      return toResult(request.node_run_id, startedAt, end);
    }
    const issues = issuesOf(node.validateOutputs, end.outputs);
    if (issues === undefined) return toResult(request.node_run_id, startedAt, end);
    this.logger.error({ issues }, 'the handler returned outputs that do not match its output schema');
    return toResult(request.node_run_id, startedAt, {
      state: 'failed',
      error: nodeRunError('invalid_outputs', undefined, { issues }),
    });
  }

  private handlerLogger() {
    return {
      info: (message: string, fields: object = {}) => this.logger.info(fields, message),
      warn: (message: string, fields: object = {}) => this.logger.warn(fields, message),
      error: (message: string, fields: object = {}) => this.logger.error(fields, message),
    };
  }
}

/** Why a request cannot be run at all. */
function refuse(
  node: LoadedNode | undefined,
  { node_type_ref, inputs }: AtomicExecuteRequest,
): ErrorDetail | undefined {
  const { node_type_id, version } = node_type_ref;
  if (node === undefined) {
    return nodeRunError('unknown_node_type', `No admitted node pack offers ${node_type_id}.`, { node_type_id });
  }
  if (node.version !== version) {
    return nodeRunError(
      'unknown_node_type_version',
      `${node_type_id} is here in version ${node.version}, not ${version}.`,
      {
        node_type_id,
        version,
        available_versions: [node.version],
      },
    );
  }
  const issues = issuesOf(node.validateInputs, inputs);
  return issues === undefined ? undefined : nodeRunError('invalid_inputs', undefined, { issues });
}

/** What a schema says against a value, with paths such as `items[0].name`; undefined when nothing. */
function issuesOf(validate: ValidateFunction, value: unknown): { path: string; message: string }[] | undefined {
  if (validate(value) === true) return undefined;
  return (validate.errors ?? []).map(({ instancePath, message }) => ({
    path: instancePath
      .split('/')
      .slice(1)
      .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part.replaceAll('~1', '/').replaceAll('~0', '~')}`))
      .join('')
      .replace(/^\./, ''),
    message: message ?? 'is not valid',
  }));
}

function toResult(nodeRunId: string, startedAt: Date, end: HandlerEnd): AtomicExecuteResult {
  return {
    node_run_id: nodeRunId,
    state: end.state,
    started_at: startedAt.toISOString(),
    ended_at: new Date().toISOString(),
    ...(end.state === 'succeeded' ? { outputs: end.outputs } : { error: end.error }),
  };
}
