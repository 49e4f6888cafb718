import { BooleanField, ExtensionsField, JsonObjectField, ObjectField, StringField } from '../fields/fields.js';
import { ErrorCause } from './error-cause.js';
import type { Extensions } from './extensions.js';

/** What went wrong: a stable code for programs, a message for people. (`common/error_detail.schema.json`) */
export class ErrorDetail {
  @StringField()
  code!: string;

  @StringField()
  message!: string;

  @JsonObjectField({ optional: true })
  details?: Record<string, unknown>;

  @BooleanField({ optional: true, description: 'Whether the same request may succeed later without a change.' })
  retryable?: boolean;

  @ObjectField(() => ErrorCause, { optional: true })
  cause?: ErrorCause;

  @ExtensionsField()
  extensions?: Extensions;
}
