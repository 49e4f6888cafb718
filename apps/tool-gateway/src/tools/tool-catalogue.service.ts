import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { AppError } from '#contract';
import type { AtomicExecutorApi, RequestContext } from '#contract';
import { detached, LOGGER } from '#http';
import type { Logger } from '#http';
import { TOOL_EXECUTORS } from '../tool-executors.js';
import type { ToolAction } from './tool-action.js';
import { toolActionsOf } from './tool-actions-of.js';

/** Lists of executors are asked for again after this. */
const FRESH_MS = 10_000;

/** What tools there are: the node types that the atomic executors list. */
@Injectable()
export class ToolCatalogueService {
  private readonly lists: LRUCache<AtomicExecutorApi, readonly ToolAction[], RequestContext>;

  constructor(
    @Inject(TOOL_EXECUTORS) private readonly executors: readonly AtomicExecutorApi[],
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.lists = new LRUCache({
      max: Math.max(executors.length, 1),
      ttl: FRESH_MS,
      // An executor that is away for a moment still has its tools; what is asked of it then will say so.
      allowStaleOnFetchRejection: true,
      noDeleteOnFetchRejection: true,
      fetchMethod: async (executor, _stale, { context }) => {
        try {
          return toolActionsOf((await executor.listNodeTypes(detached(context))) ?? [], executor);
        } catch (error) {
          this.logger.warn({ err: error }, 'an atomic executor does not tell its tools');
          throw error;
        }
      },
    });
  }

  /**
   * The first executor that offers it runs it.
   *
   * @throws AppError unknown_tool; atomic_executor_unavailable when one that might offer it does not answer
   */
  async find(ctx: RequestContext, tool: string, action: string): Promise<ToolAction> {
    const { actions, missing } = await this.read(ctx);
    const found = actions.find((one) => one.tool === tool && one.action === action);
    if (found !== undefined) return found;
    if (missing !== undefined) throw missing;
    const others = [...new Set(actions.filter((one) => one.tool === tool).map((one) => one.action))].sort();
    const message =
      others.length === 0
        ? 'No node pack of the atomic executors offers this tool.'
        : `The tool has no such action. It has: ${others.join(', ')}.`;
    throw new AppError('unknown_tool', { message, details: { tool, action } });
  }

  /**
   * All there are, by tool and action, each once.
   *
   * @throws AppError atomic_executor_unavailable when no executor answers
   */
  async list(ctx: RequestContext): Promise<ToolAction[]> {
    const { actions, missing } = await this.read(ctx);
    if (actions.length === 0 && missing !== undefined) throw missing;
    const byName = new Map<string, ToolAction>();
    for (const one of [...actions].reverse()) byName.set(`${one.tool}:${one.action}`, one);
    return [...byName.values()].sort((a, b) => compare(a.tool, b.tool) || compare(a.action, b.action));
  }

  /** Asks an executor for its list before the next call: it does not have what it had. */
  forget({ executor }: ToolAction): void {
    this.lists.delete(executor);
  }

  /** In the order of the executors; `missing`: one of them has told nothing yet. */
  private async read(ctx: RequestContext): Promise<{ actions: readonly ToolAction[]; missing: AppError | undefined }> {
    const lists = await Promise.all(this.executors.map((one) => this.lists.fetch(one, { context: ctx })));
    return {
      actions: lists.flatMap((list) => list ?? []),
      missing: lists.includes(undefined) ? new AppError('atomic_executor_unavailable') : undefined,
    };
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
