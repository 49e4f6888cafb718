import { ExtensionsField, StringField } from '../fields/fields.js';
import type { Extensions } from './extensions.js';

/** Points at something by type and id, and where it can be had. (`common/resource_ref.schema.json`) */
export class ResourceRef {
  @StringField()
  type!: string;

  @StringField()
  id!: string;

  @StringField({ format: 'uri', optional: true })
  uri?: string;

  @ExtensionsField()
  extensions?: Extensions;
}
