import type { Queryable } from '#database';
import { NodeRunsRepository } from '../../apps/coordinator/src/node-runs/node-runs.repository.js';
import type { NodeRunEntity } from '../../apps/coordinator/src/node-runs/node-run.entity.js';
import { ReadyRepository } from '../../apps/coordinator/src/ready/ready.repository.js';
import { BEGINNING, RetentionRepository } from '../../apps/coordinator/src/retention/retention.repository.js';
import { RunLogRepository } from '../../apps/coordinator/src/run-log/run-log.repository.js';
import type { RunEntity } from '../../apps/coordinator/src/run-log/run.entity.js';

/** The methods of one repository with sample arguments, in an order in which they work on an empty database. */
export interface RepositorySamples {
  readonly path: string;
  readonly repository: object;
  readonly samples: readonly (readonly [string, (db: Queryable) => Promise<unknown>])[];
}

const BUCKET = 7;
const RUN = 'run_sample';
const NODE_RUN = 'node_run_sample';
const AT = new Date('2026-01-31T12:00:00Z');

const run: RunEntity = {
  bucket: BUCKET,
  run_id: RUN,
  tenant_id: 'tenant',
  state: 'queued',
  root_node_run_id: NODE_RUN,
  last_seq: 1,
  created_at: AT,
  started_at: null,
  ended_at: null,
};
const nodeRun: NodeRunEntity = {
  bucket: BUCKET,
  node_run_id: NODE_RUN,
  run_id: RUN,
  parent_node_run_id: null,
  node_type_id: 'jarvis.core.echo',
  node_type_version: '0.1.0',
  kind: 'atomic',
  state: 'queued',
  depth: 0,
  epoch: 1,
  owner: null,
  created_at: AT,
  started_at: null,
  ended_at: null,
};

const runLog = new RunLogRepository();
const nodeRuns = new NodeRunsRepository();
const ready = new ReadyRepository();
const retention = new RetentionRepository();
/** Not the day of AT, whose event is in the default partition. */
const day = { partition: 'run_events_p20260201', from: new Date('2026-02-01'), to: new Date('2026-02-02') };
const runKey = { bucket: BUCKET, runId: RUN };
const due = { createdBefore: new Date('2026-01-01'), endedBefore: new Date('2026-01-02') };

export const REPOSITORIES: readonly RepositorySamples[] = [
  {
    path: 'apps/coordinator/src/run-log/run-log.repository.sql',
    repository: runLog,
    samples: [
      ['insertRun', (db) => runLog.insertRun(db, run)],
      [
        'insertRequest',
        (db) =>
          runLog.insertRequest(db, {
            bucket: BUCKET,
            run_id: RUN,
            request_hash: 'h',
            run_context: {},
            constraints: null,
            metadata: null,
            extensions: null,
          }),
      ],
      [
        'insertEvents',
        (db) =>
          runLog.insertEvents(db, BUCKET, RUN, [
            { bucket: BUCKET, run_id: RUN, seq: 1, time: AT, type: 'run_started', node_run_id: null, data: {} },
          ]),
      ],
      ['lockRun', (db) => runLog.lockRun(db, BUCKET, RUN)],
      ['findRun', (db) => runLog.findRun(db, BUCKET, RUN)],
      ['findEvents', (db) => runLog.findEvents(db, BUCKET, RUN, { cursor: 0, since: AT, limit: 500 })],
      ['setLastSeq', (db) => runLog.setLastSeq(db, BUCKET, RUN, 2)],
      ['moveRun', (db) => runLog.moveRun(db, { ...run, last_seq: 3, started_at: AT }, 'running')],
    ],
  },
  {
    path: 'apps/coordinator/src/node-runs/node-runs.repository.sql',
    repository: nodeRuns,
    samples: [
      [
        'insert',
        (db) => nodeRuns.insert(db, BUCKET, [{ row: nodeRun, documents: { inputs: {}, spec: {}, spec_hash: 'h' } }]),
      ],
      ['find', (db) => nodeRuns.find(db, BUCKET, NODE_RUN)],
      ['findMany', (db) => nodeRuns.findMany(db, BUCKET, [NODE_RUN])],
      ['findOpen', (db) => nodeRuns.findOpen(db, BUCKET, RUN)],
      ['findOpen below a node run', (db) => nodeRuns.findOpen(db, BUCKET, RUN, NODE_RUN)],
      ['isWithin', (db) => nodeRuns.isWithin(db, BUCKET, NODE_RUN, NODE_RUN)],
      ['assign', (db) => nodeRuns.assign(db, BUCKET, NODE_RUN, 'coordinator_1')],
      ['begin', (db) => nodeRuns.begin(db, { ...nodeRun, epoch: 2 }, 'atomic', AT)],
      ['release', (db) => nodeRuns.release(db, { ...nodeRun, epoch: 2 })],
      ['end', (db) => nodeRuns.end(db, BUCKET, [NODE_RUN], { state: 'succeeded', at: AT, epoch: 2 })],
      [
        'insertResult',
        (db) =>
          nodeRuns.insertResult(db, {
            bucket: BUCKET,
            node_run_id: NODE_RUN,
            result_hash: 'h',
            outputs: {},
            output_artifacts: null,
            error: null,
          }),
      ],
      [
        'insertReport',
        (db) =>
          nodeRuns.insertReport(db, {
            bucket: BUCKET,
            node_run_id: NODE_RUN,
            seq: 4,
            evaluation_result: { status: 'success' },
            recovery_action: null,
          }),
      ],
      ['findReports', (db) => nodeRuns.findReports(db, BUCKET, NODE_RUN)],
    ],
  },
  {
    path: 'apps/coordinator/src/ready/ready.repository.sql',
    repository: ready,
    samples: [
      ['insert', (db) => ready.insert(db, BUCKET, [NODE_RUN], AT)],
      ['findDue', (db) => ready.findDue(db, AT, 64)],
      ['take', (db) => ready.take(db, { bucket: BUCKET, nodeRunId: NODE_RUN })],
      ['remove', (db) => ready.remove(db, BUCKET, [NODE_RUN])],
    ],
  },
  {
    path: 'apps/coordinator/src/retention/retention.repository.sql',
    repository: retention,
    samples: [
      ['tryLock', (db) => retention.tryLock(db, 'retention')],
      ['setTimeouts', (db) => retention.setTimeouts(db, 1_000, 8_000)],
      ['findByKey', (db) => retention.findByKey(db)],
      ['findPartitions', (db) => retention.findPartitions(db)],
      ['hasDefaultEvents', (db) => retention.hasDefaultEvents(db, day)],
      ['createPartition', (db) => retention.createPartition(db, day)],
      ['hasRunCreatedBefore', (db) => retention.hasRunCreatedBefore(db, due.createdBefore)],
      ['dropPartition', (db) => retention.dropPartition(db, day.partition)],
      ['findFirstStaying', (db) => retention.findFirstStaying(db, due, BEGINNING, 10_000)],
      ['findDue', (db) => retention.findDue(db, due, BEGINNING, 200)],
      ['lockDue', (db) => retention.lockDue(db, due, [runKey])],
      ['deleteEvents', (db) => retention.deleteEvents(db, [runKey], day)],
      ['deleteDocuments', (db) => retention.deleteDocuments(db, [runKey])],
      ['deleteRuns', (db) => retention.deleteRuns(db, [runKey])],
    ],
  },
];
