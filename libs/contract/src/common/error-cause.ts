import { ExtensionsField, JsonObjectField, StringField } from '../fields/fields.js';
import type { Extensions } from './extensions.js';

/** What led to an error, one step deeper. (`common/error_cause.schema.json`) */
export class ErrorCause {
  @StringField({ optional: true })
  code?: string;

  @StringField()
  message!: string;

  @JsonObjectField({ optional: true })
  details?: Record<string, unknown>;

  @ExtensionsField()
  extensions?: Extensions;
}
