import { EnumArrayField, IntegerField, ObjectArrayField, ObjectField, StringArrayField } from '#contract';
import { FieldTruncation, PII_KINDS, PolicyQuota, PolicySchedule, TimeWindow } from './policy-spec.js';
import type { PiiKind } from './policy-spec.js';

/** All of the guards hold. */
export class MergedGuards {
  @IntegerField({ optional: true })
  maxRequestSize?: number;

  @IntegerField({ optional: true })
  maxResponseSize?: number;

  @StringArrayField({ optional: true, description: 'In every allow list; absent: no policy has one. Empty: none.' })
  allowedDomains?: string[];

  @StringArrayField()
  blockedDomains!: string[];

  @EnumArrayField(PII_KINDS)
  piiFilters!: PiiKind[];

  @ObjectArrayField(() => TimeWindow, { description: 'It has to be within each.' })
  timeWindows!: TimeWindow[];
}

export class MergedFilters {
  @StringArrayField()
  redactFields!: string[];

  @ObjectArrayField(() => FieldTruncation)
  truncateFields!: FieldTruncation[];

  @StringArrayField()
  blockPatterns!: string[];
}

/**
 * What all policies of an agent together let it do: what each of them allows. Every list is sorted and without repetition, so that equal
 * rules are equal values; every default is written out.
 */
export class MergedSpec {
  @StringArrayField({ description: 'In the scopes of every policy.' })
  scopes!: string[];

  @StringArrayField({ description: 'A call must have each of them as its intent: with two there is no such call.' })
  intents!: string[];

  @ObjectField(() => MergedGuards)
  guards!: MergedGuards;

  @ObjectArrayField(() => PolicyQuota)
  quotas!: PolicyQuota[];

  @ObjectArrayField(() => PolicySchedule, { description: 'It has to be within each.' })
  schedules!: PolicySchedule[];

  @ObjectField(() => MergedFilters)
  responseFilters!: MergedFilters;
}
