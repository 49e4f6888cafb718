import { Inject, Injectable } from '@nestjs/common';
import { wasNotSent, wasTurnedAway } from '#clients';
import { AppError } from '#contract';
import type {
  AtomicExecuteRequest,
  AtomicExecuteResult,
  ConstraintEnvelope,
  RequestContext,
  RunContext,
} from '#contract';
import { detached, LOGGER } from '#http';
import type { Logger } from '#http';
import { ToolFailure, toolFailureOf } from '../tools/node-failure.js';
import type { ToolAction } from '../tools/tool-action.js';
import { ToolCatalogueService } from '../tools/tool-catalogue.service.js';
import { TOOL_GATEWAY_OPTIONS } from '../tool-gateway-options.js';
import type { ToolGatewayOptions } from '../tool-gateway-options.js';
import { callDeadline, CallGivenUpError, orGivenUp } from './call-deadline.js';
import type { CallDeadline } from './call-deadline.js';
import { ToolGuardsService } from './tool-guards.service.js';

/** A call that everything was found right with. */
export interface Execution {
  /** Id of the run and of the node run. */
  readonly callId: string;
  readonly agentId: string;
  readonly action: ToolAction;
  readonly params: Record<string, unknown>;
  readonly runContext: RunContext;
  readonly constraints: ConstraintEnvelope;
}

const NOTHING_WAS_RUN = ['execution_overloaded', 'service_stopping'];

/** Calls tools: through the guards of tool and agent, at the executor that offers the action. */
@Injectable()
export class ToolExecutionService {
  constructor(
    private readonly guards: ToolGuardsService,
    private readonly catalogue: ToolCatalogueService,
    @Inject(TOOL_GATEWAY_OPTIONS) private readonly options: ToolGatewayOptions,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * @returns the outputs of the node
   * @throws ToolFailure; AppError tool_overloaded and tool_circuit_open, when nothing was sent
   */
  async execute(ctx: RequestContext, execution: Execution): Promise<Record<string, unknown>> {
    const { action, agentId } = execution;
    const deadline = callDeadline(ctx.signal, this.options.callTimeoutMs, action.isIdempotent);
    try {
      const work = this.guards.of(agentId, action.tool).run({
        isIdempotent: action.isIdempotent,
        deadline: deadline.at,
        signal: deadline.signal,
        attempt: () => this.attempt(ctx, execution, deadline),
      });
      return await orGivenUp(work, deadline.signal);
    } catch (error) {
      throw error instanceof AppError ? error : this.givenUp(error, action, deadline);
    } finally {
      deadline.release();
    }
  }

  private async attempt(
    ctx: RequestContext,
    execution: Execution,
    deadline: CallDeadline,
  ): Promise<Record<string, unknown>> {
    const { action } = execution;
    const leftMs = Math.max(1, deadline.at - Date.now());
    deadline.begin();
    let result: AtomicExecuteResult;
    try {
      const own = { ...ctx, signal: deadline.signal };
      const sent = action.executor.executeAtomicNodeRun(own, requestOf(execution, leftMs), { timeoutMs: leftMs });
      result = await orGivenUp(sent, deadline.signal);
    } catch (error) {
      if (error instanceof CallGivenUpError) {
        this.cancel(ctx, execution);
        throw this.givenUp(error, action, deadline);
      }
      throw rejected(error, action);
    }
    if (result.state === 'succeeded') return result.outputs ?? {};
    const error = result.error ?? { code: result.state === 'canceled' ? 'canceled' : 'handler_error' };
    if (error.code.startsWith('unknown_node_type')) this.catalogue.forget(action);
    throw toolFailureOf(error, action);
  }

  /** The executor hears of it; its answer changes nothing any more. */
  private cancel(ctx: RequestContext, { action, callId }: Execution): void {
    action.executor.cancelAtomicNodeRun(detached(ctx), callId).catch((error: unknown) => {
      this.logger.warn({ err: error, call_id: callId }, 'a call that was given up could not be canceled');
    });
  }

  private givenUp(error: unknown, { isIdempotent }: ToolAction, { isBegun, signal }: CallDeadline): unknown {
    const reason: unknown = signal.reason;
    if (!(reason instanceof CallGivenUpError)) return error;
    const details = { node_error: reason.why };
    if (!isBegun) return new AppError('tool_overloaded', { message: 'The call had no place in the time that it has.' });
    if (!isIdempotent) return new ToolFailure('tool_outcome_unknown', { blame: 'upstream', mayRepeat: false, details });
    const blame = reason.why === 'late' ? 'upstream' : 'nobody';
    return new ToolFailure('tool_upstream_timeout', { blame, mayRepeat: true, details });
  }
}

function requestOf(
  { callId, action, params, runContext, constraints }: Execution,
  leftMs: number,
): AtomicExecuteRequest {
  return {
    run_id: callId,
    node_run_id: callId,
    node_type_ref: action.nodeType,
    inputs: params,
    run_context: runContext,
    constraints: { ...constraints, budgets: { max_wall_time_ms: leftMs } },
  };
}

/** What an executor that gives no result means for the call. */
function rejected(error: unknown, { isIdempotent }: ToolAction): unknown {
  const known = error instanceof AppError ? error : undefined;
  if (known !== undefined && (NOTHING_WAS_RUN.includes(known.code) || wasNotSent(error) || wasTurnedAway(error))) {
    return new ToolFailure(known.code, { blame: 'nobody', mayRepeat: true, wasSent: false, cause: error });
  }
  if (known !== undefined && known.status < 500) {
    return new ToolFailure(known.code, { blame: 'caller', mayRepeat: false, message: known.message, cause: error });
  }
  if (!isIdempotent) {
    return new ToolFailure('tool_outcome_unknown', { blame: 'nobody', mayRepeat: false, cause: error });
  }
  return new ToolFailure(known?.code ?? 'internal_error', {
    blame: 'nobody',
    mayRepeat: known?.retryable === true,
    cause: error,
  });
}
