import type { Queryable, Statement } from '#database';
import { ApprovalNoticesRepository } from '../../apps/coordinator/src/approvals/approval-notices.repository.js';
import { ApprovalsRepository } from '../../apps/coordinator/src/approvals/approvals.repository.js';
import { SecretsRepository } from '../../apps/coordinator/src/assignments/secrets.repository.js';
import { DueWorkRepository } from '../../apps/coordinator/src/due-work/due-work.repository.js';
import { EventStreamsRepository } from '../../apps/coordinator/src/event-streams/event-streams.repository.js';
import { ListingsRepository } from '../../apps/coordinator/src/listings/listings.repository.js';
import { MembershipRepository } from '../../apps/coordinator/src/membership/membership.repository.js';
import { BEGINNING, RetentionRepository } from '../../apps/coordinator/src/retention/retention.repository.js';
import { RunReadsRepository } from '../../apps/coordinator/src/run-store/run-reads.repository.js';
import { RunWritesRepository } from '../../apps/coordinator/src/run-store/run-writes.repository.js';
import { TimersRepository } from '../../apps/coordinator/src/timers/timers.repository.js';
import type { RunDraft } from '../../apps/coordinator/src/lifecycle/run-draft.js';
import { approvedDraft, begunDraft, BUCKET, finishedDraft, parkedDraft, RUN, startedDraft } from './sample-drafts.js';

/** The methods of one repository with sample arguments, in an order in which they work on an empty database. */
export interface RepositorySamples {
  readonly path: string;
  readonly repository: object;
  readonly samples: readonly (readonly [string, (db: Queryable) => Promise<unknown>])[];
}

const NODE_RUN = 'node_run_sample';
const OWNER = 'coordinator_sample';
const AT = new Date('2026-01-31T12:00:00Z');
const RUN_KEYS = [{ bucket: BUCKET, id: RUN }];
const NODE_RUN_KEYS = [{ bucket: BUCKET, id: NODE_RUN }];
const TIMER = { bucket: BUCKET, run_id: RUN, node_run_id: NODE_RUN, kind: 'cancel_notice' } as const;

const writes = new RunWritesRepository();
const reads = new RunReadsRepository();
const dueWork = new DueWorkRepository();
const membership = new MembershipRepository();
const timers = new TimersRepository();
const secrets = new SecretsRepository();
const listings = new ListingsRepository();
const runsPage = {
  states: ['queued'],
  createdAfter: '-infinity',
  olderThan: { createdAt: '2026-01-31T12:00:00.000000Z', id: RUN },
  limit: 51,
} as const;
const approvals = new ApprovalsRepository();
const approvalNotices = new ApprovalNoticesRepository();
const approvalsPage = {
  states: ['pending'],
  owner: null,
  runId: null,
  olderThan: { createdAt: 'infinity', id: '' },
  limit: 51,
} as const;
const eventStreams = new EventStreamsRepository();

const retention = new RetentionRepository();
/** Not the day of AT, whose event is in the default partition. */
const day = { partition: 'run_events_p20260201', from: new Date('2026-02-01'), to: new Date('2026-02-02') };
const runKey = { bucket: BUCKET, runId: RUN };
const due = { createdBefore: new Date('2026-01-01'), endedBefore: new Date('2026-01-02') };

const run = (db: Queryable, { text, parameters }: Statement) => db.query(text, parameters);

/** The reads and the writes of the group commit, by name. */
export function hotStatements(): [string, Statement][] {
  const started = startedDraft();
  const begun = begunDraft(started);
  return [
    ['lockRuns', writes.lockRuns(RUN_KEYS)],
    ['findRequests', writes.findRequests(RUN_KEYS)],
    ['findNodeRuns', writes.findNodeRuns(NODE_RUN_KEYS)],
    ['findOpenNodeRuns', writes.findOpenNodeRuns(RUN_KEYS)],
    ['findDocuments', writes.findDocuments(NODE_RUN_KEYS)],
    ['findDocumentsOfOpen', writes.findDocumentsOfOpen(RUN_KEYS)],
    ['findReportKeys', writes.findReportKeys(NODE_RUN_KEYS)],
    ...[started, begun, finishedDraft(begun)].flatMap((draft) =>
      writes.write([draft]).map((statement): [string, Statement] => ['write', statement]),
    ),
    ...approvalStatements(started),
  ];
}

/** What approvals write beside what any command does. */
function approvalStatements(started: RunDraft): [string, Statement][] {
  const parked = parkedDraft(started);
  return [parked, approvedDraft(parked)].flatMap((draft) =>
    writes
      .write([draft], true)
      .filter(({ text }) => /^(insert into|update) approval/.test(text))
      .map((statement): [string, Statement] => ['write', statement]),
  );
}

export const REPOSITORIES: readonly RepositorySamples[] = [
  {
    path: 'apps/coordinator/src/run-store/run-writes.repository.sql',
    repository: writes,
    samples: hotStatements().map(([name, statement]) => [name, (db: Queryable) => run(db, statement)] as const),
  },
  {
    path: 'apps/coordinator/src/run-store/run-reads.repository.sql',
    repository: reads,
    samples: [
      ['findRun', (db) => reads.findRun(db, BUCKET, RUN)],
      ['findNodeRuns', (db) => reads.findNodeRuns(db, BUCKET, [NODE_RUN])],
      ['findReports', (db) => reads.findReports(db, BUCKET, [NODE_RUN])],
    ],
  },
  {
    path: 'apps/coordinator/src/due-work/due-work.repository.sql',
    repository: dueWork,
    samples: [
      ['findDue', (db) => dueWork.findDue(db, AT, { ready: 64, timers: 100 })],
      ['findTickets', (db) => dueWork.findTickets(db, [{ bucket: BUCKET, node_run_id: NODE_RUN }], AT)],
    ],
  },
  {
    path: 'apps/coordinator/src/membership/membership.repository.sql',
    repository: membership,
    samples: [
      ['join', (db) => membership.join(db, OWNER)],
      ['beat', (db) => membership.beat(db, OWNER)],
      ['findLeases', (db) => membership.findLeases(db, OWNER, 500)],
      ['findLease', (db) => membership.findLease(db, { bucket: BUCKET, node_run_id: NODE_RUN }, OWNER)],
      ['findLostOwners', (db) => membership.findLostOwners(db)],
      ['bury', (db) => membership.bury(db, { coordinator_id: 'coordinator_other', beat: AT.toISOString() })],
      ['leave', (db) => membership.leave(db, OWNER)],
      ['leave with work left', (db) => membership.leave(db, OWNER)],
    ],
  },
  {
    path: 'apps/coordinator/src/timers/timers.repository.sql',
    repository: timers,
    samples: [
      ['postpone', (db) => timers.postpone(db, TIMER, AT)],
      ['delete', (db) => timers.delete(db, TIMER)],
    ],
  },
  {
    path: 'apps/coordinator/src/event-streams/event-streams.repository.sql',
    repository: eventStreams,
    samples: [
      ['findHead', (db) => eventStreams.findHead(db, BUCKET, RUN)],
      ['findHeadOfNodeRun', (db) => eventStreams.findHeadOfNodeRun(db, BUCKET, NODE_RUN)],
      ['findMovedHeads', (db) => eventStreams.findMovedHeads(db, [{ bucket: BUCKET, run_id: RUN, last_seq: 1 }])],
      [
        'findEvents',
        (db) =>
          eventStreams.findEvents(db, [{ bucket: BUCKET, run_id: RUN, cursor: 0, since: AT, limit: 200 }], 262_144),
      ],
      ['findWithin', (db) => eventStreams.findWithin(db, BUCKET, [NODE_RUN], NODE_RUN)],
    ],
  },
  {
    path: 'apps/coordinator/src/assignments/secrets.repository.sql',
    repository: secrets,
    samples: [
      ['insertSecret', (db) => secrets.insertSecret(db, { name: 'sample', value: 'secret', created_at: AT })],
      ['findSecret', (db) => secrets.findSecret(db, 'sample')],
    ],
  },
  {
    path: 'apps/coordinator/src/listings/listings.repository.sql',
    repository: listings,
    samples: [
      ['findRuns', (db) => listings.findRuns(db, runsPage)],
      ['findRuns of a node type', (db) => listings.findRuns(db, { ...runsPage, nodeTypeId: 'jarvis.core.echo' })],
      ['findRuns of an owner', (db) => listings.findRuns(db, { ...runsPage, owner: 'tenant:t' })],
      ['findOwner', (db) => listings.findOwner(db, BUCKET, RUN)],
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
  {
    path: 'apps/coordinator/src/approvals/approvals.repository.sql',
    repository: approvals,
    samples: [
      ['find', (db) => approvals.find(db, BUCKET, 'approval_sample')],
      ['findPage', (db) => approvals.findPage(db, approvalsPage)],
    ],
  },
  {
    path: 'apps/coordinator/src/approvals/approval-notices.repository.sql',
    repository: approvalNotices,
    samples: [
      ['claim', (db) => approvalNotices.claim(db, AT, { limit: 20, leaseMs: 10_000 })],
      [
        'delete',
        (db) => approvalNotices.delete(db, { bucket: BUCKET, approval_id: 'approval_sample', type: 'requested' }),
      ],
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
