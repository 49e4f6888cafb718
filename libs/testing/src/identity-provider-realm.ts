import { createHash } from 'node:crypto';

/** A person of the realm. */
export interface RealmUser {
  /** Realm roles; none: the token has no `realm_access`. */
  readonly roles?: readonly string[];
  /** Claim `tenant_id`. */
  readonly tenant?: string;
}

/** A client of the realm. A client with a secret may have tokens of its own (client credentials). */
export interface RealmClient {
  /** Undefined: a public client. */
  readonly secret?: string;
  /** `aud` of the tokens that it gets for itself, whatever audience it asks for, and of those that people get through it. */
  readonly audiences?: readonly string[];
  /** Audiences that such tokens have too when the scope `aud-<audience>` is asked for. */
  readonly optionalAudiences?: readonly string[];
  /** Roles of its service account. */
  readonly roles?: readonly string[];
  /** Audiences that it may exchange a token for; undefined: it may not exchange any. */
  readonly exchanges?: readonly string[];
}

/** People and clients of the realm `arp-dev`, as deploy/keycloak has them. */
export const ARP_DEV_USERS = {
  alice: { tenant: 'acme', roles: ['arp-user'] },
  bob: { tenant: 'globex', roles: ['arp-user'] },
  carol: { tenant: 'acme', roles: ['arp-viewer'] },
  dave: { tenant: 'acme' },
  terry: { tenant: 'acme', roles: ['arp-tool-admin'] },
  olivia: { roles: ['arp-operator'] },
  admin: { roles: ['arp-admin'] },
  dev: { roles: ['arp-user'] },
} as const satisfies Record<string, RealmUser>;

/** The secret of a confidential client is its name and `-secret`. */
export const ARP_DEV_CLIENTS = {
  'arp-dev-cli': { audiences: ['arp-run-gateway'], optionalAudiences: ['arp-tool-gateway'] },
  'arp-run-gateway': {
    secret: 'arp-run-gateway-secret',
    audiences: ['arp-run-coordinator'],
    exchanges: ['arp-run-coordinator'],
  },
  'arp-run-coordinator': {
    secret: 'arp-run-coordinator-secret',
    optionalAudiences: ['arp-atomic-executor', 'arp-composite-executor', 'arp-node-registry', 'arp-pdp'],
    roles: ['arp-coordinator'],
  },
  'arp-atomic-executor': {
    secret: 'arp-atomic-executor-secret',
    optionalAudiences: ['arp-tool-gateway'],
    roles: ['arp-executor'],
  },
  'arp-tool-gateway': {
    secret: 'arp-tool-gateway-secret',
    optionalAudiences: ['arp-run-coordinator', 'arp-atomic-executor'],
    roles: ['arp-tool-gateway'],
  },
} as const satisfies Record<string, RealmClient>;

/** The `sub` of a person or of a client's service account: a UUID, always the same for the same name. */
export function subjectNamed(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** `aud` as Keycloak writes it: a text for one, an array for several, absent for none. */
export function audienceClaim(audiences: readonly string[] = []): { aud?: string | string[] } {
  const [first, ...others] = audiences;
  if (first === undefined) return {};
  return { aud: others.length === 0 ? first : [...audiences] };
}

/** `realm_access` as Keycloak writes it: absent without a role. */
export function rolesClaim(roles: readonly string[] = []): { realm_access?: { readonly roles: readonly string[] } } {
  return roles.length === 0 ? {} : { realm_access: { roles } };
}
