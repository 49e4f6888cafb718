import { EnumField, JsonObjectField, ObjectArrayField, ObjectField, Pagination, StringField } from '#contract';
import { AGENT_STATUSES } from './agent-requests.js';

/** The public half of a key of an agent. */
export class AgentKey {
  @StringField({ description: 'JWK thumbprint (RFC 7638) of the key.' })
  key_id!: string;

  @EnumField(['EdDSA', 'ES256', 'RS256'], { description: 'Of its signatures; RS256 allows PS256 too.' })
  algorithm!: string;

  @JsonObjectField()
  public_jwk!: Record<string, unknown>;

  @StringField({ format: 'date-time' })
  created_at!: string;
}

/** An agent that calls tools. */
export class Agent {
  @StringField()
  agent_id!: string;

  @StringField()
  name!: string;

  @StringField()
  role!: string;

  @EnumField(AGENT_STATUSES)
  status!: (typeof AGENT_STATUSES)[number];

  @StringField({ optional: true })
  created_by?: string;

  @StringField({ format: 'date-time' })
  created_at!: string;

  @StringField({ format: 'date-time' })
  updated_at!: string;

  @ObjectArrayField(() => AgentKey, { description: 'Oldest first.' })
  keys!: AgentKey[];
}

/** One agent, as the original gateway wraps it. */
export class AgentAnswer {
  @ObjectField(() => Agent)
  agent!: Agent;
}

/** One page of agents, newest first. */
export class AgentList {
  @ObjectArrayField(() => Agent)
  agents!: Agent[];

  @ObjectField(() => Pagination)
  pagination!: Pagination;
}

/** What is answered to whoever registers an agent. */
export class CreatedAgent {
  @StringField()
  agent_id!: string;

  @StringField()
  key_id!: string;
}

/** What is answered to whoever adds a key. */
export class CreatedAgentKey {
  @StringField()
  key_id!: string;
}
