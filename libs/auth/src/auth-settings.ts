import { defineSettings, exactUrl, list, secret, text, wholeNumber } from '#config';
import type { SettingsOf } from '#config';

/** Profiles, with the other names that the reference gives them. */
const PROFILES = [
  'dev-insecure',
  'dev',
  'dev-secure-keycloak',
  'dev-secure',
  'keycloak',
  'enterprise',
  'prod',
  'production',
] as const;

/** Settings of authentication and authorization that every service has, with the names and defaults of the reference. */
export const authSettings = defineSettings({
  ARP_AUTH_PROFILE: text({
    default: undefined,
    choices: PROFILES,
    desc: 'Security profile: dev-insecure (dev): no authentication. dev-secure-keycloak (dev-secure, keycloak): tokens of a local Keycloak. enterprise (prod, production): tokens of the issuer that you name. The other ARP_AUTH_ settings change it.',
  }),
  ARP_AUTH_MODE: text({
    default: undefined,
    choices: ['required', 'optional', 'disabled'] as const,
    desc: 'required: no access without a valid token. optional: without a token the caller is anonymous. disabled: every caller may do everything. Default: as the profile says; without one, required for coordinator and atomic executor, disabled for the gateway.',
  }),
  ARP_AUTH_ISSUER: exactUrl({
    default: undefined,
    desc: 'Issuer whose tokens are accepted, exactly as their claim iss. Default, but for the profile enterprise: http://localhost:8080/realms/arp-dev.',
    example: 'https://login.example.com/realms/arp',
  }),
  ARP_AUTH_AUDIENCE: list({
    default: undefined,
    desc: 'Audience that a token must name, or several separated by commas. Default: ARP_AUTH_SERVICE_ID; without both the name of the service, but for the profile enterprise, which demands one.',
    example: 'arp-run-gateway',
  }),
  ARP_AUTH_SERVICE_ID: text({
    default: undefined,
    desc: 'Name of this service at the identity provider; the audience where ARP_AUTH_AUDIENCE is not set.',
  }),
  ARP_AUTH_JWKS_URI: exactUrl({
    default: undefined,
    desc: "Where the issuer's keys are. Default: what its discovery document says.",
  }),
  ARP_AUTH_OIDC_DISCOVERY_URL: exactUrl({
    default: undefined,
    desc: "The issuer's discovery document. Default: the issuer and /.well-known/openid-configuration.",
  }),
  ARP_AUTH_ALGORITHMS: list({
    default: ['RS256'],
    desc: 'Signature algorithms that are accepted, separated by commas: RS256 to RS512, PS256 to PS512, ES256 to ES512.',
  }),
  ARP_AUTH_TOKEN_TYPES: list({
    default: ['JWT', 'at+jwt'],
    desc: 'Values of the header typ that an access token may have, separated by commas; absent stands for none. Set at+jwt alone where the issuer follows RFC 9068.',
  }),
  ARP_AUTH_CLOCK_SKEW_SECONDS: wholeNumber({ min: 0, max: 600 })({
    default: 60,
    desc: "How much the issuer's clock may differ, in seconds.",
  }),
  ARP_AUTH_EXEMPT_PATHS: list({
    default: ['/v1/health', '/v1/version'],
    desc: 'Paths that need no token, separated by commas.',
  }),
  ARP_AUTH_DEV_SUBJECT: text({
    default: 'dev',
    desc: 'Subject that every caller has while authentication is disabled.',
  }),
  ARP_AUTH_ANONYMOUS_SUBJECT: text({
    default: 'anonymous',
    desc: 'Subject of a caller without a token where none is needed.',
  }),
  ARP_AUTH_TENANT_CLAIM: text({
    default: 'tenant_id',
    desc: 'Claim that names the tenant of the caller; a dot leads into an object. A run belongs to the tenant, or to the caller where the token has none.',
  }),
  ARP_AUTH_GRANTS: text({
    default: undefined,
    desc: 'Permissions by role, client role or scope: role=permission permission;role=…. Replaces those of the roles that it names; * stands for all permissions. authenticated and anonymous stand for everybody with and without a token. A role or scope with the name of a permission gives it.',
    example: 'arp-user=run.start run.read run.cancel node_run.read;scope-of-mine=run.read',
  }),
  ARP_AUTH_FORWARDERS: list({
    default: ['arp-run-gateway'],
    desc: 'Clients that pass requests of others on, and whose word on whose request it was is taken, separated by commas.',
  }),
  ARP_AUTH_SWAGGER_CLIENT_ID: text({
    default: 'arp-dev-cli',
    desc: 'Public client with which Swagger UI logs in (authorization code with PKCE).',
  }),
  ARP_AUTH_CLIENT_ID: text({
    default: undefined,
    desc: 'Client with which this service gets tokens for the services that it calls.',
  }),
  ARP_AUTH_CLIENT_SECRET: secret(1)({ default: undefined, desc: 'Secret of that client.' }),
  ARP_AUTH_TOKEN_ENDPOINT: exactUrl({
    default: undefined,
    desc: 'Where tokens are had. Default: the issuer and /protocol/openid-connect/token.',
  }),
  ARP_AUTH_SCOPE: text({
    default: undefined,
    desc: 'Scope to ask for with a token for another service; {audience} stands for its audience. Keycloak needs none; Entra wants {audience}/.default.',
  }),
  ARP_AUTH_TIMEOUT_SECS: wholeNumber({ min: 1, max: 120 })({
    default: 10,
    desc: 'Longest wait for the identity provider, in seconds.',
  }),
});

export type AuthSettings = SettingsOf<typeof authSettings>;
