import type { Grants } from './grants.js';

export type AuthMode = 'required' | 'optional' | 'disabled';
export type AuthProfile = 'dev-insecure' | 'dev-secure-keycloak' | 'enterprise';
export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];

/** The asymmetric algorithms that jsonwebtoken verifies. */
export const TOKEN_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
] as const;

/** Which tokens a service accepts and what it reads in them. */
export interface TokenRules {
  /** Exactly the claim `iss`. */
  readonly issuer: string;
  /** `aud` must name one of them. */
  readonly audiences: readonly string[];
  /** undefined: what the discovery document says. */
  readonly jwksUri: string | undefined;
  readonly discoveryUrl: string;
  readonly algorithms: readonly TokenAlgorithm[];
  /** Values of the header `typ`, in lower case and without `application/`. */
  readonly tokenTypes: readonly string[];
  readonly clockSkewSeconds: number;
  /** Name of the claim, or names that lead to it, joined by dots. */
  readonly tenantClaim: string;
  /** Longest wait for the identity provider. */
  readonly timeoutMs: number;
}

/** Who may do what at one service. */
export interface AuthRules {
  /** undefined: none was chosen, the default of the service holds. */
  readonly profile: AuthProfile | undefined;
  readonly mode: AuthMode;
  readonly tokens: TokenRules;
  readonly grants: Grants;
  readonly exemptPaths: ReadonlySet<string>;
  readonly devSubject: string;
  readonly anonymousSubject: string;
  /** Clients that pass requests of others on, and whose word on the clients before them is taken. */
  readonly forwarders: readonly string[];
  /** Public client with which Swagger UI logs in. */
  readonly swaggerClientId: string;
  /** What the operator should know at the start, a sentence each. */
  readonly warnings: readonly string[];
}
