import { EnumField, JsonObjectField, StringField } from '#contract';

/** What an agent can be; an inactive one gets no token, and those it has are refused. */
export const AGENT_STATUSES = ['active', 'inactive'] as const;

export class CreateAgentRequest {
  /** 1 to 200 characters. */
  @StringField()
  name!: string;

  /** Policies of this role hold for the agent. 1 to 100 characters. */
  @StringField()
  role!: string;

  @StringField({ optional: true, description: 'Whom people ask about the agent. Default: the caller.' })
  created_by?: string;

  @StringField({ optional: true, description: 'PEM of the public half of the agent’s key: BEGIN PUBLIC KEY.' })
  public_key?: string;

  @JsonObjectField({ optional: true, description: 'The same as a JSON Web Key, instead.' })
  public_jwk?: Record<string, unknown>;
}

export class UpdateAgentRequest {
  @EnumField(AGENT_STATUSES, { optional: true })
  status?: (typeof AGENT_STATUSES)[number];

  @StringField({ optional: true })
  name?: string;

  @StringField({ optional: true })
  role?: string;
}

export class AddAgentKeyRequest {
  @StringField({ optional: true, description: 'PEM of the public half of the key: BEGIN PUBLIC KEY.' })
  public_key?: string;

  @JsonObjectField({ optional: true, description: 'The same as a JSON Web Key, instead.' })
  public_jwk?: Record<string, unknown>;
}
