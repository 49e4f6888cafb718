import { ExtensionsField, ObjectField } from '../fields/fields.js';
import { ErrorDetail } from './error-detail.js';
import type { Extensions } from './extensions.js';

/** The body of every response that is not a success. (`common/error.schema.json`) */
export class ErrorEnvelope {
  @ObjectField(() => ErrorDetail)
  error!: ErrorDetail;

  @ExtensionsField()
  extensions?: Extensions;
}
