import { ErrorDetail } from '../common/error-detail.js';
import type { Extensions } from '../common/extensions.js';
import { ResourceRef } from '../common/resource-ref.js';
import { NODE_RUN_TERMINAL_STATES } from '../core/node-run-terminal-state.js';
import type { NodeRunTerminalState } from '../core/node-run-terminal-state.js';
import { EnumField, ExtensionsField, JsonObjectField, ObjectArrayField, ObjectField } from '../fields/fields.js';

/** Reports how a node run ended. (`run_coordinator/node_runs/node_run_complete_request.schema.json`) */
export class NodeRunCompleteRequest {
  @EnumField(NODE_RUN_TERMINAL_STATES)
  state!: NodeRunTerminalState;

  @JsonObjectField({ optional: true })
  outputs?: Record<string, unknown>;

  @ObjectArrayField(() => ResourceRef, { optional: true })
  output_artifacts?: ResourceRef[];

  @ObjectField(() => ErrorDetail, { optional: true })
  error?: ErrorDetail;

  @ExtensionsField()
  extensions?: Extensions;
}
