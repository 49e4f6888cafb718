import { connectDatabase } from '#database';
import type { Database } from '#database';
import { createLogger } from '#http';
import { createTestDatabase } from '#testing';
import type { TestDatabase } from '#testing';
import { bucketOfRun, newNodeRunId } from '../sharding/bucket.js';
import { DAY_MS } from './event-days.js';
import { RETENTION_DEFAULTS } from './retention-options.js';
import type { RetentionOptions } from './retention-options.js';
import { RetentionRepository } from './retention.repository.js';
import { RetentionService } from './retention.service.js';

const NOW = new Date('2026-03-15T12:00:00Z');
const daysAgo = (days: number) => new Date(NOW.getTime() - days * DAY_MS);
const partitionOf = (time: Date) => `run_events_p${time.toISOString().slice(0, 10).replaceAll('-', '')}`;

/** Tables with rows of a run, those with foreign keys to others first. */
const TABLES = [
  'ready',
  'leases',
  'timers',
  'approval_notices',
  'approvals',
  'node_run_inputs',
  'node_run_results',
  'node_run_reports',
  'run_events',
  'run_requests',
  'node_runs',
  'runs',
];

describe('retention', () => {
  let home: TestDatabase;
  let database: Database;
  beforeEach(async () => {
    home = await createTestDatabase();
    database = await connectDatabase({
      url: home.url,
      entities: [],
      poolSize: 8,
      connectTimeoutMs: 5_000,
      applicationName: 'retention.spec',
    });
  });
  afterEach(async () => {
    await database.close();
    await home.drop();
  });

  const service = (options: Partial<RetentionOptions> = {}) =>
    new RetentionService(
      database,
      new RetentionRepository(),
      { ...RETENTION_DEFAULTS, days: 30, pauseMs: 0, ...options },
      createLogger('retention.spec', { LOG_LEVEL: 'silent', LOG_FORMAT: 'json' }),
    );

  /** Rows in every table that a run can have rows in; an ended run has none in the last three, but they must go as well. */
  async function seed(runId: string, createdAt: Date, endedAt?: Date): Promise<void> {
    const bucket = bucketOfRun(runId);
    const nodeRuns = [newNodeRunId(bucket), newNodeRunId(bucket)];
    const state = endedAt === undefined ? 'running' : 'succeeded';
    await home.query(
      `insert into runs (bucket, run_id, state, root_node_run_id, last_seq, node_count, created_at, ended_at)
       values ($1, $2, $3, $4, 3, 2, $5, $6)`,
      [bucket, runId, state, nodeRuns[0], createdAt, endedAt ?? null],
    );
    await home.query(`insert into run_requests (bucket, run_id, request_hash) values ($1, $2, 'h')`, [bucket, runId]);
    for (const id of nodeRuns) {
      await home.query(
        `insert into node_runs (bucket, node_run_id, run_id, node_type_id, node_type_version, state, depth, epoch, created_at)
         values ($1, $2, $3, 'jarvis.core.echo', '0.1.0', $4, 0, 1, $5)`,
        [bucket, id, runId, state, createdAt],
      );
      const key = [bucket, id];
      await home.query(`insert into node_run_inputs values ($1, $2, '{}', '{}', 'h')`, key);
      await home.query(`insert into node_run_results (bucket, node_run_id, result_hash) values ($1, $2, 'h')`, key);
      await home.query(
        `insert into node_run_reports (bucket, node_run_id, seq, evaluation_result) values ($1, $2, 1, '{}')`,
        key,
      );
      await home.query(
        `insert into approvals (bucket, approval_id, run_id, node_run_id, state, action, node_type_id, node_type_version,
                                requested_at, expires_at, inputs)
         values ($1, 'approval_' || $2, $3, $2, 'approved', 'node.run.execute', 'jarvis.core.echo', '0.1.0', $4, $4, '{}')`,
        [...key, runId, createdAt],
      );
      await home.query(`insert into approval_notices values ($1, 'approval_' || $2, 'approved', now(), now(), 1)`, key);
      await home.query(`insert into ready values ($1, $2, $3, '', now())`, [...key, runId]);
      await home.query(`insert into leases values ($1, $2, $3, 'c', 1, true)`, [...key, runId]);
      await home.query(`insert into timers values ($1, $3, $2, 'node_run_deadline', now(), 0)`, [...key, runId]);
    }
    await home.query(`insert into timers values ($1, $2, '', 'run_deadline', now(), 0)`, [bucket, runId]);
    await seedEvents(runId, [createdAt, new Date(createdAt.getTime() + 1), endedAt ?? NOW]);
  }

  async function seedEvents(runId: string, times: readonly Date[]): Promise<void> {
    await home.query(
      `insert into run_events (bucket, run_id, seq, time, type)
       select $1, $2, e.seq, e.time, 'node_evaluated' from unnest($3::timestamptz[]) with ordinality as e (time, seq)`,
      [bucketOfRun(runId), runId, times],
    );
  }

  /** Rows of each table that has any. */
  async function counts(): Promise<Record<string, number>> {
    const found: Record<string, number> = {};
    for (const table of TABLES) {
      const [row] = await home.query<{ n: number }>(`select count(*)::int as n from ${table}`);
      if (row !== undefined && row.n > 0) found[table] = row.n;
    }
    return found;
  }
  const runIds = async () =>
    (await home.query<{ run_id: string }>(`select run_id from runs order by run_id`)).map(({ run_id }) => run_id);
  const eventsOf = async (runId: string) =>
    (await home.query<{ n: number }>(`select count(*)::int as n from run_events where run_id = $1`, [runId]))[0]?.n;
  const partitions = async () => (await new RetentionRepository().findPartitions(database)).map(({ name }) => name);

  it.each(['with', 'without'])('deletes an old run with its rows in every table, %s foreign keys', async (keys) => {
    if (keys === 'without') {
      for (const { table, name } of await home.query<{ table: string; name: string }>(
        `select conrelid::regclass::text as "table", conname as name from pg_constraint where contype = 'f'`,
      )) {
        await home.query(`alter table ${table} drop constraint ${name}`);
      }
    }
    await seed('old', daysAgo(40), daysAgo(39));
    expect(Object.keys(await counts())).toEqual(TABLES);
    expect(await service().removeOldRuns(NOW)).toEqual({ runs: 1, partitions: [] });
    expect(await counts()).toEqual({});
  });

  it('keeps young runs, open runs however old, and runs that ended lately, with all their rows', async () => {
    await seed('young', daysAgo(29), daysAgo(29));
    await seed('open', daysAgo(400));
    await seed('long', daysAgo(400), daysAgo(29));
    const before = await counts();
    expect(await service().removeOldRuns(NOW)).toEqual({ runs: 0, partitions: [] });
    expect(await counts()).toEqual(before);
    await seed('old', daysAgo(400), daysAgo(300));
    expect(await service().removeOldRuns(NOW)).toEqual({ runs: 1, partitions: [] });
    expect(await counts()).toEqual(before);
  });

  it('keeps everything for ever when no number of days is given', async () => {
    await seed('old', daysAgo(4_000), daysAgo(4_000));
    expect(await service({ days: undefined }).removeOldRuns(NOW)).toBeUndefined();
    expect(await runIds()).toEqual(['old']);
  });

  it('deletes a run within two days after its time', async () => {
    const ended = new Date('2026-03-15T00:11:00Z');
    const after = (days: number) => new Date(ended.getTime() + days * DAY_MS);
    await seed('run', ended, ended);
    expect(await service().removeOldRuns(after(30))).toMatchObject({ runs: 0 });
    expect(await service().removeOldRuns(after(32))).toMatchObject({ runs: 1 });
  });

  it('drops the partitions of days that no run needs any more, and touches no event of another', async () => {
    await service().createPartitions(daysAgo(60));
    // Crosses midnight: its last event is in the partition of the next day, which goes as well.
    await seed('first', daysAgo(60), daysAgo(59));
    await seed('second', daysAgo(59), daysAgo(59));
    await seed('open', daysAgo(55));
    await seed('old', daysAgo(54), daysAgo(54));
    const stays = [55, 54, 53].map((days) => partitionOf(daysAgo(days))).concat('run_events_default');
    const removed = await service().removeOldRuns(NOW);
    expect(removed?.runs).toBe(3);
    expect(removed?.partitions).toEqual([60, 59, 58, 57, 56].map((days) => partitionOf(daysAgo(days))));
    expect(await partitions()).toEqual(stays);
    // The partition of day 54 stays for the open run, so the events of the old run in it were deleted one by one.
    expect(await eventsOf('old')).toBe(0);
    expect(await eventsOf('open')).toBe(3);
    expect(await runIds()).toEqual(['open']);
  });

  it('keeps a partition for a run that began right after its end: clocks differ', async () => {
    await service().createPartitions(daysAgo(60));
    const midnight = new Date('2026-01-16T00:00:00Z');
    await seed('open', new Date(midnight.getTime() + 60_000));
    await home.query(`update run_events set time = $1 where seq = 1`, [new Date(midnight.getTime() - 1_000)]);
    expect((await service().removeOldRuns(NOW))?.partitions).toEqual([partitionOf(new Date('2026-01-14T00:00:00Z'))]);
    expect(await eventsOf('open')).toBe(3);
  });

  it('leaves a run to a command that holds it, keeps its partition, and removes both in the next pass', async () => {
    await service().createPartitions(daysAgo(60));
    await seed('held', daysAgo(60), daysAgo(60));
    await seed('free', daysAgo(60), daysAgo(60));
    await database.transaction(async (tx) => {
      await tx.query(`select 1 from runs where run_id = 'held' for no key update`, []);
      const removed = await service().removeOldRuns(NOW);
      expect(removed?.runs).toBe(1);
      expect(removed?.partitions).toEqual([]);
    });
    expect(await runIds()).toEqual(['held']);
    expect(await eventsOf('held')).toBe(3);
    expect((await service().removeOldRuns(NOW))?.partitions).toHaveLength(8);
    expect(await counts()).toEqual({});
    expect(await partitions()).toEqual(['run_events_default']);
  });

  it('never deletes more at once than it is told to', async () => {
    for (let index = 0; index < 11; index += 1) await seed(`run_${index}`, daysAgo(60 + index), daysAgo(60));
    const sizes: number[] = [];
    const repository = new RetentionRepository();
    const deleteRuns = repository.deleteRuns.bind(repository);
    repository.deleteRuns = (tx, runs) => {
      sizes.push(runs.length);
      return deleteRuns(tx, runs);
    };
    const limited = (options: Partial<RetentionOptions>) =>
      new RetentionService(
        database,
        repository,
        { ...RETENTION_DEFAULTS, days: 30, pauseMs: 0, ...options },
        createLogger('retention.spec', { LOG_LEVEL: 'silent', LOG_FORMAT: 'json' }),
      );
    expect(await limited({ batchRuns: 4 }).removeOldRuns(NOW)).toMatchObject({ runs: 11 });
    expect(sizes).toEqual([4, 4, 3]);

    // 2 node runs and 3 events each: two fit into 10 rows, and one goes even where none fits.
    for (let index = 0; index < 3; index += 1) await seed(`run_${index}`, daysAgo(60 + index), daysAgo(60));
    sizes.length = 0;
    await limited({ batchRows: 10 }).removeOldRuns(NOW);
    expect(sizes).toEqual([2, 1]);
    await seed('large', daysAgo(60), daysAgo(60));
    await limited({ batchRows: 1 }).removeOldRuns(NOW);
    expect(await counts()).toEqual({});
  });

  it('works by itself after the start and says once per pass what it removed', async () => {
    const long = new Date(Date.now() - 40 * DAY_MS);
    await seed('old', long, long);
    const lines: string[] = [];
    const logger = createLogger(
      'retention.spec',
      { LOG_LEVEL: 'info', LOG_FORMAT: 'json' },
      { write: (line: string) => lines.push(line) },
    );
    const options = { ...RETENTION_DEFAULTS, days: 30, firstAfterMs: 0, everyMs: 20 };
    const running = new RetentionService(database, new RetentionRepository(), options, logger);
    await running.onModuleInit();
    while (lines.length === 0) await new Promise((settle) => setTimeout(settle, 10));
    // Passes that find nothing say nothing.
    await new Promise((settle) => setTimeout(settle, 200));
    await running.onModuleDestroy();
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ level: 'info', msg: 'old runs deleted', runs: 1, partitions: [] }),
    ]);
    expect(await runIds()).toEqual([]);
  });

  it('stops between two batches when the service stops', async () => {
    for (let index = 0; index < 4; index += 1) await seed(`run_${index}`, daysAgo(60), daysAgo(60));
    const slow = service({ batchRuns: 1, pauseMs: 60_000 });
    const pass = slow.removeOldRuns(NOW);
    while ((await runIds()).length === 4) await new Promise((settle) => setTimeout(settle, 10));
    await slow.onModuleDestroy();
    expect(await pass).toMatchObject({ runs: 1 });
    expect(await runIds()).toHaveLength(3);
  });

  it('several coordinators at once delete each run once and none fails', async () => {
    await service().createPartitions(daysAgo(60));
    for (let index = 0; index < 60; index += 1) await seed(`run_${index}`, daysAgo(60), daysAgo(59));
    let runs = 0;
    const dropped: string[] = [];
    while ((await runIds()).length > 0 || dropped.length < 8) {
      const passes = await Promise.all([1, 2, 3].map(() => service({ batchRuns: 7 }).removeOldRuns(NOW)));
      for (const removed of passes) {
        runs += removed?.runs ?? 0;
        dropped.push(...(removed?.partitions ?? []));
      }
    }
    expect(runs).toBe(60);
    expect(new Set(dropped).size).toBe(8);
    expect(dropped).toHaveLength(8);
    expect(await counts()).toEqual({});
  });

  it('does not deadlock with commands that lock the same runs', async () => {
    const ids = Array.from({ length: 40 }, (_, index) => `run_${index}`);
    for (const id of ids) await seed(id, daysAgo(60), daysAgo(60));
    let done = false;
    let failures = 0;
    const heads = `select 1 from runs order by bucket, run_id for no key update`;
    const timers = `update timers set attempts = attempts + 1 where (run_id, node_run_id) in
      (select run_id, node_run_id from timers order by run_id, node_run_id for update)`;
    const command = async (...statements: string[]) => {
      while (!done) {
        await database
          .transaction(async (tx) => {
            for (const statement of statements) await tx.query(statement, []);
          })
          .catch(() => (failures += 1));
      }
    };
    // What is due is taken before its run is locked.
    const write = `update node_runs set epoch = epoch + 1`;
    const commands = [1, 2].map(() => command(timers, `select pg_sleep(0.02)`, heads, write));
    try {
      while ((await runIds()).length > 0) await service({ batchRuns: 5 }).removeOldRuns(NOW);
    } finally {
      done = true;
      await Promise.all(commands);
    }
    const [row] = await home.query<{ deadlocks: number }>(
      `select deadlocks::int from pg_stat_database where datname = current_database()`,
    );
    expect({ failures, deadlocks: row?.deadlocks }).toEqual({ failures: 0, deadlocks: 0 });
  });
});

describe('partitions of run_events', () => {
  let home: TestDatabase;
  let database: Database;
  beforeEach(async () => {
    home = await createTestDatabase();
    database = await connectDatabase({
      url: home.url,
      entities: [],
      poolSize: 8,
      connectTimeoutMs: 5_000,
      applicationName: 'retention.spec',
    });
  });
  afterEach(async () => {
    await database.close();
    await home.drop();
  });
  const service = () =>
    new RetentionService(
      database,
      new RetentionRepository(),
      RETENTION_DEFAULTS,
      createLogger('retention.spec', { LOG_LEVEL: 'silent', LOG_FORMAT: 'json' }),
    );
  const insert = (time: Date, seq: number) =>
    home.query(`insert into run_events (bucket, run_id, seq, time, type) values (1, 'r', $1, $2, 'run_started')`, [
      seq,
      time,
    ]);
  const placeOf = async (seq: number) =>
    (
      await home.query<{ place: string }>(`select tableoid::regclass::text as place from run_events where seq = $1`, [
        seq,
      ])
    )[0]?.place;
  const after = (days: number) => new Date(NOW.getTime() + days * DAY_MS);

  it('are made for today and seven days, once, and take the events of their days', async () => {
    const made = await service().createPartitions(NOW);
    expect(made).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((days) => partitionOf(after(days))));
    expect(await service().createPartitions(NOW)).toEqual([]);
    expect(await service().createPartitions(after(1))).toEqual([partitionOf(after(8))]);

    const midnight = new Date('2026-03-16T00:00:00Z');
    await insert(new Date(midnight.getTime() - 1), 1);
    await insert(midnight, 2);
    await insert(after(-1), 3);
    await insert(after(9), 4);
    expect(await Promise.all([1, 2, 3, 4].map(placeOf))).toEqual([
      partitionOf(NOW),
      partitionOf(midnight),
      'run_events_default',
      'run_events_default',
    ]);
    const found = (await new RetentionRepository().findPartitions(database)).at(0);
    expect(found).toMatchObject({
      name: partitionOf(NOW),
      isDefault: false,
      from: new Date('2026-03-15'),
      to: midnight,
    });
    const leftover = await home.query(
      `select conname from pg_constraint where contype = 'c' and conname like 'run_events%'`,
    );
    expect(leftover).toEqual([]);
  });

  it('leave a day to the default partition that holds events of it already, and a range to who made it', async () => {
    await insert(after(2), 1);
    await home.query(
      `create table by_hand partition of run_events for values from ('2026-03-18') to ('2026-03-20 12:00Z')`,
    );
    const made = await service().createPartitions(NOW);
    expect(made).toEqual([0, 1, 6, 7].map((days) => partitionOf(after(days))));
    expect(await placeOf(1)).toBe('run_events_default');
  });

  it('are made once by coordinators that start at the same time, while events are written and read', async () => {
    let done = false;
    let seq = 0;
    const write = async () => {
      while (!done) {
        seq += 1;
        await insert(after(seq % 9), seq);
        await home.query(`select * from run_events where bucket = 1 and run_id = 'r' order by seq desc limit 5`);
      }
    };
    // The default partition holds events of these days as soon as writing begins: only days after them can be made then.
    await service().createPartitions(NOW);
    const writers = [write(), write()];
    const rounds = await Promise.all([1, 2, 3].map(() => service().createPartitions(after(20))));
    done = true;
    await Promise.all(writers);
    const names = rounds.flat();
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(0);
    // A round that found the lock taken left the rest to the one that has it: all are there now or in the next round.
    names.push(...(await service().createPartitions(after(20))));
    expect(names).toHaveLength(8);
    const [row] = await home.query<{ n: number }>(`select count(*)::int as n from run_events`);
    expect(row?.n).toBe(seq);
  });

  it('give up at once when somebody holds the table, and try again later', async () => {
    await database.transaction(async (tx) => {
      await tx.query(`lock table run_events_default in access share mode`, []);
      const startedAt = performance.now();
      await service().onModuleInit();
      expect(performance.now() - startedAt).toBeLessThan(5_000);
    });
    expect(await service().createPartitions(NOW)).toHaveLength(8);
  });

  it('spare a read with a time bound those that are older', async () => {
    for (const days of [0, 8]) await service().createPartitions(after(days));
    const plan = (
      await home.query<{ 'QUERY PLAN': string }>(
        `explain select * from run_events where bucket = 1 and run_id = 'r' and seq > 0 and time >= '${after(12).toISOString()}' order by seq limit 10`,
      )
    )
      .map((row) => row['QUERY PLAN'])
      .join('\n');
    for (const days of [0, 5, 11]) expect(plan).not.toContain(partitionOf(after(days)));
    for (const days of [12, 15]) expect(plan).toContain(partitionOf(after(days)));
  });
});
