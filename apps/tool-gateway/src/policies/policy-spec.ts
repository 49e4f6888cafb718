import {
  BooleanField,
  EnumArrayField,
  EnumField,
  IntegerArrayField,
  IntegerField,
  ObjectArrayField,
  ObjectField,
  StringArrayField,
  StringField,
} from '#contract';

/** Kinds of personal data that are masked in answers. */
export const PII_KINDS = ['email', 'phone', 'credit_card', 'ssn', 'ip_address'] as const;

export type PiiKind = (typeof PII_KINDS)[number];

export const RESET_STRATEGIES = ['sliding', 'fixed'] as const;

export type ResetStrategy = (typeof RESET_STRATEGIES)[number];

/** From `start` until just before `end`; over midnight when `start` is the later. */
export class TimeWindow {
  @StringField({ description: 'HH:MM' })
  start!: string;

  @StringField({ description: 'HH:MM, exclusive; 24:00 is the end of the day. Earlier than start: over midnight.' })
  end!: string;

  @StringField({ optional: true, description: 'IANA name such as Europe/Berlin. Default UTC.' })
  timezone?: string;
}

export class PolicyGuards {
  @IntegerField({ optional: true, minimum: 1, description: 'Bytes of the parameters, as JSON.' })
  maxRequestSize?: number;

  @IntegerField({ optional: true, minimum: 1, description: 'Bytes of an answer.' })
  maxResponseSize?: number;

  @StringArrayField({
    optional: true,
    description:
      'Hosts that parameters may name, recipients of mails included, each with its subdomains, and where their redirects may lead. The service that a tool calls by itself needs no leave. Empty: none. Absent: any.',
  })
  allowedDomains?: string[];

  @StringArrayField({ optional: true, description: 'Hosts that no call reaches, each with its subdomains.' })
  blockedDomains?: string[];

  @EnumArrayField(PII_KINDS, { optional: true, description: 'Masked wherever they stand in a text of an answer.' })
  piiFilters?: PiiKind[];

  @ObjectField(() => TimeWindow, { optional: true })
  timeWindow?: TimeWindow;
}

/** At most `limit` calls of one action in a window, for each agent by itself. */
export class PolicyQuota {
  @StringField({ description: 'tool:action as in scopes; the action alone where only one of the scopes has it.' })
  action!: string;

  @IntegerField({ minimum: 1, maximum: 1_000_000_000 })
  limit!: number;

  @StringField({ description: 'A number with m, h or d, such as 15m, 24h, 7d; at most 31d.' })
  window!: string;

  @EnumField(RESET_STRATEGIES, {
    optional: true,
    description:
      'sliding (default): the time just before the call. fixed: since the hour, the day or the week (from Monday) began, by UTC.',
  })
  resetStrategy?: ResetStrategy;
}

/** Whole hours: from `start` until just before `end`, over midnight when `start` is the later. */
export class AllowedHours {
  @IntegerField({ minimum: 0, maximum: 23 })
  start!: number;

  @IntegerField({ minimum: 0, maximum: 24, description: 'Exclusive; 24 is the end of the day.' })
  end!: number;
}

export class PolicySchedule {
  @BooleanField({ optional: true, description: 'Default true; false: the schedule does not hold.' })
  enabled?: boolean;

  @StringField({ optional: true, description: 'IANA name such as Europe/Berlin. Default UTC.' })
  timezone?: string;

  @IntegerArrayField({
    optional: true,
    minimum: 0,
    maximum: 6,
    minItems: 1,
    description: '0 is Sunday. The day that the clock of the zone shows, also after midnight. Absent: any.',
  })
  allowedDays?: number[];

  @ObjectField(() => AllowedHours, { optional: true })
  allowedHours?: AllowedHours;
}

export class FieldTruncation {
  @StringField({ description: 'As in redactFields.' })
  field!: string;

  @IntegerField({ minimum: 0, description: 'Characters that stay; three dots follow them.' })
  maxLength!: number;
}

export class ResponseFilters {
  @StringArrayField({
    optional: true,
    description:
      'Names of fields, at any depth; or paths from the top such as user.email or items.*.token. Upper and lower case are the same.',
  })
  redactFields?: string[];

  @ObjectArrayField(() => FieldTruncation, { optional: true })
  truncateFields?: FieldTruncation[];

  @StringArrayField({
    optional: true,
    description: 'An answer with one of these in a name or a text is blocked. Upper and lower case are the same.',
  })
  blockPatterns?: string[];
}

/** What a policy lets an agent do. */
export class PolicySpec {
  @StringArrayField({ minItems: 1, description: 'tool:action, exactly: there are no wildcards.' })
  scopes!: string[];

  @StringField({ optional: true, description: 'What a call must say it is for.' })
  intent?: string;

  @ObjectField(() => PolicyGuards, { optional: true })
  guards?: PolicyGuards;

  @ObjectArrayField(() => PolicyQuota, { optional: true })
  quotas?: PolicyQuota[];

  @ObjectField(() => PolicySchedule, { optional: true })
  schedule?: PolicySchedule;

  @ObjectField(() => ResponseFilters, { optional: true })
  responseFilters?: ResponseFilters;
}
