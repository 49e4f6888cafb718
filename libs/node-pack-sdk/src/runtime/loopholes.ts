import { createRequire, syncBuiltinESMExports } from 'node:module';
import type Os from 'node:os';

/**
 * Takes away what Node's permission model leaves to a process and no handler needs: signals to other processes of the same user (the
 * host among them), opening the debugger of another Node, and the priority of other processes.
 *
 * @param mayKill of a pack that may have child processes, which it may want to end
 */
export function closeLoopholes(mayKill: boolean): void {
  const denied = (name: string) => () => {
    throw Object.assign(new Error(`${name} is not available in the process of a node pack`), {
      code: 'ERR_ACCESS_DENIED',
    });
  };
  const close = (owner: object, name: string) => {
    if (name in owner) {
      Object.defineProperty(owner, name, { value: denied(name), configurable: false, writable: false });
    }
  };
  for (const name of ['_debugProcess', '_debugEnd']) close(process, name);
  if (mayKill) return;
  for (const name of ['kill', '_kill']) close(process, name);
  close(createRequire(import.meta.url)('node:os') as typeof Os, 'setPriority');
  syncBuiltinESMExports();
}
