import { BooleanField, EnumField, IntegerField, ObjectField, StringArrayField, StringField } from '#contract';
import { MergedSpec } from './merged-spec.js';
import { PolicySpec } from './policy-spec.js';

/** A policy that is to be made: of one agent, or of a role. */
export class ToolPolicyRequest {
  @StringField()
  name!: string;

  @StringField({ optional: true })
  description?: string;

  @StringField({ optional: true, description: 'The agent that it holds for; else role is given.' })
  agentId?: string;

  @StringField({ optional: true, description: 'The role whose agents it holds for; else agentId is given.' })
  role?: string;

  @ObjectField(() => PolicySpec)
  spec!: PolicySpec;
}

/** What is to be changed of a policy; what is absent stays. */
export class ToolPolicyChange {
  @StringField({ optional: true })
  name?: string;

  @StringField({ optional: true })
  description?: string;

  @ObjectField(() => PolicySpec, { optional: true })
  spec?: PolicySpec;

  @BooleanField({ optional: true, description: 'A policy that is not active does not hold.' })
  active?: boolean;
}

export class ToolPolicy {
  @StringField()
  id!: string;

  @StringField()
  name!: string;

  @StringField({ optional: true })
  description?: string;

  @StringField({ optional: true })
  agentId?: string;

  @StringField({ optional: true })
  role?: string;

  @ObjectField(() => PolicySpec)
  spec!: PolicySpec;

  @StringField({ description: 'SHA-256 of the spec as canonical JSON.' })
  specHash!: string;

  @BooleanField()
  active!: boolean;

  @StringField({ format: 'date-time' })
  createdAt!: string;

  @StringField({ format: 'date-time' })
  updatedAt!: string;
}

/** What the active policies of an agent together let it do. */
export class MergedToolPolicy {
  @StringField()
  agentId!: string;

  @StringField()
  agentRole!: string;

  @ObjectField(() => MergedSpec)
  mergedSpec!: MergedSpec;

  @StringArrayField({ description: 'Ids of the policies. Empty: none holds, and nothing is allowed.' })
  sourcePolicies!: string[];
}

/** One decision about a call. */
export class PolicyLogEntry {
  @StringField()
  id!: string;

  @StringField({ optional: true, description: 'The first of policyIds.' })
  policyId?: string;

  @StringArrayField({ description: 'The policies that held.' })
  policyIds!: string[];

  @StringField()
  agentId!: string;

  @StringField()
  tool!: string;

  @StringField()
  action!: string;

  @EnumField(['allow', 'deny'])
  decision!: 'allow' | 'deny';

  @StringField({ optional: true, description: 'Of a denial; stable.' })
  code?: string;

  @StringField({ optional: true, description: 'Of a denial; a sentence.' })
  reason?: string;

  @IntegerField({ minimum: 0 })
  requestBytes!: number;

  @StringArrayField({ description: 'That the parameters named, at most 20.' })
  hosts!: string[];

  @StringField({ format: 'date-time' })
  createdAt!: string;
}
