import { Inject, Injectable, Optional } from '@nestjs/common';
import { peerAnswerOf, wasNotSent, wasTurnedAway } from '#clients';
import { AppError, CompositeExecutorApi } from '#contract';
import type { AtomicExecuteResult, NodeKind, NodeRunErrorCode, RequestContext } from '#contract';
import { LOGGER } from '#http';
import type { Logger } from '#http';
import { AssignmentTokensService } from '../assignments/assignment-tokens.service.js';
import { AtomicExecutors } from '../atomic-executors/atomic-executors.js';
import { isNoRoom } from '../atomic-executors/no-room.js';
import { refusalOf } from '../atomic-executors/refusal.js';
import type { Refusal } from '../atomic-executors/refusal.js';
import type { DispatchTicket } from '../due-work/dispatch-ticket.js';
import { failure } from '../lifecycle/end-node-run.js';
import type { Outcome } from '../lifecycle/end-node-run.js';
import type { Hold } from '../lifecycle/execution.js';
import type { Attempt } from '../lifecycle/retry-decision.js';
import { MAX_TIMEOUT_MS } from '../node-types/node-type-facts.js';
import type { NodeTypeFacts } from '../node-types/node-type-facts.js';
import { DISPATCH_OPTIONS } from './dispatch-options.js';
import type { DispatchOptions } from './dispatch-options.js';

/** What came of a call: an attempt with what it reports beside the outcome, or that nothing has run, or that a composite has begun. */
export type Answer =
  | (Attempt & { readonly extensions?: Record<string, unknown> })
  | { readonly kind: 'no_room' }
  | { readonly kind: 'accepted' };

/** What an answer may take beyond the execution: waiting for a place in the executor, and stopping a handler that does not stop. */
const ANSWER_MARGIN_MS = 30_000;

const TOKEN_CODES: readonly string[] = ['identity_provider_unavailable', 'token_request_failed'];

/** Hands node runs to executors, and tells an answer from the many ways in which none comes. */
@Injectable()
export class ExecutorCallsService {
  constructor(
    private readonly atomic: AtomicExecutors,
    @Optional() @Inject(CompositeExecutorApi) private readonly composite: CompositeExecutorApi | undefined,
    private readonly tokens: AssignmentTokensService,
    @Inject(DISPATCH_OPTIONS) private readonly options: DispatchOptions,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Why nothing here can run this kind; undefined when something can. */
  obstacleFor(kind: NodeKind | undefined): NodeRunErrorCode | undefined {
    if (kind === undefined) return 'unknown_node_kind';
    if (kind === 'atomic') return this.atomic.all.length === 0 ? 'atomic_executor_unconfigured' : undefined;
    if (this.composite === undefined) return 'composite_executor_unconfigured';
    return this.options.publicUrl === undefined ? 'coordinator_url_unconfigured' : undefined;
  }

  async execute(
    ctx: RequestContext,
    ticket: DispatchTicket,
    hold: Hold,
    { kind, facts }: { readonly kind: NodeKind; readonly facts: NodeTypeFacts },
  ): Promise<Answer> {
    try {
      return await (kind === 'atomic'
        ? this.executeAtomic(ctx, ticket, facts)
        : this.beginComposite(ctx, ticket, hold));
    } catch (error) {
      if (isNoRoom(error)) return { kind: 'no_room' };
      const refusal = kind === 'atomic' ? refusalOf(error) : undefined;
      if (refusal !== undefined) {
        this.logger.warn({ err: error }, 'the atomic executor refused the node run');
        return { kind: 'refused', outcome: refused(refusal) };
      }
      const message = obstacleOf(error, kind);
      this.logger.warn({ err: error }, message ?? `the ${kind} executor did not answer`);
      const code = kind === 'atomic' ? 'atomic_executor_unavailable' : 'composite_executor_unavailable';
      const nothingDone = wasNotSent(error) || wasTurnedAway(error);
      return { kind: nothingDone ? 'not_sent' : 'no_answer', outcome: failure(code, message) };
    }
  }

  /** Tells the executor of a cancel. Rejects when it could not be told. */
  async cancel(ctx: RequestContext, kind: NodeKind | null, nodeRunId: string): Promise<void> {
    if (kind === 'composite') await this.composite?.cancelCompositeNodeRun(ctx, nodeRunId);
    else await this.atomic.cancel(ctx, nodeRunId);
  }

  private async executeAtomic(
    ctx: RequestContext,
    ticket: DispatchTicket,
    { timeoutMs }: NodeTypeFacts,
  ): Promise<Answer> {
    // What would be given up earlier than the executor gives it up would be repeated beside itself, or be uncertain for nothing.
    const options =
      timeoutMs === undefined ? {} : { timeoutMs: Math.min(timeoutMs + ANSWER_MARGIN_MS, MAX_TIMEOUT_MS) };
    const result = await this.atomic.execute(ctx, requestOf(ticket), options);
    const outcome = outcomeOf(result);
    return { kind: 'answered', outcome, ...(result.extensions === undefined ? {} : { extensions: result.extensions }) };
  }

  private async beginComposite(ctx: RequestContext, ticket: DispatchTicket, hold: Hold): Promise<Answer> {
    const { publicUrl, compositeTimeoutMs } = this.options;
    if (this.composite === undefined || publicUrl === undefined) {
      return { kind: 'answered', outcome: failure('composite_executor_unconfigured') };
    }
    const response = await this.composite.beginCompositeNodeRun(ctx, {
      ...requestOf(ticket),
      coordinator_endpoint: publicUrl,
      assignment_token: await this.tokens.issue({
        runId: ticket.run_id,
        nodeRunId: ticket.node_run_id,
        epoch: hold.epoch,
        ttlMs: compositeTimeoutMs,
      }),
    });
    if (response.accepted) return { kind: 'accepted' };
    return { kind: 'answered', outcome: failure('composite_rejected', response.message) };
  }
}

/** What is in the way when it is the token of this coordinator and not the executor. */
function obstacleOf(error: unknown, kind: NodeKind): string | undefined {
  if (error instanceof AppError && TOKEN_CODES.includes(error.code)) {
    return `There is no token for the ${kind} executor: ${error.message}`;
  }
  if (!wasTurnedAway(error)) return undefined;
  const { status, message } = peerAnswerOf(error) ?? {};
  return `The ${kind} executor did not let this coordinator in (${status})${message === undefined ? '.' : `: ${message}`}`;
}

function requestOf({ constraints, run_context, ...ticket }: DispatchTicket) {
  return {
    node_run_id: ticket.node_run_id,
    run_id: ticket.run_id,
    node_type_ref: { node_type_id: ticket.node_type_id, version: ticket.node_type_version },
    inputs: ticket.inputs,
    ...(run_context === null ? {} : { run_context }),
    ...(constraints === null ? {} : { constraints }),
  };
}

function refused({ code, message, details }: Refusal): Outcome {
  return {
    state: 'failed',
    error: { code, message, retryable: false, ...(details === undefined ? {} : { details }) },
  };
}

function outcomeOf({ state, outputs, output_artifacts, error }: AtomicExecuteResult): Outcome {
  if (state !== 'succeeded' && state !== 'failed' && state !== 'canceled') {
    return failure('handler_error', `The executor answered with the state ${state}, which is not an end.`);
  }
  return {
    state,
    ...(outputs === undefined ? {} : { outputs }),
    ...(output_artifacts === undefined ? {} : { output_artifacts }),
    ...(error === undefined ? {} : { error }),
  };
}
