import type { Logger } from '#http';
import { freshTickets } from '../due-work/dispatch-ticket.js';
import type { DispatchTicket } from '../due-work/dispatch-ticket.js';
import type { DueWorkService, DueWorkTaker } from '../due-work/due-work.service.js';
import { RunDraft } from '../lifecycle/run-draft.js';
import { startRun } from '../lifecycle/start-run.js';
import type { MembershipService } from '../membership/membership.service.js';
import type { RunStoreService } from '../run-store/run-store.service.js';
import { bucketOfRun } from '../sharding/bucket.js';
import { DispatcherService } from './dispatcher.service.js';
import type { NodeRunRunnerService } from './node-run-runner.service.js';

const CONCURRENCY = 2;
const OPTIONS = {
  enabled: true,
  concurrency: CONCURRENCY,
  graceMs: 0,
  maxAttempts: 3,
  unavailableAttempts: 3,
  publicUrl: undefined,
  compositeTimeoutMs: 60_000,
};

/** What a commit of a start leaves behind. */
function startedDraft(runId: string): RunDraft {
  const loaded = { nodeRuns: [], documents: new Map(), reportKeys: new Set<string>() };
  const draft = new RunDraft(bucketOfRun(runId), runId, loaded, new Date());
  startRun(draft, {
    request: { run_id: runId, root_node_type_ref: { node_type_id: 'test.node', version: '1' }, input: {} },
    runContext: {},
    approvalExpiryMs: 60_000,
    principal: { subject: 'test' },
    decision: { decision: 'allow' },
    kind: 'atomic',
    constraints: undefined,
    conflict: { code: 'run_already_exists', details: {} },
  });
  return draft;
}

/** A dispatcher whose node runs end when a test says so. */
class Dispatching {
  readonly begun: DispatchTicket[] = [];
  private readonly ends: (() => void)[] = [];
  private taker: DueWorkTaker | undefined;
  private commit: (draft: RunDraft) => void = () => undefined;
  private inDatabase: DispatchTicket[] = [];

  constructor() {
    const dispatcher = new DispatcherService(
      {
        onReady: (taker: DueWorkTaker) => (this.taker = taker),
        tickets: (keys: readonly { node_run_id: string }[]) =>
          Promise.resolve(this.inDatabase.filter((row) => keys.some((key) => key.node_run_id === row.node_run_id))),
      } as unknown as DueWorkService,
      { owner: 'coordinator_test', onLoss: () => undefined } as unknown as MembershipService,
      { onCommitted: (listener: (draft: RunDraft) => void) => (this.commit = listener) } as unknown as RunStoreService,
      {
        run: (ticket: DispatchTicket) => {
          this.begun.push(ticket);
          return new Promise<void>((settle) => this.ends.push(settle));
        },
      } as unknown as NodeRunRunnerService,
      OPTIONS,
      { error: () => undefined } as unknown as Logger,
    );
    dispatcher.onModuleInit();
    dispatcher.onApplicationBootstrap();
  }

  start(runId: string): void {
    this.commit(startedDraft(runId));
  }

  /** Looks once, as far as there is room. */
  async look(rows: readonly DispatchTicket[]): Promise<void> {
    this.inDatabase = [...rows];
    const due = rows.slice(0, this.taker?.room() ?? 0);
    await this.taker?.ready(
      due.map(({ bucket, run_id, node_run_id }) => ({ kind: 'ready', bucket, run_id, node_run_id })),
    );
  }

  async endOne(): Promise<void> {
    this.ends.shift()?.();
    await new Promise((settle) => setImmediate(settle));
  }
}

describe('the dispatcher', () => {
  it('comes to what waits in the database, however much this process enqueues itself', async () => {
    const dispatching = new Dispatching();
    const [waiting] = freshTickets(startedDraft('waiting'));
    let serial = 0;
    const startMany = () => {
      for (let count = 0; count < 10 * CONCURRENCY; count += 1) dispatching.start(`new_${(serial += 1)}`);
    };
    for (let turn = 0; turn < 10 * CONCURRENCY; turn += 1) {
      startMany();
      await dispatching.look(waiting === undefined ? [] : [waiting]);
      await dispatching.endOne();
    }
    expect(dispatching.begun.map(({ run_id }) => run_id)).toContain('waiting');
  });
});
