import type { Queryable } from '#database';
import { ListingsRepository } from '../../apps/coordinator/src/listings/listings.repository.js';
import { NodeRunsRepository } from '../../apps/coordinator/src/node-runs/node-runs.repository.js';
import type { NodeRunEntity } from '../../apps/coordinator/src/node-runs/node-run.entity.js';
import { ReadyRepository } from '../../apps/coordinator/src/ready/ready.repository.js';
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
const listings = new ListingsRepository();
const runsPage = {
  states: ['queued'],
  createdAfter: '-infinity',
  olderThan: { createdAt: '2026-01-31T12:00:00.000000Z', id: RUN },
  limit: 51,
} as const;

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
    path: 'apps/coordinator/src/listings/listings.repository.sql',
    repository: listings,
    samples: [
      ['findRuns', (db) => listings.findRuns(db, runsPage)],
      ['findRuns of a node type', (db) => listings.findRuns(db, { ...runsPage, nodeTypeId: 'jarvis.core.echo' })],
      ['hasRun', (db) => listings.hasRun(db, BUCKET, RUN)],
      [
        'findNodeRuns',
        (db) =>
          listings.findNodeRuns(db, BUCKET, RUN, {
            states: ['queued', 'running'],
            nodeTypeId: null,
            parentNodeRunId: null,
            kind: 'atomic',
            after: { createdAt: '-infinity', id: '' },
            limit: 51,
          }),
      ],
      ['findReports', (db) => listings.findReports(db, BUCKET, [NODE_RUN])],
    ],
  },
];
