import type { EndpointLocator } from '../common/endpoint-locator.js';
import type { Extensions } from '../common/extensions.js';
import { Metadata } from '../common/metadata.js';
import { STATUSES } from '../common/status.js';
import type { Status } from '../common/status.js';
import { EnumField, ExtensionsField, JsonObjectField, ObjectField, StringField } from '../fields/fields.js';

/** One running executor. (`core/executor_instance.schema.json`) */
export class ExecutorInstance {
  @StringField()
  executor_instance_id!: string;

  @StringField()
  executor_type_id!: string;

  @StringField({ format: 'uri' })
  endpoint!: EndpointLocator;

  @StringField({ optional: true })
  environment?: string;

  @StringField({ optional: true })
  region?: string;

  @EnumField(STATUSES, { optional: true })
  status?: Status;

  @JsonObjectField({ optional: true })
  auth?: Record<string, unknown>;

  @ObjectField(() => Metadata, { optional: true })
  metadata?: Metadata;

  @ExtensionsField()
  extensions?: Extensions;
}
