import type { Extensions } from '../common/extensions.js';
import { EnumField, ExtensionsField, IntegerField, JsonObjectField, StringField } from '../fields/fields.js';
import { RUN_EVENT_TYPES } from './run-event-type.js';
import type { RunEventType } from './run-event-type.js';

/** One entry of the log of a run; `seq` orders them. (`core/run_event.schema.json`) */
export class RunEvent {
  @StringField()
  run_id!: string;

  @StringField({ optional: true })
  node_run_id?: string;

  @IntegerField({ minimum: 0, description: 'Position in the log of the run.' })
  seq!: number;

  @EnumField(RUN_EVENT_TYPES)
  type!: RunEventType;

  @StringField({ format: 'date-time' })
  time!: string;

  @JsonObjectField({ optional: true })
  data?: Record<string, unknown>;

  @ExtensionsField()
  extensions?: Extensions;
}
