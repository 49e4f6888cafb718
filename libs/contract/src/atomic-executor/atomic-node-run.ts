import { NodeTypeRef } from '../core/node-type-ref.js';
import { EnumField, NumberField, ObjectField, StringField } from '../fields/fields.js';

export const ATOMIC_NODE_RUN_STATES = ['queued', 'running'] as const;

/** How far a node run has come, as its handler says. */
export class AtomicNodeRunProgress {
  @NumberField({ minimum: 0, maximum: 1, optional: true })
  fraction?: number;

  @StringField({ optional: true })
  message?: string;

  @StringField({ format: 'date-time' })
  time!: string;
}

/** A node run that an atomic executor has at work right now. (beyond the standard) */
export class AtomicNodeRun {
  @StringField()
  node_run_id!: string;

  @StringField()
  run_id!: string;

  @ObjectField(() => NodeTypeRef)
  node_type_ref!: NodeTypeRef;

  @EnumField(ATOMIC_NODE_RUN_STATES, { description: 'queued: it waits for a place among those that may run at once.' })
  state!: (typeof ATOMIC_NODE_RUN_STATES)[number];

  @StringField({ format: 'date-time' })
  received_at!: string;

  @ObjectField(() => AtomicNodeRunProgress, { optional: true })
  progress?: AtomicNodeRunProgress;
}
