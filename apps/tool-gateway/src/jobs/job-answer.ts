import { EnumField, JsonObjectField, StringField } from '#contract';

export const JOB_STATUSES = ['queued', 'running', 'done', 'failed'] as const;

/** An asynchronous call. */
export class JobAnswer {
  @StringField()
  job_id!: string;

  @EnumField(JOB_STATUSES, { description: 'queued: also while it waits for an approval.' })
  status!: (typeof JOB_STATUSES)[number];

  @JsonObjectField({ optional: true, description: 'The outputs of the action, after the filters of the policies.' })
  result?: Record<string, unknown>;

  @StringField({ optional: true, description: 'What went wrong, for a person.' })
  error?: string;

  @StringField({ optional: true, description: 'Of the error: the codes of synchronous calls.' })
  code?: string;

  @StringField({ format: 'date-time' })
  created_at!: string;

  @StringField({ format: 'date-time', optional: true })
  finished_at?: string;
}
