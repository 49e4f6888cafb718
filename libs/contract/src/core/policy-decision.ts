import type { Extensions } from '../common/extensions.js';
import { Metadata } from '../common/metadata.js';
import { EnumField, ExtensionsField, ObjectField, StringField } from '../fields/fields.js';
import { ApprovalRef } from './approval-ref.js';
import { POLICY_DECISION_OUTCOMES } from './policy-decision-outcome.js';
import type { PolicyDecisionOutcome } from './policy-decision-outcome.js';

/** What policy says of an act. (`core/policy_decision.schema.json`) */
export class PolicyDecision {
  @EnumField(POLICY_DECISION_OUTCOMES)
  decision!: PolicyDecisionOutcome;

  @StringField({ optional: true })
  reason_code?: string;

  @StringField({ optional: true })
  message?: string;

  @ObjectField(() => ApprovalRef, { optional: true })
  approval_ref?: ApprovalRef;

  @ObjectField(() => Metadata, { optional: true })
  metadata?: Metadata;

  @ExtensionsField()
  extensions?: Extensions;
}
