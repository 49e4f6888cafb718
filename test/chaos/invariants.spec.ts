import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTestDatabase } from '#testing';
import type { TestDatabase } from '#testing';
import { checkExecutions } from './executions.js';
import { INVARIANTS } from './invariant-statements.js';
import { checkInvariants } from './invariants.js';
import type { CheckOptions, Violation } from './invariants.js';

/** Rows as they are when all is well: what each damage below is done to. */
const HEALTHY = [
  `insert into coordinators values ('c1', now(), now()), ('c2', now() - interval '1 day', now() - interval '1 hour')`,
  // done: an atomic root that succeeded. tree: a composite with a child. open: it is worked on. waiting: it is queued.
  `insert into runs (bucket, run_id, state, root_node_run_id, last_seq, created_at) values
     (1, 'done', 'succeeded', 'done-root', 4, now()), (1, 'tree', 'failed', 'tree-root', 3, now()),
     (2, 'open', 'running', 'open-root', 3, now()), (2, 'waiting', 'queued', 'waiting-root', 2, now()),
     (2, 'parked', 'queued', 'parked-root', 2, now())`,
  `insert into node_runs (bucket, node_run_id, run_id, parent_node_run_id, node_type_id, node_type_version, kind, state, depth, epoch, created_at)
   values
     (1, 'done-root', 'done', null, 't', '1', 'atomic', 'succeeded', 0, 1, now()),
     (1, 'tree-root', 'tree', null, 'composite.t', '1', 'composite', 'failed', 0, 1, now()),
     (1, 'tree-child', 'tree', 'tree-root', 't', '1', 'atomic', 'canceled', 1, 1, now()),
     (2, 'open-root', 'open', null, 'composite.t', '1', 'composite', 'running', 0, 1, now()),
     (2, 'open-child', 'open', 'open-root', 't', '1', 'atomic', 'running', 1, 1, now()),
     (2, 'waiting-root', 'waiting', null, 't', '1', null, 'queued', 0, 0, now()),
     (2, 'parked-root', 'parked', null, 't', '1', 'atomic', 'queued', 0, 0, now())`,
  `insert into node_run_results (bucket, node_run_id, result_hash) values
     (1, 'done-root', 'h'), (1, 'tree-root', 'h'), (1, 'tree-child', 'h')`,
  `insert into run_events (bucket, run_id, seq, time, type, node_run_id, data) values
     (1, 'done', 1, now(), 'run_started', 'done-root', null),
     (1, 'done', 2, now(), 'node_evaluated', 'done-root', '{"status":"success"}'),
     (1, 'done', 3, now(), 'atomic_executed', 'done-root', '{"state":"succeeded"}'),
     (1, 'done', 4, now(), 'run_completed', null, '{"state":"succeeded"}'),
     (1, 'tree', 1, now(), 'run_started', 'tree-root', null),
     (1, 'tree', 2, now(), 'composite_decomposed', 'tree-root', null),
     (1, 'tree', 3, now(), 'run_completed', null, '{"state":"failed"}'),
     (2, 'open', 1, now(), 'run_started', 'open-root', null),
     (2, 'open', 2, now(), 'composite_decomposed', 'open-root', null),
     (2, 'open', 3, now(), 'node_run_assigned', 'open-child', null),
     (2, 'waiting', 1, now(), 'run_started', 'waiting-root', null),
     (2, 'waiting', 2, now(), 'node_run_assigned', 'waiting-root', null),
     (2, 'parked', 1, now(), 'run_started', 'parked-root', null),
     (2, 'parked', 2, now(), 'policy_decided', 'parked-root', '{"decision":"require_approval"}')`,
  `insert into ready (bucket, node_run_id, run_id, tenant_id, run_after) values (2, 'waiting-root', 'waiting', '', now())`,
  `insert into leases values (2, 'open-child', 'open', 'c1', 1, true)`,
  `insert into timers values (2, 'open', 'open-root', 'node_run_deadline', now() + interval '1 hour', 0),
     (1, 'tree', 'tree-child', 'cancel_notice', now(), 0)`,
];
const TABLES = 'runs, node_runs, node_run_results, run_events, ready, leases, timers, coordinators';

interface Damage {
  readonly does: string;
  readonly statements: readonly string[];
  readonly found: readonly (readonly [invariant: Violation['invariant'], runId: string, nodeRunId?: string])[];
}

const insertRun = (run: string, state = 'queued') =>
  `insert into runs (bucket, run_id, state, root_node_run_id, last_seq, created_at) values (1, '${run}', '${state}', '${run}-root', 0, now())`;
const insertNodeRun = (id: string, run: string, kind: string, state: string) =>
  `insert into node_runs (bucket, node_run_id, run_id, node_type_id, node_type_version, kind, state, depth, epoch, created_at)
   values (1, '${id}', '${run}', 't', '1', '${kind}', '${state}', 0, 0, now())`;
const insertEvent = (run: string, seq: number, type: string, nodeRun?: string) =>
  `insert into run_events values (1, '${run}', ${seq}, clock_timestamp(), '${type}', ${nodeRun === undefined ? 'null' : `'${nodeRun}'`}, '{"state":"succeeded"}')`;
const setLastSeq = (run: string, seq: number) => `update runs set last_seq = ${seq} where run_id = '${run}'`;

const DAMAGES: readonly Damage[] = [
  {
    does: 'a run without root and events',
    statements: [insertRun('bare')],
    found: [
      ['root_missing', 'bare', 'bare-root'],
      ['run_without_events', 'bare'],
    ],
  },
  {
    does: 'a run that ended otherwise than its root',
    statements: [`update node_runs set state = 'failed' where node_run_id = 'done-root'`],
    found: [['run_state_differs_from_root', 'done', 'done-root']],
  },
  {
    does: 'a run that is open though its root has ended',
    statements: [
      `update node_runs set state = 'failed' where node_run_id = 'waiting-root'`,
      `insert into node_run_results (bucket, node_run_id, result_hash) values (2, 'waiting-root', 'h')`,
      `delete from ready`,
    ],
    found: [['run_state_differs_from_root', 'waiting', 'waiting-root']],
  },
  {
    does: 'events of a run that is not there',
    statements: [insertEvent('ghost', 1, 'run_started'), insertEvent('ghost', 2, 'node_evaluated')],
    found: [['events_without_run', 'ghost']],
  },
  {
    does: 'an event of a node run that is not there',
    statements: [`update run_events set node_run_id = 'ghost' where run_id = 'done' and seq = 2`],
    found: [['event_of_unknown_node_run', 'done', 'ghost']],
  },
  {
    does: 'a gap in the log',
    statements: [`delete from run_events where run_id = 'done' and seq = 2`, setLastSeq('done', 3)],
    found: [['event_seq_broken', 'done']],
  },
  {
    does: 'a seq that is there twice',
    statements: [insertEvent('done', 2, 'node_evaluated'), setLastSeq('done', 5)],
    found: [['event_seq_broken', 'done']],
  },
  {
    does: 'a counter that is ahead of the log',
    statements: [setLastSeq('open', 4)],
    found: [['last_seq_differs', 'open']],
  },
  {
    does: 'a log that begins otherwise',
    statements: [`update run_events set type = 'node_evaluated' where run_id = 'open' and seq = 1`],
    found: [['run_started_not_first_or_not_once', 'open']],
  },
  {
    does: 'a run that was started twice',
    statements: [insertEvent('open', 4, 'run_started').replace('values (1,', 'values (2,'), setLastSeq('open', 4)],
    found: [['run_started_not_first_or_not_once', 'open']],
  },
  {
    does: 'a run that ended without saying so',
    statements: [`delete from run_events where run_id = 'done' and seq = 4`, setLastSeq('done', 3)],
    found: [['run_completed_not_once', 'done']],
  },
  {
    does: 'a run that ended twice',
    statements: [insertEvent('done', 5, 'run_completed'), setLastSeq('done', 5)],
    found: [
      ['run_completed_not_once', 'done'],
      ['run_completed_not_last', 'done'],
    ],
  },
  {
    does: 'an open run that says it has ended',
    statements: [
      insertEvent('waiting', 3, 'run_completed').replace('values (1,', 'values (2,'),
      `update run_events set data = '{"state":"queued"}' where run_id = 'waiting' and seq = 3`,
      setLastSeq('waiting', 3),
    ],
    found: [['run_completed_not_once', 'waiting']],
  },
  {
    does: 'an event after the last',
    statements: [insertEvent('done', 5, 'node_evaluated', 'done-root'), setLastSeq('done', 5)],
    found: [['run_completed_not_last', 'done']],
  },
  {
    does: 'an event that tells another end',
    statements: [`update run_events set data = '{"state":"failed"}' where run_id = 'done' and seq = 4`],
    found: [['run_completed_state_differs', 'done']],
  },
  {
    does: 'an orphan: open work in a run that has ended, below a parent that has ended',
    statements: [
      `update node_runs set state = 'running' where node_run_id = 'tree-child'`,
      `delete from node_run_results where node_run_id = 'tree-child'`,
      `insert into leases values (1, 'tree-child', 'tree', 'c1', 1, true)`,
    ],
    found: [
      ['node_run_open_in_terminal_run', 'tree', 'tree-child'],
      ['node_run_open_below_terminal_parent', 'tree', 'tree-child'],
    ],
  },
  {
    does: 'an orphan below a parent that has ended, in a run that goes on',
    statements: [
      `update node_runs set parent_node_run_id = 'open-mid' where node_run_id = 'open-child'`,
      insertNodeRun('open-mid', 'open', 'composite', 'failed').replace('values (1,', 'values (2,'),
      `insert into node_run_results (bucket, node_run_id, result_hash) values (2, 'open-mid', 'h')`,
    ],
    found: [['node_run_open_below_terminal_parent', 'open', 'open-child']],
  },
  {
    does: 'a node run that ended without a result',
    statements: [`delete from node_run_results where node_run_id = 'tree-child'`],
    found: [['result_missing', 'tree', 'tree-child']],
  },
  {
    does: 'a result before the end',
    statements: [`insert into node_run_results (bucket, node_run_id, result_hash) values (2, 'open-child', 'h')`],
    found: [['result_of_open_node_run', 'open', 'open-child']],
  },
  {
    does: 'a node run that was completed twice',
    statements: [
      `update run_events set seq = 5 where run_id = 'done' and seq = 4`,
      insertEvent('done', 4, 'atomic_executed', 'done-root'),
      setLastSeq('done', 5),
    ],
    found: [['executed_more_than_once', 'done', 'done-root']],
  },
  {
    does: 'a success of which no execution tells',
    statements: [`update run_events set type = 'node_evaluated' where run_id = 'done' and seq = 3`],
    found: [['succeeded_without_execution', 'done', 'done-root']],
  },
  {
    does: 'a queue entry of what has ended',
    statements: [`insert into ready values (1, 'done-root', 'done', '', now())`],
    found: [['ready_row_left_over', 'done', 'done-root']],
  },
  {
    does: 'a lease of what has ended',
    statements: [`insert into leases values (1, 'done-root', 'done', 'c1', 1, true)`],
    found: [['lease_left_over', 'done', 'done-root']],
  },
  {
    does: 'a deadline of a run that has ended',
    statements: [`insert into timers values (1, 'done', '', 'run_deadline', now() + interval '1 hour', 0)`],
    found: [['timer_left_over', 'done']],
  },
  {
    does: 'a cancel that nobody told the executor',
    statements: [`update timers set due_at = now() - interval '1 minute' where kind = 'cancel_notice'`],
    found: [['timer_left_over', 'tree', 'tree-child']],
  },
  {
    does: 'a queued node run that is not in the queue',
    statements: [`delete from ready`],
    found: [['nobody_works_on_it', 'waiting', 'waiting-root']],
  },
  {
    does: 'work of a coordinator that is dead',
    statements: [`update leases set owner = 'c2'`],
    found: [['nobody_works_on_it', 'open', 'open-child']],
  },
  {
    does: 'work of a coordinator that is unknown',
    statements: [`update leases set owner = 'nobody'`],
    found: [['nobody_works_on_it', 'open', 'open-child']],
  },
  {
    does: 'a composite that nothing would end',
    statements: [`delete from timers where kind = 'node_run_deadline'`],
    found: [['nobody_works_on_it', 'open', 'open-root']],
  },
  {
    does: 'a parked node run that nobody asked to approve',
    statements: [`update run_events set data = '{"decision":"allow"}' where run_id = 'parked' and seq = 2`],
    found: [['nobody_works_on_it', 'parked', 'parked-root']],
  },
];

describe('the checker of invariants', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await database.query(`truncate ${TABLES} cascade`);
    for (const statement of HEALTHY) await database.query(statement);
  });

  const found = async (acknowledged: readonly string[], options: CheckOptions) =>
    (await checkInvariants(database.url, acknowledged, options)).map(({ invariant, runId, nodeRunId }) =>
      nodeRunId === undefined ? [invariant, runId] : [invariant, runId, nodeRunId],
    );
  const unsettled = { settled: false };

  it('finds nothing where all is well', async () => {
    expect(await found(['done', 'tree', 'open', 'waiting'], unsettled)).toEqual([]);
  });

  it.each(DAMAGES)('names $does', async ({ statements, found: expected }) => {
    for (const statement of statements) await database.query(statement);
    expect(await found([], unsettled)).toEqual(expected);
  });

  it('names an acknowledged run that is gone, and runs that have not ended', async () => {
    expect(await found(['done', 'lost'], {})).toEqual([
      ['acknowledged_run_missing', 'lost'],
      ['run_not_terminal', 'open'],
      ['run_not_terminal', 'parked'],
      ['run_not_terminal', 'waiting'],
    ]);
  });

  it('has a damage for each of its statements', () => {
    const provoked = new Set(DAMAGES.flatMap(({ found: expected }) => expected.map(([invariant]) => invariant)));
    expect(INVARIANTS.map(({ invariant }) => invariant).filter((name) => !provoked.has(name))).toEqual([
      'run_not_terminal',
    ]);
  });

  it('takes the word of a caller who completed a node run by hand', async () => {
    await database.query(`update run_events set type = 'node_evaluated' where run_id = 'done' and seq = 3`);
    expect(await found([], { ...unsettled, completedByCaller: ['done-root'] })).toEqual([]);
  });

  it('passes over tables that an older database does not have', async () => {
    await database.query('alter table timers rename to timers_of_tomorrow');
    expect(await found([], unsettled)).toEqual([]);
    await database.query('alter table timers_of_tomorrow rename to timers');
  });

  it('names what is served otherwise than it is stored', async () => {
    const served = createServer((request, response) => {
      const isEvents = request.url?.endsWith('/events') === true;
      const events = [1, 2, 4].map((seq) => JSON.stringify({ seq, type: 'run_started' })).join('\n');
      response.end(isEvents ? events : JSON.stringify({ run_id: 'done', state: 'running' }));
    }).listen(0, '127.0.0.1');
    await new Promise((settle) => served.once('listening', settle));
    const coordinatorUrl = `http://127.0.0.1:${(served.address() as AddressInfo).port}`;
    expect(await found(['done'], { ...unsettled, coordinatorUrl })).toEqual([
      ['served_run_differs', 'done'],
      ['served_events_differ', 'done'],
    ]);
    served.closeAllConnections();
    await new Promise((settle) => served.close(settle));
  });
});

describe('the checker of executions', () => {
  const execution = (name: string, endedAt?: number) => ({
    nodeRunId: 'n',
    nodeTypeId: `test.chaos.${name}`,
    pid: 1,
    startedAt: 1,
    ...(endedAt === undefined ? {} : { endedAt }),
  });
  const nodeRun = (name: string, state: string, error_code: string | null = null) => ({
    node_run_id: 'n',
    node_type_id: name.includes('.') ? name : `test.chaos.${name}`,
    state,
    error_code,
  });

  it.each([
    ['a read that was repeated', [execution('read'), execution('read', 2)], nodeRun('read', 'succeeded'), []],
    ['an echo', [], nodeRun('jarvis.core.echo', 'succeeded'), []],
    ['a lost one', [execution('irreversible')], nodeRun('irreversible', 'failed', 'execution_uncertain'), []],
    [
      'an irreversible one that was repeated',
      [execution('irreversible'), execution('irreversible', 2)],
      nodeRun('irreversible', 'succeeded'),
      ['irreversible_executed_twice'],
    ],
    [
      'a lost one that does not say so',
      [execution('irreversible')],
      nodeRun('irreversible', 'failed', 'atomic_executor_unavailable'),
      ['irreversible_failed_otherwise'],
    ],
    ['a lost write', [execution('write')], nodeRun('write', 'failed', 'timeout'), ['write_failed_otherwise']],
    [
      'a read that was given up',
      [execution('read')],
      nodeRun('read', 'failed', 'execution_uncertain'),
      ['read_not_repeated'],
    ],
    ['a composite that was given up', [], nodeRun('composite.t', 'failed', 'child_failed'), ['composite_failed']],
    [
      'a result that nobody computed',
      [execution('read')],
      nodeRun('read', 'succeeded'),
      ['succeeded_without_execution'],
    ],
  ])('%s', (_, executions, ended, rules) => {
    expect(checkExecutions(executions, [ended]).map(({ rule }) => rule)).toEqual(rules);
  });
});
