import type { Extensions } from '../common/extensions.js';
import { EnumField, ExtensionsField, ObjectField, StringField } from '../fields/fields.js';
import { NodeTypeRef } from './node-type-ref.js';
import { RECOVERY_ACTION_TYPES } from './recovery-action-type.js';
import type { RecoveryActionType } from './recovery-action-type.js';

/** What is to be done after an evaluation. (`core/recovery_action.schema.json`) */
export class RecoveryAction {
  @EnumField(RECOVERY_ACTION_TYPES)
  type!: RecoveryActionType;

  @StringField({ optional: true })
  target_node_run_id?: string;

  @ObjectField(() => NodeTypeRef, { optional: true })
  target_node_type_ref?: NodeTypeRef;

  @StringField({ optional: true })
  message?: string;

  @ExtensionsField()
  extensions?: Extensions;
}
