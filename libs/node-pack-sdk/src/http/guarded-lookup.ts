import { lookup } from 'node:dns/promises';
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** Finds the addresses of a host name. */
export type ResolveHost = (hostname: string) => Promise<readonly LookupAddress[]>;

const bySystem: ResolveHost = (hostname) => lookup(hostname, { all: true });

/**
 * The `lookup` of a connection: what it gives is what is connected to, so that nobody can answer the check with one address and the
 * connection with another. All addresses must pass: of a host that has good and bad ones, the bad ones are the attack.
 *
 * @param check throws for an address that must not be connected to
 */
export function guardedLookup(check: (hostname: string, address: string) => void, resolve = bySystem): LookupFunction {
  return (hostname, options, callback) => {
    const checked = async (): Promise<LookupAddress[]> => {
      const found = [...(await resolve(hostname))];
      for (const { address } of found) check(hostname, address);
      return found;
    };
    checked().then(
      (found) => {
        const [first] = found;
        if (first === undefined) callback(Object.assign(new Error('no address'), { code: 'ENODATA' }), '', 0);
        else if (options.all === true) callback(null, found);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error as NodeJS.ErrnoException, '', 0),
    );
  };
}
