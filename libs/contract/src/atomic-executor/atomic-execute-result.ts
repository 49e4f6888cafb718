import { ErrorDetail } from '../common/error-detail.js';
import type { Extensions } from '../common/extensions.js';
import { ResourceRef } from '../common/resource-ref.js';
import { NODE_RUN_STATES } from '../core/node-run-state.js';
import type { NodeRunState } from '../core/node-run-state.js';
import {
  EnumField,
  ExtensionsField,
  JsonObjectField,
  ObjectArrayField,
  ObjectField,
  StringField,
} from '../fields/fields.js';

/**
 * What came of an atomic node run. A handler that fails is a result with state `failed` and an error.
 * (`atomic_executor/node_runs/atomic_execute_result.schema.json`)
 */
export class AtomicExecuteResult {
  @StringField()
  node_run_id!: string;

  @EnumField(NODE_RUN_STATES)
  state!: NodeRunState;

  @JsonObjectField({ optional: true })
  outputs?: Record<string, unknown>;

  @ObjectArrayField(() => ResourceRef, { optional: true })
  output_artifacts?: ResourceRef[];

  @StringField({ format: 'date-time', optional: true })
  started_at?: string;

  @StringField({ format: 'date-time', optional: true })
  ended_at?: string;

  @ObjectField(() => ErrorDetail, { optional: true })
  error?: ErrorDetail;

  @ExtensionsField()
  extensions?: Extensions;
}
