import type { Extensions } from '../common/extensions.js';
import { EnumField, ExtensionsField, ObjectField, StringField } from '../fields/fields.js';
import { RunContext } from './run-context.js';
import { RUN_STATES } from './run-state.js';
import type { RunState } from './run-state.js';

/** One execution from its root node run to its end. (`core/run.schema.json`) */
export class Run {
  @StringField()
  run_id!: string;

  @EnumField(RUN_STATES)
  state!: RunState;

  @StringField()
  root_node_run_id!: string;

  @ObjectField(() => RunContext, { optional: true })
  run_context?: RunContext;

  @StringField({ format: 'date-time', optional: true })
  started_at?: string;

  @StringField({ format: 'date-time', optional: true })
  ended_at?: string;

  @ExtensionsField()
  extensions?: Extensions;
}
