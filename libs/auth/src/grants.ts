import { PERMISSIONS } from '#contract';
import type { Permission } from '#contract';

/** Permissions by role, client role or scope. */
export type Grants = ReadonlyMap<string, ReadonlySet<Permission>>;

/** Stands for whoever has a valid token. */
export const AUTHENTICATED = 'authenticated';
/** Stands for whoever has none. */
export const ANONYMOUS = 'anonymous';

const ALL: ReadonlySet<Permission> = new Set(PERMISSIONS);
const VIEWER: readonly Permission[] = ['run.read', 'node_run.read', 'artifact.read', 'approval.read', 'node_type.read'];

/** What holds where ARP_AUTH_GRANTS does not say otherwise. */
export const DEFAULT_GRANTS: Grants = new Map<string, ReadonlySet<Permission>>([
  ['arp-user', new Set<Permission>([...VIEWER, 'run.start', 'run.cancel'])],
  ['arp-viewer', new Set(VIEWER)],
  ['arp-approver', new Set<Permission>([...VIEWER, 'approval.decide'])],
  ['arp-operator', new Set<Permission>([...VIEWER, 'run.cancel', 'node_pack.read', 'tenant.all'])],
  ['arp-admin', ALL],
  ['arp-coordinator', new Set<Permission>(['node_run.execute', 'node_type.read', 'node_pack.read', 'policy.decide'])],
  ['arp-executor', new Set<Permission>(['credential.use'])],
]);

export function isPermission(name: string): name is Permission {
  return (PERMISSIONS as readonly string[]).includes(name);
}

/**
 * Reads ARP_AUTH_GRANTS: `role=permission permission;role=…`, `*` for all permissions, nothing after `=` for none.
 *
 * @returns the default grants with those of the named roles replaced, or what is wrong, a sentence each
 */
export function readGrants(text: string | undefined): { readonly grants: Grants; readonly problems: string[] } {
  const grants = new Map(DEFAULT_GRANTS);
  const problems: string[] = [];
  const named = new Set<string>();
  const entries = (text ?? '').split(';').filter((entry) => entry.trim() !== '');
  for (const entry of entries) {
    const at = entry.indexOf('=');
    const role = entry.slice(0, at).trim();
    if (at < 0 || role === '' || /\s/.test(role)) {
      problems.push(`"${entry.trim()}" must be a role, = and its permissions, such as arp-user=run.start run.read`);
      continue;
    }
    if (named.has(role)) problems.push(`names the role ${role} twice`);
    named.add(role);
    const words = entry
      .slice(at + 1)
      .split(/[\s,]+/)
      .filter((word) => word !== '');
    const unknown = words.filter((word) => word !== '*' && !isPermission(word));
    if (unknown.length > 0) {
      problems.push(`gives ${role} what is no permission: ${unknown.join(', ')}; there are ${PERMISSIONS.join(', ')}`);
    }
    grants.set(role, words.includes('*') ? ALL : new Set(words.filter(isPermission)));
  }
  return { grants, problems };
}

/** What these roles and scopes may do together; a name that is a permission gives it unless the grants say otherwise. */
export function permissionsOf(names: Iterable<string>, grants: Grants): ReadonlySet<Permission> {
  const permissions = new Set<Permission>();
  for (const name of names) {
    const granted = grants.get(name) ?? (isPermission(name) ? [name] : []);
    for (const permission of granted) permissions.add(permission);
  }
  return permissions;
}

/**
 * The roles and scopes of a token: `realm_access.roles` and `resource_access[<our audience>].roles` (Keycloak), `roles` (Entra),
 * `scope` (RFC 8693), `scp` (Entra, Okta). What is not of the expected form gives
 * nothing.
 */
export function rolesOf(claims: Readonly<Record<string, unknown>>, audiences: readonly string[]): string[] {
  const resources = membersOf(claims['resource_access']);
  return [
    ...namesIn(membersOf(claims['realm_access'])['roles']),
    ...audiences.flatMap((audience) =>
      Object.hasOwn(resources, audience) ? namesIn(membersOf(resources[audience])['roles']) : [],
    ),
    ...namesIn(claims['roles']),
    ...wordsIn(claims['scope']),
    ...wordsIn(claims['scp']),
  ];
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function namesIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function wordsIn(value: unknown): string[] {
  return typeof value === 'string' ? value.split(' ').filter((word) => word !== '') : namesIn(value);
}
