import { IntegerField, StringArrayField, StringField } from '#contract';

export class GenerateTokenRequest {
  @StringField()
  agent_id!: string;

  @StringArrayField({ minItems: 1, description: 'Names of tools that the token is for.' })
  tools!: string[];

  @StringArrayField({ minItems: 1, description: 'Of read and write: what the actions may do.' })
  permissions!: string[];

  @StringField({
    optional: true,
    description: 'When it expires, a date-time with a time zone; at most 24 hours ahead.',
  })
  expires_at?: string;

  @IntegerField({ minimum: 1, maximum: 1_440, optional: true, description: 'In how many minutes instead. Default 15.' })
  ttl_minutes?: number;

  @StringField({ optional: true, description: 'What the agent is about, for policies. At most 200 characters.' })
  intent?: string;

  @StringField({ optional: true, description: 'JWK thumbprint of a key: calls with the token need DPoP proofs of it.' })
  dpop_jkt?: string;

  @StringField({
    optional: true,
    description:
      'JWT signed by a key of the agent: iss and sub its id, aud this gateway, iat, exp at most 60 seconds later, a jti that was never used, tools and permissions as in the request; intent and dpop_jkt as in the request, if it has them. Not needed where the gateway mints without.',
  })
  assertion?: string;
}
