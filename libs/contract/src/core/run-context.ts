import type { Extensions } from '../common/extensions.js';
import { ResourceRef } from '../common/resource-ref.js';
import { ExtensionsField, JsonObjectField, ObjectField, StringField } from '../fields/fields.js';

/** Where a run belongs in a distributed trace. */
export class RunTrace {
  @StringField({ optional: true })
  trace_id?: string;

  @StringField({ optional: true })
  span_id?: string;

  @StringField({ optional: true })
  request_id?: string;
}

/** On whose behalf, under which policy and trace, a run happens. (`core/run_context.schema.json`) */
export class RunContext {
  @StringField({ optional: true })
  tenant_id?: string;

  @ObjectField(() => ResourceRef, { optional: true })
  actor?: ResourceRef;

  @JsonObjectField({ optional: true })
  identity?: Record<string, unknown>;

  @ObjectField(() => RunTrace, { optional: true })
  trace?: RunTrace;

  @JsonObjectField({ optional: true })
  policy?: Record<string, unknown>;

  @JsonObjectField({ optional: true })
  budgets?: Record<string, unknown>;

  @ExtensionsField()
  extensions?: Extensions;
}
