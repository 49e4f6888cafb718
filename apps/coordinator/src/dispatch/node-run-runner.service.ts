import { Inject, Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '#contract';
import type { NodeKind, RequestContext, RunContext } from '#contract';
import { continueTrace, isRequestId, LOGGER } from '#http';
import type { Logger } from '#http';
import type { DispatchTicket } from '../due-work/dispatch-ticket.js';
import { readUsage } from '../lifecycle/budgets.js';
import { COORDINATOR_ITSELF } from '../lifecycle/coordinator-itself.js';
import { failure } from '../lifecycle/end-node-run.js';
import type { Outcome } from '../lifecycle/end-node-run.js';
import {
  acceptComposite,
  beginNodeRun,
  failHeld,
  finishNodeRun,
  parkNodeRun,
  refuseNodeRun,
  releaseNodeRun,
  retryNodeRun,
} from '../lifecycle/execution.js';
import type { Begin, Begun, Hold, Limits, Waiting } from '../lifecycle/execution.js';
import { retryDecision } from '../lifecycle/retry-decision.js';
import type { RetryPolicy } from '../lifecycle/retry-decision.js';
import type { RunDraft } from '../lifecycle/run-draft.js';
import { DocumentLimits } from '../node-runs/document-limits.js';
import type { NodeTypeFacts } from '../node-types/node-type-facts.js';
import { RunStoreService } from '../run-store/run-store.service.js';
import type { LeaseEntity } from '../tables/lease.entity.js';
import { AdmissionService } from './admission.service.js';
import { DISPATCH_OPTIONS } from './dispatch-options.js';
import type { DispatchOptions } from './dispatch-options.js';
import { ExecutorCallsService } from './executor-calls.service.js';
import type { Answer } from './executor-calls.service.js';

/** Who runs, and what ends it early. */
export interface RunningAs {
  /** The name of this process in leases. */
  readonly owner: string;
  /** The lease that `owner` has of the node run, if it has one. */
  readonly leaseOf: () => Promise<Pick<LeaseEntity, 'epoch'> | undefined>;
  /** Fires when the node run is not this process's any more. */
  readonly aborted: AbortSignal;
  /** Fires when the process stops: what is in hand is finished, but a database that is away is not waited for. */
  readonly stopping: AbortSignal;
}

const DATABASE_RETRY_MIN_MS = 100;
const DATABASE_RETRY_MAX_MS = 2_000;
/** How long a node run waits that the executor had no room for. Nothing of it has run. */
const NO_ROOM_DELAY_MS = 250;
/** How long a node run of which nothing can be said now keeps its place before the look finds it again. */
const LATER_MS = 1_000;
const DEFAULT_RETRY: Omit<RetryPolicy, 'max_attempts'> = { initial_delay_ms: 200, multiplier: 2, max_delay_ms: 10_000 };

const EXECUTOR_AWAY: Answer = { kind: 'not_sent', outcome: failure('atomic_executor_unavailable') };

/** Runs one queued node run: admission, executor, result. */
@Injectable()
export class NodeRunRunnerService {
  constructor(
    private readonly store: RunStoreService,
    private readonly admission: AdmissionService,
    private readonly calls: ExecutorCallsService,
    private readonly documents: DocumentLimits,
    @Inject(DISPATCH_OPTIONS) private readonly options: DispatchOptions,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async run(ticket: DispatchTicket, as: RunningAs): Promise<void> {
    const ctx = dispatchContext(ticket, as.aborted);
    const admission = await this.admission.admit(ctx, ticket);
    if (admission.kind === 'later') {
      await sleep(LATER_MS, undefined, { signal: as.stopping }).catch(() => undefined);
      return;
    }
    if (admission.kind === 'refused') {
      const { outcome, decision } = admission;
      await this.command(ticket, as, (draft) => refuseNodeRun(draft, waitingOf(ticket), outcome, decision));
      return;
    }
    if (admission.kind === 'parked') {
      await this.command(ticket, as, (draft) => parkNodeRun(draft, waitingOf(ticket), admission.request));
      return;
    }
    const { facts, nodeKind: kind, decision, repeatable } = admission;
    const limits = limitsOf(ticket);
    const { owner } = as;
    const hold = await this.begin(ticket, as, { ...waitingOf(ticket), owner, kind, decision, repeatable, limits });
    if (hold === undefined) return;
    const answer = admission.isExecutorAway
      ? EXECUTOR_AWAY
      : await this.calls.execute(ctx, ticket, hold, { kind, facts });
    const kept = this.keep(ticket, as, hold, answer, { facts, repeatable, kind });
    if (!(await kept.catch((error: unknown) => this.failUnkept(ticket, as, hold, error)))) {
      this.logger.info('the node run is not held by this process any more; its result is dropped');
    }
  }

  /**
   * Takes the node run. When the answer to a commit is lost, the same is asked for again and refused: it is not queued any more. Then
   * the lease tells whether it was this process that took it, since nobody else would ever end what a living process holds.
   */
  private async begin(ticket: DispatchTicket, as: RunningAs, begin: Begin): Promise<Begun | undefined> {
    const tried: Begun[] = [];
    const hold = await this.command(ticket, as, (draft) => {
      const begun = beginNodeRun(draft, begin);
      if (begun !== undefined) tried.push(begun);
      return begun;
    });
    if (hold !== undefined || tried.length === 0) return hold;
    const lease = await this.persistently(as, as.leaseOf);
    return tried.find(({ epoch }) => epoch === lease?.epoch);
  }

  /** Writes down what came of an execution. @returns false when the node run was lost meanwhile */
  private async keep(
    ticket: DispatchTicket,
    as: RunningAs,
    hold: Begun,
    answer: Answer,
    { facts, repeatable, kind }: { facts: NodeTypeFacts; repeatable: boolean; kind: NodeKind },
  ): Promise<boolean> {
    const write = (rule: (draft: RunDraft) => boolean) => this.command(ticket, as, rule);
    if (answer.kind === 'no_room') {
      const runAfter = new Date(Date.now() + NO_ROOM_DELAY_MS);
      return write((draft) => releaseNodeRun(draft, hold, runAfter));
    }
    if (answer.kind === 'accepted') {
      const deadline = new Date(Date.now() + this.options.compositeTimeoutMs);
      return write((draft) => acceptComposite(draft, hold, deadline));
    }
    const decision = retryDecision(
      answer,
      {
        // Others may have executed it since the ticket was read.
        attempts: hold.attempts,
        unsent: hold.unsent,
        repeatable,
        policy: facts.retry ?? { ...DEFAULT_RETRY, max_attempts: this.options.maxAttempts },
        unavailableAttempts: this.options.unavailableAttempts,
      },
      Math.random(),
    );
    const usage = readUsage(answer.extensions);
    const spent = { usage, limits: limitsOf(ticket), isUnsent: answer.kind === 'not_sent' };
    if (typeof decision === 'number') {
      return write((draft) =>
        retryNodeRun(draft, hold, answer.outcome, new Date(draft.now.getTime() + decision), spent),
      );
    }
    if (decision === 'uncertain') return write((draft) => failHeld(draft, hold, failure('execution_uncertain')));
    const outcome = this.withinLimits(answer.outcome);
    // Only what an executor answered was executed; a composite reports by itself, so here it has failed.
    if (answer.kind === 'answered' && kind === 'atomic') {
      return write((draft) => finishNodeRun(draft, hold, outcome, spent));
    }
    return write((draft) => failHeld(draft, hold, outcome));
  }

  /** A node run that a living process holds is ended by nobody else: when its result can never be written, this is written. */
  private failUnkept(ticket: DispatchTicket, as: RunningAs, hold: Hold, error: unknown): Promise<boolean> {
    if (as.stopping.aborted) throw error;
    this.logger.error({ err: error }, 'what came of the node run cannot be written');
    const outcome = failure('execution_uncertain', 'The node run was executed, and what came of it cannot be kept.');
    return this.command(ticket, as, (draft) => failHeld(draft, hold, outcome));
  }

  private withinLimits(outcome: Outcome): Outcome {
    const size = this.documents.excessOfOutputs(outcome.outputs);
    if (size === undefined) return outcome;
    const limit = this.documents.maxOutputsBytes;
    const message = `The outputs are ${size} bytes of JSON; ${limit} are kept. Hand large data over as an artifact.`;
    const { output_artifacts } = outcome;
    return {
      ...failure('outputs_too_large', message, { size, limit }),
      ...(output_artifacts === undefined ? {} : { output_artifacts }),
    };
  }

  private command<T>(ticket: DispatchTicket, as: RunningAs, decide: (draft: RunDraft) => T): Promise<T> {
    const { run_id: runId, node_run_id: nodeRunId } = ticket;
    // A budget can end the whole run, and a composite has children: then everything open is looked at.
    const wide = ticket.constraints?.budgets !== undefined || ticket.kind !== 'atomic';
    return this.persistently(as, () =>
      this.store.execute({ runId, nodeRunIds: [nodeRunId], open: wide, documents: wide, decide }),
    );
  }

  /** A result in hand is not given up because the database is away: it is tried until it answers. */
  private async persistently<T>(as: RunningAs, work: () => Promise<T>): Promise<T> {
    for (let pause = DATABASE_RETRY_MIN_MS; ; pause = Math.min(pause * 2, DATABASE_RETRY_MAX_MS)) {
      try {
        return await work();
      } catch (error) {
        const isPassing =
          error instanceof AppError && (error.code === 'database_unavailable' || error.code === 'overloaded');
        if (!isPassing || as.stopping.aborted) throw error;
        await sleep(pause, undefined, { signal: as.stopping }).catch(() => undefined);
      }
    }
  }
}

function waitingOf({ node_run_id: nodeRunId, epoch }: DispatchTicket): Waiting {
  return { nodeRunId, epoch };
}

function limitsOf({ constraints, run_constraints }: DispatchTicket): Limits {
  return { own: constraints, run: run_constraints };
}

/** A dispatch goes on with the trace of the request that started the run. */
function dispatchContext({ run_id, run_context }: DispatchTicket, signal: AbortSignal): RequestContext {
  const trace = (run_context as RunContext | null)?.trace;
  const traceparent = trace?.trace_id === undefined ? undefined : `00-${trace.trace_id}-${trace.span_id ?? ''}-00`;
  return {
    principal: COORDINATOR_ITSELF,
    trace: continueTrace(traceparent, undefined),
    // The caller wrote this one into the body: it becomes a header only when it can be one.
    requestId: trace?.request_id !== undefined && isRequestId(trace.request_id) ? trace.request_id : run_id,
    signal,
  };
}
