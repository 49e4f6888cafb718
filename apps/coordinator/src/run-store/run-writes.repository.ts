import { Injectable } from '@nestjs/common';
import type { Statement } from '#database';
import type { Changes, RunDraft } from '../lifecycle/run-draft.js';
import type { Bucket } from '../sharding/bucket.js';
import type { ApprovalNoticeEntity } from '../tables/approval-notice.entity.js';
import type { LeaseEntity } from '../tables/lease.entity.js';
import type { NodeRunEntity } from '../tables/node-run.entity.js';
import type { ReadyEntity } from '../tables/ready.entity.js';
import type { RunEntity } from '../tables/run.entity.js';
import type { TimerEntity } from '../tables/timer.entity.js';

/** The key of a run or a node run. */
export interface RowKey {
  readonly bucket: Bucket;
  readonly id: string;
}

/**
 * The statements of the group commit. Each handles the rows of many runs: arrays, one element per row, with the bucket of each; a
 * row is found by bucket and id through its primary key.
 */
@Injectable()
export class RunWritesRepository {
  /**
   * Locks the heads of runs, in the order of their keys, so that two groups never wait for each other in a circle. Whoever changes anything of
   * a run holds this lock: commands on one run come one after another and its `seq` has no gaps.
   */
  lockRuns(keys: readonly RowKey[]): Statement {
    return {
      text: `select r.*
        from unnest($1::smallint[], $2::text[]) as k (bucket, run_id)
       cross join lateral (
         select bucket, run_id, tenant_id, state, root_node_run_id, last_seq, created_at, started_at, ended_at, deadline_at,
                node_count, steps, external_calls, cost, owner
           from runs
          where bucket = k.bucket and run_id = k.run_id
            for no key update) as r`,
      parameters: keysOf(keys),
    };
  }

  findRequests(keys: readonly RowKey[]): Statement {
    return {
      text: `select q.*
        from unnest($1::smallint[], $2::text[]) as k (bucket, run_id)
       cross join lateral (
         select run_id, request_hash, run_context, constraints
           from run_requests
          where bucket = k.bucket and run_id = k.run_id
         offset 0) as q`,
      parameters: keysOf(keys),
    };
  }

  findNodeRuns(keys: readonly RowKey[]): Statement {
    return {
      text: `select n.*
        from unnest($1::smallint[], $2::text[]) as k (bucket, node_run_id)
       cross join lateral (
         select ${NODE_RUN_COLUMNS}
           from node_runs
          where bucket = k.bucket and node_run_id = k.node_run_id
         offset 0) as n`,
      parameters: keysOf(keys),
    };
  }

  /** The node runs of runs that have not ended. */
  findOpenNodeRuns(keys: readonly RowKey[]): Statement {
    return {
      text: `select n.*
        from unnest($1::smallint[], $2::text[]) as k (bucket, run_id)
       cross join lateral (
         select ${NODE_RUN_COLUMNS}
           from node_runs
          where bucket = k.bucket and run_id = k.run_id and state in ('queued', 'assigned', 'running')
         offset 0) as n`,
      parameters: keysOf(keys),
    };
  }

  findDocuments(keys: readonly RowKey[]): Statement {
    return {
      text: `select i.*, r.*
        from unnest($1::smallint[], $2::text[]) as k (bucket, node_run_id)
       cross join lateral (
         select node_run_id, spec_hash, constraints
           from node_run_inputs
          where bucket = k.bucket and node_run_id = k.node_run_id
         offset 0) as i
        left join lateral (
         select result_hash from node_run_results where bucket = k.bucket and node_run_id = k.node_run_id offset 0) as r on true`,
      parameters: keysOf(keys),
    };
  }

  findDocumentsOfOpen(keys: readonly RowKey[]): Statement {
    return {
      text: `select i.*
        from unnest($1::smallint[], $2::text[]) as k (bucket, run_id)
       cross join lateral (
         select node_run_id
           from node_runs
          where bucket = k.bucket and run_id = k.run_id and state in ('queued', 'assigned', 'running')
         offset 0) as n
       cross join lateral (
         select node_run_id, spec_hash, constraints, null as result_hash
           from node_run_inputs
          where bucket = k.bucket and node_run_id = n.node_run_id
         offset 0) as i`,
      parameters: keysOf(keys),
    };
  }

  findReportKeys(keys: readonly RowKey[]): Statement {
    return {
      text: `select p.*
        from unnest($1::smallint[], $2::text[]) as k (bucket, node_run_id)
       cross join lateral (
         select node_run_id, idempotency_key
           from node_run_reports
          where bucket = k.bucket and node_run_id = k.node_run_id and idempotency_key is not null
         offset 0) as p`,
      parameters: keysOf(keys),
    };
  }

  /**
   * Everything that the drafts of a group changed, deletions before insertions.
   *
   * @param approvalNotices whether there is a webhook to be told of approvals
   */
  write(drafts: readonly RunDraft[], approvalNotices = false): Statement[] {
    const all = <T>(select: (draft: RunDraft) => Iterable<T>) => drafts.flatMap((draft) => [...select(draft)]);
    const heads = drafts.filter(({ changes, headChanged }) => changes.newRun === undefined && headChanged);
    const newNodeRuns = all(({ changes }) => changes.newNodeRuns.values());
    const statements = [
      insertRuns(drafts.filter(({ changes }) => changes.newRun !== undefined).map(({ head }) => head)),
      updateRuns(heads.map(({ head }) => head)),
      insertRequests(all(({ changes }) => (changes.newRun === undefined ? [] : [changes.newRun]))),
      insertNodeRuns(all((draft) => rowsOf(draft, draft.changes.newNodeRuns.keys()))),
      updateNodeRuns(
        all((draft) =>
          rowsOf(draft, draft.changedNodeRuns).filter(({ node_run_id }) => !draft.changes.newNodeRuns.has(node_run_id)),
        ),
      ),
      insertInputs(newNodeRuns),
      insertResults(all(({ changes }) => changes.results)),
      insertReports(all(({ changes }) => changes.reports)),
      insertApprovals(all(({ changes }) => changes.newApprovals)),
      updateApprovals(all(({ changes }) => changes.settledApprovals)),
      insertApprovalNotices(approvalNotices ? all(approvalNoticesOf) : []),
      insertEvents(all(({ changes }) => changes.events)),
      deleteReady(all(({ changes }) => changes.ready.removed.values())),
      insertReady(added(drafts, ({ changes }) => changes.ready)),
      deleteLeases(all(({ changes }) => changes.leases.removed.values())),
      insertLeases(added(drafts, ({ changes }) => changes.leases)),
      deleteTimers(all(({ changes }) => changes.timers.removed.values())),
      insertTimers(added(drafts, ({ changes }) => changes.timers)),
    ];
    return statements.filter((statement) => statement !== undefined);
  }
}

const NODE_RUN_COLUMNS = `bucket, node_run_id, run_id, parent_node_run_id, node_type_id, node_type_version, kind, state, depth, epoch,
                created_at, started_at, ended_at, child_count, decomposition_rounds, attempts, unsent, approval`;

function insertRuns(rows: readonly Readonly<RunEntity>[]): Statement | undefined {
  return columns(
    `insert into runs (bucket, run_id, tenant_id, state, root_node_run_id, last_seq, created_at, started_at, ended_at, deadline_at,
                       node_count, steps, external_calls, cost, owner)
     select * from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::timestamptz[],
                          $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::int[], $12::int[], $13::int[], $14::float8[],
                          $15::text[])`,
    rows,
    [
      'bucket',
      'run_id',
      'tenant_id',
      'state',
      'root_node_run_id',
      'last_seq',
      'created_at',
      'started_at',
      'ended_at',
      'deadline_at',
      'node_count',
      'steps',
      'external_calls',
      'cost',
      'owner',
    ],
  );
}

function updateRuns(rows: readonly Readonly<RunEntity>[]): Statement | undefined {
  return columns(
    `update runs r
        set state = u.state, last_seq = u.last_seq, started_at = u.started_at, ended_at = u.ended_at, node_count = u.node_count,
            steps = u.steps, external_calls = u.external_calls, cost = u.cost
       from unnest($1::smallint[], $2::text[], $3::text[], $4::int[], $5::timestamptz[], $6::timestamptz[], $7::int[], $8::int[],
                   $9::int[], $10::float8[])
            as u (bucket, run_id, state, last_seq, started_at, ended_at, node_count, steps, external_calls, cost)
      where r.bucket = u.bucket and r.run_id = u.run_id`,
    rows,
    [
      'bucket',
      'run_id',
      'state',
      'last_seq',
      'started_at',
      'ended_at',
      'node_count',
      'steps',
      'external_calls',
      'cost',
    ],
  );
}

function insertRequests(rows: readonly NonNullable<RunDraft['changes']['newRun']>[]): Statement | undefined {
  return columns(
    `insert into run_requests (bucket, run_id, request_hash, run_context, constraints, metadata, extensions)
     select * from unnest($1::smallint[], $2::text[], $3::text[], $4::json[], $5::json[], $6::json[], $7::json[])`,
    rows,
    ['bucket', 'run_id', 'request_hash', 'run_context', 'constraints', 'metadata', 'extensions'],
  );
}

function insertNodeRuns(rows: readonly Readonly<NodeRunEntity>[]): Statement | undefined {
  return columns(
    `insert into node_runs (bucket, node_run_id, run_id, parent_node_run_id, node_type_id, node_type_version, kind, state, depth, epoch,
                            created_at, started_at, ended_at, child_count, decomposition_rounds, attempts, unsent, approval)
     select * from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::int[],
                          $10::int[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::int[], $15::int[], $16::int[],
                          $17::int[], $18::text[])`,
    rows,
    [
      'bucket',
      'node_run_id',
      'run_id',
      'parent_node_run_id',
      'node_type_id',
      'node_type_version',
      'kind',
      'state',
      'depth',
      'epoch',
      'created_at',
      'started_at',
      'ended_at',
      'child_count',
      'decomposition_rounds',
      'attempts',
      'unsent',
      'approval',
    ],
  );
}

function updateNodeRuns(rows: readonly Readonly<NodeRunEntity>[]): Statement | undefined {
  return columns(
    `update node_runs n
        set kind = u.kind, state = u.state, epoch = u.epoch, started_at = u.started_at, ended_at = u.ended_at,
            child_count = u.child_count, decomposition_rounds = u.decomposition_rounds, attempts = u.attempts,
            unsent = u.unsent, approval = u.approval
       from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::int[], $6::timestamptz[], $7::timestamptz[], $8::int[],
                   $9::int[], $10::int[], $11::int[], $12::text[])
            as u (bucket, node_run_id, kind, state, epoch, started_at, ended_at, child_count, decomposition_rounds, attempts,
                  unsent, approval)
      where n.bucket = u.bucket and n.node_run_id = u.node_run_id`,
    rows,
    [
      'bucket',
      'node_run_id',
      'kind',
      'state',
      'epoch',
      'started_at',
      'ended_at',
      'child_count',
      'decomposition_rounds',
      'attempts',
      'unsent',
      'approval',
    ],
  );
}

function insertInputs(
  rows: readonly (RunDraft['changes']['newNodeRuns'] extends Map<string, infer Row> ? Row : never)[],
): Statement | undefined {
  return columns(
    `insert into node_run_inputs (bucket, node_run_id, inputs, spec, spec_hash, constraints)
     select * from unnest($1::smallint[], $2::text[], $3::json[], $4::json[], $5::text[], $6::json[])`,
    rows,
    ['bucket', 'node_run_id', 'inputs', 'spec', 'spec_hash', 'constraints'],
  );
}

function insertResults(rows: RunDraft['changes']['results']): Statement | undefined {
  return columns(
    `insert into node_run_results (bucket, node_run_id, result_hash, outputs, output_artifacts, error)
     select * from unnest($1::smallint[], $2::text[], $3::text[], $4::json[], $5::json[], $6::json[])`,
    rows,
    ['bucket', 'node_run_id', 'result_hash', 'outputs', 'output_artifacts', 'error'],
  );
}

function insertReports(rows: RunDraft['changes']['reports']): Statement | undefined {
  return columns(
    `insert into node_run_reports (bucket, node_run_id, seq, evaluation_result, recovery_action, idempotency_key)
     select * from unnest($1::smallint[], $2::text[], $3::int[], $4::json[], $5::json[], $6::text[])`,
    rows,
    ['bucket', 'node_run_id', 'seq', 'evaluation_result', 'recovery_action', 'idempotency_key'],
  );
}

function insertApprovals(rows: RunDraft['changes']['newApprovals']): Statement | undefined {
  return columns(
    `insert into approvals (bucket, approval_id, run_id, node_run_id, owner, state, action, node_type_id, node_type_version, requested_by,
                            requested_at, expires_at, approver_roles, reason_code, message, inputs)
     select * from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                          $10::json[], $11::timestamptz[], $12::timestamptz[], $13::json[], $14::text[], $15::text[], $16::json[])`,
    rows,
    [
      'bucket',
      'approval_id',
      'run_id',
      'node_run_id',
      'owner',
      'state',
      'action',
      'node_type_id',
      'node_type_version',
      'requested_by',
      'requested_at',
      'expires_at',
      'approver_roles',
      'reason_code',
      'message',
      'inputs',
    ],
  );
}

function updateApprovals(rows: RunDraft['changes']['settledApprovals']): Statement | undefined {
  return columns(
    `update approvals a
        set state = u.state, decided_by = u.decided_by, decided_at = u.decided_at, comment = u.comment
       from unnest($1::smallint[], $2::text[], $3::text[], $4::json[], $5::timestamptz[], $6::text[])
            as u (bucket, approval_id, state, decided_by, decided_at, comment)
      where a.bucket = u.bucket and a.approval_id = u.approval_id`,
    rows,
    ['bucket', 'approval_id', 'state', 'decided_by', 'decided_at', 'comment'],
  );
}

function approvalNoticesOf({ changes }: RunDraft): ApprovalNoticeEntity[] {
  const notice = (bucket: Bucket, approval_id: string, type: ApprovalNoticeEntity['type'], at: Date) => {
    return { bucket, approval_id, type, occurred_at: at, due_at: at, attempts: 0 };
  };
  return [
    ...changes.newApprovals.map((row) => notice(row.bucket, row.approval_id, 'requested', row.requested_at)),
    ...changes.settledApprovals.map((row) => notice(row.bucket, row.approval_id, row.state, row.decided_at)),
  ];
}

function insertApprovalNotices(rows: readonly ApprovalNoticeEntity[]): Statement | undefined {
  return columns(
    `insert into approval_notices (bucket, approval_id, type, occurred_at, due_at, attempts)
     select * from unnest($1::smallint[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::int[])`,
    rows,
    ['bucket', 'approval_id', 'type', 'occurred_at', 'due_at', 'attempts'],
  );
}

function insertEvents(rows: RunDraft['changes']['events']): Statement | undefined {
  return columns(
    `insert into run_events (bucket, run_id, seq, time, type, node_run_id, data)
     select * from unnest($1::smallint[], $2::text[], $3::int[], $4::timestamptz[], $5::text[], $6::text[], $7::json[])`,
    rows,
    ['bucket', 'run_id', 'seq', 'time', 'type', 'node_run_id', 'data'],
  );
}

function insertReady(rows: readonly ReadyEntity[]): Statement | undefined {
  return columns(
    `insert into ready (bucket, node_run_id, run_id, tenant_id, run_after)
     select * from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])`,
    rows,
    ['bucket', 'node_run_id', 'run_id', 'tenant_id', 'run_after'],
  );
}

function deleteReady(rows: readonly ReadyEntity[]): Statement | undefined {
  return columns(
    `delete from ready d using unnest($1::smallint[], $2::text[]) as k (bucket, node_run_id)
      where d.bucket = k.bucket and d.node_run_id = k.node_run_id`,
    rows,
    ['bucket', 'node_run_id'],
  );
}

function insertLeases(rows: readonly LeaseEntity[]): Statement | undefined {
  return columns(
    `insert into leases (bucket, node_run_id, run_id, owner, epoch, repeatable)
     select * from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::int[], $6::bool[])`,
    rows,
    ['bucket', 'node_run_id', 'run_id', 'owner', 'epoch', 'repeatable'],
  );
}

function deleteLeases(rows: readonly LeaseEntity[]): Statement | undefined {
  return columns(
    `delete from leases d using unnest($1::smallint[], $2::text[]) as k (bucket, node_run_id)
      where d.bucket = k.bucket and d.node_run_id = k.node_run_id`,
    rows,
    ['bucket', 'node_run_id'],
  );
}

function insertTimers(rows: readonly TimerEntity[]): Statement | undefined {
  return columns(
    `insert into timers (bucket, run_id, node_run_id, kind, due_at, attempts)
     select * from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::int[])
         on conflict (bucket, run_id, node_run_id, kind) do update set due_at = least(timers.due_at, excluded.due_at)`,
    rows,
    ['bucket', 'run_id', 'node_run_id', 'kind', 'due_at', 'attempts'],
  );
}

function deleteTimers(rows: readonly TimerEntity[]): Statement | undefined {
  return columns(
    `delete from timers d using unnest($1::smallint[], $2::text[], $3::text[], $4::text[]) as k (bucket, run_id, node_run_id, kind)
      where d.bucket = k.bucket and d.run_id = k.run_id and d.node_run_id = k.node_run_id and d.kind = k.kind`,
    rows,
    ['bucket', 'run_id', 'node_run_id', 'kind'],
  );
}

/** A statement on arrays, one per column; undefined when there are no rows. */
function columns<Row extends object>(
  text: string,
  rows: readonly Row[],
  names: readonly (keyof Row & string)[],
): Statement | undefined {
  if (rows.length === 0) return undefined;
  return { text, parameters: names.map((name) => rows.map((row) => encoded(row[name]))) };
}

/** JSON goes as text, in arrays too; a time in UTC. */
function encoded(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}

/** Sorted: whoever locks in this order never waits for one who waits for him. */
function keysOf(unsorted: readonly RowKey[]): unknown[] {
  const keys = [...unsorted].sort((left, right) => left.bucket - right.bucket || (left.id < right.id ? -1 : 1));
  return [keys.map(({ bucket }) => bucket), keys.map(({ id }) => id)];
}

function rowsOf(draft: RunDraft, ids: Iterable<string>): Readonly<NodeRunEntity>[] {
  return [...ids].flatMap((id) => draft.find(id) ?? []);
}

function added<Row>(drafts: readonly RunDraft[], select: (draft: RunDraft) => Changes<Row>): Row[] {
  return drafts.flatMap((draft) => [...select(draft).added.values()]);
}
