import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';

/** Reads ids of process groups, with a minus when one has ended, and kills those that are left when nothing more can come. */
const SCRIPT = `trap '' INT TERM HUP
all=
while read -r group; do
  case $group in
    -*) left=; for one in $all; do [ "-$one" = "$group" ] || left="$left $one"; done; all=$left ;;
    *) all="$all $group" ;;
  esac
done
for one in $all; do kill -9 "-$one"; done`;

let guard: { readonly shell: ChildProcess; readonly groups: Set<number> } | undefined;

/**
 * Sees to it that a process group dies with this process, even when that is killed: a handler that spins does not notice that its pipe
 * was closed. One small shell does it for all. Where there is no /bin/sh, such a handler lives on.
 *
 * @returns to be called when the group has ended
 */
export function guardOrphan(group: number): () => void {
  guard ??= { shell: startShell(), groups: new Set() };
  const { shell, groups } = guard;
  groups.add(group);
  shell.stdin?.write(`${group}\n`);
  return () => {
    groups.delete(group);
    if (groups.size > 0) {
      shell.stdin?.write(`-${group}\n`);
      return;
    }
    if (guard?.shell === shell) guard = undefined;
    shell.stdin?.end(`-${group}\n`);
  };
}

function startShell(): ChildProcess {
  const shell = spawn('/bin/sh', ['-c', SCRIPT], { env: {}, stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  const isGone = () => {
    if (guard?.shell === shell) guard = undefined;
  };
  shell.on('error', isGone);
  shell.on('exit', isGone);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  (shell.stdin as Socket).unref();
  return shell;
}
