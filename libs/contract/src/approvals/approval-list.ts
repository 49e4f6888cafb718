import { Pagination } from '../common/pagination.js';
import { ObjectArrayField, ObjectField } from '../fields/fields.js';
import { Approval } from './approval.js';

/** One page of approvals, newest first. Beyond the standard; `pagination` has its shape. */
export class ApprovalList {
  @ObjectArrayField(() => Approval)
  approvals!: Approval[];

  /** `next_page_token` is absent on the last page. */
  @ObjectField(() => Pagination)
  pagination!: Pagination;
}
