import { resolve } from 'node:path';
import { PERMISSIONS } from '@arp-jarvis/node-pack-sdk';
import type { Permission } from '@arp-jarvis/node-pack-sdk';
import type { IsolatedGrants } from '@arp-jarvis/node-pack-sdk/runtime';

interface Grant {
  readonly packId: string;
  readonly permission: Permission | 'credential';
  /** Of files only. */
  readonly path?: string;
  /** Name of a credential. */
  readonly credential?: string;
}

/** An entry of JARVIS_NODEPACK_GRANTS that says nothing. */
export class GrantError extends Error {
  override readonly name = 'StartupError';
}

/**
 * Reads JARVIS_NODEPACK_GRANTS.
 *
 * @throws GrantError that names the entry
 */
export function readGrants(entries: readonly string[]): readonly Grant[] {
  return entries.map((entry) => {
    const [packId = '', name = '', ...rest] = entry.split(':');
    if (packId !== '' && name === 'credential' && rest.length === 1 && rest[0] !== undefined && rest[0] !== '') {
      return { packId, permission: name, credential: rest[0] };
    }
    const permission = PERMISSIONS.find((one) => one === name);
    const path = rest.join(':');
    const takesPath = permission?.startsWith('files.') === true;
    if (packId === '' || permission === undefined || takesPath !== (path !== '')) {
      throw new GrantError(
        `JARVIS_NODEPACK_GRANTS has "${entry}"; an entry is <pack id>:<permission>, with :<path> after files.read and files.write and :<name> after credential. Permissions: ${PERMISSIONS.join(', ')}, credential.`,
      );
    }
    return { packId, permission, ...(takesPath ? { path: resolve(path) } : {}) };
  });
}

/** What a pack gets: what it asks for and the operator grants. */
export function grantsOf(all: readonly Grant[], packId: string, asked: readonly Permission[] = []): IsolatedGrants {
  const granted = all.filter((grant) => grant.packId === packId && asked.some((one) => one === grant.permission));
  const has = (permission: Permission) => granted.some((grant) => grant.permission === permission);
  const paths = (permission: Permission) =>
    granted.flatMap((grant) => (grant.permission === permission ? (grant.path ?? []) : []));
  return {
    filesRead: paths('files.read'),
    filesWrite: paths('files.write'),
    childProcess: has('child_process'),
    workerThreads: has('worker_threads'),
    nativeAddons: has('native_addons'),
  };
}

/** The names of the permissions that a pack got. */
export function grantedNames(grants: IsolatedGrants): Permission[] {
  const got: Record<Permission, boolean> = {
    'files.read': grants.filesRead.length > 0,
    'files.write': grants.filesWrite.length > 0,
    child_process: grants.childProcess,
    worker_threads: grants.workerThreads,
    native_addons: grants.nativeAddons,
  };
  return PERMISSIONS.filter((permission) => got[permission]);
}

/** Whether a pack may read a credential that one of its nodes declares: its own by name, any other as the operator says. */
export function mayReadCredential(
  all: readonly Grant[],
  { packId, isFirstParty }: { readonly packId: string; readonly isFirstParty: boolean },
  name: string,
): boolean {
  if (isFirstParty || name === packId) return true;
  return all.some((grant) => grant.packId === packId && grant.credential === name);
}
