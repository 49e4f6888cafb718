import { StringField } from '../fields/fields.js';

/** What comes with an approval or a denial. */
export class ApprovalDecisionRequest {
  /** Why: everybody who reads the events of the run sees it. At most 2,000 characters. */
  @StringField({ optional: true })
  comment?: string;
}
