import { EnumField, ExtensionsField, JsonObjectField, ObjectArrayField, StringField } from '../fields/fields.js';
import type { Extensions } from './extensions.js';
import { STATUSES } from './status.js';
import type { Status } from './status.js';

/** One dependency of a service. */
export class HealthCheck {
  @StringField()
  name!: string;

  @EnumField(STATUSES)
  status!: Status;

  @StringField({ optional: true })
  message?: string;

  @JsonObjectField({ optional: true })
  details?: Record<string, unknown>;
}

/** Whether a service works, and which of its dependencies do not. (`common/health.schema.json`) */
export class Health {
  @EnumField(STATUSES)
  status!: Status;

  @StringField({ format: 'date-time' })
  time!: string;

  @ObjectArrayField(() => HealthCheck, { optional: true })
  checks?: HealthCheck[];

  @ExtensionsField()
  extensions?: Extensions;
}
