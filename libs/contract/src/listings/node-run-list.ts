import { Pagination } from '../common/pagination.js';
import { NodeRun } from '../core/node-run.js';
import { ObjectArrayField, ObjectField } from '../fields/fields.js';

/** One page of the node runs of a run, oldest first. Beyond the standard; `pagination` has its shape. */
export class NodeRunList {
  @ObjectArrayField(() => NodeRun)
  node_runs!: NodeRun[];

  /** `next_page_token` is absent on the last page. */
  @ObjectField(() => Pagination)
  pagination!: Pagination;
}
