import { SecretEntity } from './assignments/secret.entity.js';
import {
  NodeRunInputsEntity,
  NodeRunReportEntity,
  NodeRunResultEntity,
} from './node-runs/node-run-documents.entity.js';
import { NodeRunEntity } from './node-runs/node-run.entity.js';
import { ReadyEntity } from './ready/ready.entity.js';
import { RunEventEntity } from './run-log/run-event.entity.js';
import { RunEntity, RunRequestEntity } from './run-log/run.entity.js';

/** Every table of the coordinator. */
export const COORDINATOR_ENTITIES = [
  RunEntity,
  RunRequestEntity,
  RunEventEntity,
  NodeRunEntity,
  NodeRunInputsEntity,
  NodeRunResultEntity,
  NodeRunReportEntity,
  ReadyEntity,
  SecretEntity,
];
