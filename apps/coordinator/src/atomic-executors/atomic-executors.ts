import { NotSentError, wasNotSent, wasTurnedAway } from '#clients';
import { AppError } from '#contract';
import type {
  AtomicExecuteOptions,
  AtomicExecuteRequest,
  AtomicExecuteResult,
  AtomicExecutorApi,
  NodeType,
  NodeTypeRef,
  RequestContext,
} from '#contract';
import { AtomicCatalogue, FITS } from './atomic-catalogue.js';
import type { Fit } from './atomic-catalogue.js';
import { isNoRoom } from './no-room.js';
import { NodeRunHolders } from './node-run-holders.js';
import { refusalOf } from './refusal.js';

/** One executor, and what is known of it. */
interface Member {
  readonly executor: AtomicExecutorApi;
  readonly catalogue: AtomicCatalogue;
  /** When it was last chosen, counted in choices. */
  turn: number;
  /** When it last had no room, and last did not answer, on the clock. */
  fullAt: number;
  awayAt: number;
}

/** For how long others are preferred to one that had no room. */
const FULL_MS = 1_000;
/** And to one that did not answer, unless it has answered with its list meanwhile. Longer than a list may take: an executor that hangs is asked for its list again before it gets a node run again. */
const AWAY_MS = 15_000;
/** One that did not answer is asked for its list this often, by the way, while node runs come that it could have had. */
const RECHECK_EVERY_MS = 1_000;
/** An executor may be replaced by one that offers something else. */
const LIST_AGE_MS = 30_000;
const UNKNOWN: readonly (string | undefined)[] = ['unknown_node_type', 'unknown_node_type_version'];

/**
 * The atomic executors of this coordinator. A node run goes to one that lists exactly its node type and version; of several, to the
 * one chosen longest ago, and first to those that had room and answered just now. Where there is one, it gets everything.
 */
export class AtomicExecutors {
  private readonly members: readonly Member[];
  private readonly holders = new NodeRunHolders<Member>();
  private turns = 0;

  /** @param now a clock in milliseconds */
  constructor(
    executors: readonly AtomicExecutorApi[],
    private readonly now: () => number = () => performance.now(),
  ) {
    this.members = executors.map((executor) => ({
      executor,
      catalogue: new AtomicCatalogue(executor, now),
      turn: 0,
      fullAt: Number.NEGATIVE_INFINITY,
      awayAt: Number.NEGATIVE_INFINITY,
    }));
  }

  /** In the order of the setting. */
  get all(): readonly AtomicExecutorApi[] {
    return this.members.map(({ executor }) => executor);
  }

  /** Whether one has no list, so that it may run what nobody lists. */
  get mayRunUnlisted(): boolean {
    return this.members.some(({ catalogue }) => catalogue.isUnlisted);
  }

  /**
   * The node type as an executor lists it. A version that none listed makes all be asked again. When none has it either, another
   * version of the node type is what comes closest.
   *
   * @returns undefined when none lists it
   * @throws AppError atomic_executor_unavailable when none lists it, all have lists, and one of them does not answer
   */
  async find(ctx: RequestContext, ref: NodeTypeRef): Promise<NodeType | undefined> {
    const { fit, members } = await this.fitting(ctx, ref);
    const [first] = members;
    if (fit === 'away') {
      throw new AppError('atomic_executor_unavailable', { cause: first?.catalogue.failure?.error });
    }
    return first?.catalogue.find(ref);
  }

  /**
   * Hands a node run to one executor, once: when it rejects, nobody else was asked.
   *
   * @throws AppError as the executor's client. Where one that does not answer may be the only one that has the node type, nothing is
   * sent, and `wasNotSent` says so.
   */
  async execute(
    ctx: RequestContext,
    request: AtomicExecuteRequest,
    options: AtomicExecuteOptions = {},
  ): Promise<AtomicExecuteResult> {
    const { node_run_id, node_type_ref } = request;
    const member = await this.choose(ctx, node_type_ref);
    this.holders.add(node_run_id, member);
    try {
      const result = await member.executor.executeAtomicNodeRun(ctx, request, options);
      this.holders.remove(node_run_id, member);
      member.awayAt = Number.NEGATIVE_INFINITY;
      if (UNKNOWN.includes(result.error?.code)) void this.refresh(ctx, member).catch(() => undefined);
      return result;
    } catch (error) {
      // Of anything else it may still be at work.
      if (isNoRoom(error) || wasNotSent(error) || wasTurnedAway(error) || refusalOf(error) !== undefined) {
        this.holders.remove(node_run_id, member);
      }
      if (!ctx.signal.aborted) this.avoid(member, error);
      throw error;
    }
  }

  /**
   * Tells of a cancel: those that were handed the node run by this process, or, when nothing is known of it here, all.
   *
   * @throws what one of them rejected with; the others have been told
   */
  async cancel(ctx: RequestContext, nodeRunId: string): Promise<void> {
    const holders = this.holders.of(nodeRunId);
    const told = await Promise.allSettled(
      (holders.length > 0 ? holders : this.members).map(async (member) => {
        await member.executor.cancelAtomicNodeRun(ctx, nodeRunId);
        this.holders.remove(nodeRunId, member);
      }),
    );
    for (const one of told) if (one.status === 'rejected') throw one.reason;
  }

  private async choose(ctx: RequestContext, ref: NodeTypeRef): Promise<Member> {
    const [only] = this.members;
    // It may know more than it lists, and needs no list.
    if (only !== undefined && this.members.length === 1) return only;
    const { fit, members } = await this.fitting(ctx, ref);
    this.recheck(ctx);
    const [chosen] = members
      .map((member) => ({ member, avoided: Number(this.isFull(member) || this.isAway(member)) }))
      .sort((left, right) => left.avoided - right.avoided || left.member.turn - right.member.turn)
      .map(({ member }) => member);
    if (chosen === undefined || fit === 'away') {
      throw new AppError('atomic_executor_unavailable', {
        cause: new NotSentError(chosen?.catalogue.failure?.error ?? 'there is no executor'),
      });
    }
    chosen.turn = ++this.turns;
    return chosen;
  }

  /** The executors that fit a node type best. Asks for lists when none has it exactly, and waits until one has or all have answered. */
  private async fitting(ctx: RequestContext, ref: NodeTypeRef): Promise<{ fit: Fit; members: readonly Member[] }> {
    const isExact = ({ catalogue }: Member) => catalogue.fit(ref) === 'exact';
    if (!this.members.some(isExact)) {
      const asked = this.members.map(async (member) => {
        await this.refresh(ctx, member);
        if (!isExact(member)) throw new Error('it does not have it');
      });
      await Promise.any(asked).catch(() => undefined);
    }
    for (const fit of FITS) {
      const members = this.members.filter(({ catalogue }) => catalogue.fit(ref) === fit);
      if (members.length > 0) return { fit, members };
    }
    return { fit: 'absent', members: [] };
  }

  private avoid(member: Member, error: unknown): void {
    if (isNoRoom(error)) member.fullAt = this.now();
    else if (error instanceof AppError && error.code === 'atomic_executor_unavailable') member.awayAt = this.now();
  }

  private isFull({ fullAt }: Member): boolean {
    return this.now() - fullAt < FULL_MS;
  }

  private isAway({ awayAt, catalogue }: Member): boolean {
    const since = this.now() - awayAt;
    return since < AWAY_MS && catalogue.age >= since;
  }

  /** Looks, without waiting, after those that did not answer and after lists that are old. */
  private recheck(ctx: RequestContext): void {
    for (const member of this.members) {
      const { catalogue } = member;
      const isDue = this.isAway(member) || catalogue.age > LIST_AGE_MS;
      if (isDue && catalogue.sinceAsked >= RECHECK_EVERY_MS) void this.refresh(ctx, member).catch(() => undefined);
    }
  }

  private async refresh(ctx: RequestContext, member: Member): Promise<void> {
    try {
      await member.catalogue.refresh(ctx);
    } catch (error) {
      this.avoid(member, error);
      throw error;
    }
  }
}
