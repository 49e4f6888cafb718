import type { Extensions } from '../common/extensions.js';
import { ResourceRef } from '../common/resource-ref.js';
import {
  EnumField,
  ExtensionsField,
  JsonObjectField,
  ObjectArrayField,
  ObjectField,
  StringField,
} from '../fields/fields.js';
import { EvaluationResult } from './evaluation-result.js';
import { ExecutorBinding } from './executor-binding.js';
import { NODE_KINDS } from './node-kind.js';
import type { NodeKind } from './node-kind.js';
import { NODE_RUN_STATES } from './node-run-state.js';
import type { NodeRunState } from './node-run-state.js';
import { NodeTypeRef } from './node-type-ref.js';
import { RecoveryAction } from './recovery-action.js';

/** One execution of a node type within a run. (`core/node_run.schema.json`) */
export class NodeRun {
  @StringField()
  node_run_id!: string;

  @StringField()
  run_id!: string;

  @ObjectField(() => NodeTypeRef)
  node_type_ref!: NodeTypeRef;

  @EnumField(NODE_KINDS, { optional: true })
  kind?: NodeKind;

  @StringField({ optional: true })
  parent_node_run_id?: string;

  @EnumField(NODE_RUN_STATES)
  state!: NodeRunState;

  @StringField({ format: 'date-time', optional: true })
  created_at?: string;

  @StringField({ format: 'date-time', optional: true })
  started_at?: string;

  @StringField({ format: 'date-time', optional: true })
  ended_at?: string;

  @JsonObjectField({ optional: true })
  inputs?: Record<string, unknown>;

  @JsonObjectField({ optional: true })
  outputs?: Record<string, unknown>;

  @ObjectArrayField(() => ResourceRef, { optional: true })
  output_artifacts?: ResourceRef[];

  @ObjectField(() => ExecutorBinding, { optional: true })
  executor_binding?: ExecutorBinding;

  @ObjectField(() => EvaluationResult, { optional: true })
  evaluation_result?: EvaluationResult;

  @ObjectArrayField(() => RecoveryAction, { optional: true })
  recovery_actions?: RecoveryAction[];

  @ExtensionsField()
  extensions?: Extensions;
}
