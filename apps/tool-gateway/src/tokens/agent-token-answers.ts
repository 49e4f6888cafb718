import { BooleanField, ObjectArrayField, ObjectField, Pagination, StringArrayField, StringField } from '#contract';

/** A token that was issued. It is shown this once. */
export class GeneratedToken {
  @StringField()
  agent_token!: string;

  @StringField()
  token_id!: string;

  @StringField({ format: 'date-time' })
  expires_at!: string;

  @StringField()
  agent_name!: string;
}

/** What is known of a token; the token itself is not. */
export class AgentToken {
  @StringField()
  token_id!: string;

  @StringField()
  agent_id!: string;

  @StringArrayField()
  tools!: string[];

  @StringArrayField()
  permissions!: string[];

  @StringField({ optional: true })
  intent?: string;

  @StringField({ optional: true, description: 'Thumbprint of the key that calls must prove.' })
  dpop_jkt?: string;

  @StringField({ format: 'date-time' })
  issued_at!: string;

  @StringField({ format: 'date-time' })
  expires_at!: string;

  @BooleanField()
  revoked!: boolean;

  @StringField({ format: 'date-time', optional: true })
  revoked_at?: string;
}

/** One page of tokens, newest first. */
export class AgentTokenList {
  @ObjectArrayField(() => AgentToken)
  tokens!: AgentToken[];

  @ObjectField(() => Pagination)
  pagination!: Pagination;
}

/** A token that is refused from now on. */
export class RevokedToken {
  @StringField()
  message!: string;

  @StringField()
  token_id!: string;

  @StringField({ format: 'date-time', description: 'When it was revoked first.' })
  revoked_at!: string;
}

/** A public key of the gateway (RFC 7517, RFC 8037). */
export class SigningJwk {
  @StringField()
  kty!: string;

  @StringField()
  crv!: string;

  @StringField()
  x!: string;

  @StringField()
  kid!: string;

  @StringField()
  alg!: string;

  @StringField()
  use!: string;
}

/** The keys with which agent tokens can be verified. */
export class SigningJwks {
  @ObjectArrayField(() => SigningJwk)
  keys!: SigningJwk[];
}

/** The key that signs from now on. */
export class RotatedSigningKey {
  @StringField()
  key_id!: string;

  @StringField({ format: 'date-time' })
  created_at!: string;
}
