import type { Extensions } from '../common/extensions.js';
import { ExtensionsField, StringField } from '../fields/fields.js';

/** Points at an approval that somebody has to give. (`core/approval_ref.schema.json`) */
export class ApprovalRef {
  @StringField()
  approval_id!: string;

  @StringField({ format: 'uri', optional: true })
  uri?: string;

  @ExtensionsField()
  extensions?: Extensions;
}
