import { Pagination } from '../common/pagination.js';
import { Run } from '../core/run.js';
import { ObjectArrayField, ObjectField } from '../fields/fields.js';

/** One page of runs, newest first. Beyond the standard, which lists no runs; `pagination` has its shape. */
export class RunList {
  @ObjectArrayField(() => Run)
  runs!: Run[];

  /** `next_page_token` is absent on the last page. */
  @ObjectField(() => Pagination)
  pagination!: Pagination;
}
