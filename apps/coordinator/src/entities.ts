import { SecretEntity } from './assignments/secret.entity.js';
import { ApprovalNoticeEntity } from './tables/approval-notice.entity.js';
import { ApprovalEntity } from './tables/approval.entity.js';
import { CoordinatorEntity } from './tables/coordinator.entity.js';
import { LeaseEntity } from './tables/lease.entity.js';
import { NodeRunInputsEntity, NodeRunReportEntity, NodeRunResultEntity } from './tables/node-run-documents.entity.js';
import { NodeRunEntity } from './tables/node-run.entity.js';
import { ReadyEntity } from './tables/ready.entity.js';
import { RunEventEntity } from './tables/run-event.entity.js';
import { RunEntity, RunRequestEntity } from './tables/run.entity.js';
import { TimerEntity } from './tables/timer.entity.js';

/** Every table of the coordinator. */
export const COORDINATOR_ENTITIES = [
  RunEntity,
  RunRequestEntity,
  RunEventEntity,
  NodeRunEntity,
  NodeRunInputsEntity,
  NodeRunResultEntity,
  NodeRunReportEntity,
  ApprovalEntity,
  ApprovalNoticeEntity,
  ReadyEntity,
  LeaseEntity,
  TimerEntity,
  CoordinatorEntity,
  SecretEntity,
];
