import type { Extensions } from '../common/extensions.js';
import { BooleanField, ExtensionsField, StringField } from '../fields/fields.js';

/**
 * Whether a Composite Executor took a node run. (`composite_executor/node_runs/composite_begin_response.schema.json`)
 */
export class CompositeBeginResponse {
  @BooleanField()
  accepted!: boolean;

  @StringField({ optional: true })
  message?: string;

  @ExtensionsField()
  extensions?: Extensions;
}
