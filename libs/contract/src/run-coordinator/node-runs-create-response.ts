import type { Extensions } from '../common/extensions.js';
import { NodeRun } from '../core/node-run.js';
import { ExtensionsField, ObjectArrayField } from '../fields/fields.js';

/**
 * The children, in the order in which they were asked for.
 * (`run_coordinator/node_runs/node_runs_create_response.schema.json`)
 */
export class NodeRunsCreateResponse {
  @ObjectArrayField(() => NodeRun)
  node_runs!: NodeRun[];

  @ExtensionsField()
  extensions?: Extensions;
}
