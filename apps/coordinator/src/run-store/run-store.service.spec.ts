import { connectDatabase } from '#database';
import type { Database } from '#database';
import type { Logger } from '#http';
import { createTestDatabase } from '#testing';
import type { TestDatabase } from '#testing';
import { COORDINATOR_ENTITIES } from '../entities.js';
import { cancelRun } from '../lifecycle/cancel-run.js';
import { startRun } from '../lifecycle/start-run.js';
import type { RunCommand } from './run-command.js';
import { RunStoreService } from './run-store.service.js';
import { RunWritesRepository } from './run-writes.repository.js';

function start(runId: string): RunCommand<void> {
  return {
    runId,
    nodeRunIds: [],
    documents: true,
    decide: (draft) =>
      startRun(draft, {
        request: { run_id: runId, root_node_type_ref: { node_type_id: 'test.node', version: '1' }, input: {} },
        runContext: {},
        approvalExpiryMs: 60_000,
        principal: { subject: 'test' },
        decision: { decision: 'allow' },
        kind: 'atomic',
        constraints: undefined,
        conflict: { code: 'run_already_exists', details: {} },
      }),
  };
}

const cancel = (runId: string): RunCommand<void> => ({
  runId,
  nodeRunIds: [],
  open: true,
  documents: true,
  decide: cancelRun,
});

const SILENT = { error: () => undefined } as unknown as Logger;

describe('the run store', () => {
  let home: TestDatabase;
  let database: Database;
  let store: RunStoreService;
  beforeAll(async () => {
    home = await createTestDatabase();
    database = await connectDatabase({
      url: home.url,
      entities: COORDINATOR_ENTITIES,
      poolSize: 4,
      connectTimeoutMs: 5_000,
      applicationName: 'run-store.service.spec',
    });
    store = new RunStoreService(database, new RunWritesRepository(), { maxQueued: 1_000 }, SILENT);
  });
  afterAll(async () => {
    await database.close();
    await home.drop();
  });

  it('refuses only the command on the run that somebody else holds, and not the others of its group', async () => {
    await Promise.all(['held', 'free'].map((runId) => store.execute(start(runId))));
    const [held, free] = await database.transaction(async (tx) => {
      await tx.query('select 1 from runs where run_id = $1 for update', ['held']);
      return Promise.allSettled([store.execute(cancel('held')), store.execute(cancel('free'))]);
    });
    expect(held).toMatchObject({ status: 'rejected', reason: { code: 'database_unavailable' } });
    expect(free.status).toBe('fulfilled');
    const rows = await home.query('select run_id, state from runs order by run_id');
    expect(rows).toEqual([
      { run_id: 'free', state: 'canceled' },
      { run_id: 'held', state: 'queued' },
    ]);
  });
});
