import type { Extensions } from '../common/extensions.js';
import { EnumField, ExtensionsField, JsonObjectField, NumberField, StringField } from '../fields/fields.js';
import { EVALUATION_STATUSES } from './evaluation-status.js';
import type { EvaluationStatus } from './evaluation-status.js';

/** A judgement of what a node run produced. (`core/evaluation_result.schema.json`) */
export class EvaluationResult {
  @EnumField(EVALUATION_STATUSES)
  status!: EvaluationStatus;

  @StringField({ optional: true })
  reason_code?: string;

  @StringField({ optional: true })
  message?: string;

  @JsonObjectField({ optional: true })
  details?: Record<string, unknown>;

  @NumberField({ minimum: 0, maximum: 1, optional: true, description: 'From 0 to 1.' })
  confidence?: number;

  @ExtensionsField()
  extensions?: Extensions;
}
