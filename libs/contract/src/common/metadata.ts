import { ExtensionsField, StringMapField } from '../fields/fields.js';
import type { Extensions } from './extensions.js';

/** Labels and annotations for people and tools; the services do not act on them. (`common/metadata.schema.json`) */
export class Metadata {
  @StringMapField({ optional: true })
  labels?: Record<string, string>;

  @StringMapField({ optional: true })
  annotations?: Record<string, string>;

  @ExtensionsField()
  extensions?: Extensions;
}
