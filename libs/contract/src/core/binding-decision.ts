import type { Extensions } from '../common/extensions.js';
import { ExtensionsField, ObjectField, StringField } from '../fields/fields.js';
import { NodeTypeRef } from './node-type-ref.js';

/** Which candidate was chosen for a subtask, and why. (`core/binding_decision.schema.json`) */
export class BindingDecision {
  @StringField()
  subtask_id!: string;

  @StringField({ optional: true })
  candidate_set_id?: string;

  @ObjectField(() => NodeTypeRef)
  chosen_node_type_ref!: NodeTypeRef;

  @StringField({ optional: true })
  rationale?: string;

  @ExtensionsField()
  extensions?: Extensions;
}
