import type { Extensions } from '../common/extensions.js';
import { ExtensionsField, IntegerField, ObjectArrayField, ObjectField, StringField } from '../fields/fields.js';
import { Candidate } from './candidate.js';
import { ConstraintEnvelope } from './constraint-envelope.js';

/** The bounded choice for one subtask. (`core/candidate_set.schema.json`) */
export class CandidateSet {
  @StringField()
  candidate_set_id!: string;

  @StringField()
  subtask_id!: string;

  @ObjectArrayField(() => Candidate)
  candidates!: Candidate[];

  @IntegerField({ minimum: 1, optional: true })
  top_k?: number;

  @StringField({ format: 'date-time', optional: true })
  generated_at?: string;

  @ObjectField(() => ConstraintEnvelope, { optional: true })
  constraints?: ConstraintEnvelope;

  @ExtensionsField()
  extensions?: Extensions;
}
