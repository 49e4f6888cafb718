import type { EndpointLocator } from '../common/endpoint-locator.js';
import type { Extensions } from '../common/extensions.js';
import { ExtensionsField, StringField } from '../fields/fields.js';

/** Which executor instance has a node run, and where it is. (`core/executor_binding.schema.json`) */
export class ExecutorBinding {
  @StringField()
  executor_instance_id!: string;

  @StringField({ format: 'uri' })
  endpoint!: EndpointLocator;

  @StringField({ optional: true })
  audience?: string;

  @ExtensionsField()
  extensions?: Extensions;
}
