import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartupError } from '#http';

const FILE = 'tool-gateway.key';

/**
 * The master key of a suite for trying things out, in a file of its data folder that only its user can read; made when it is not there.
 * Whoever copies the folder has the credentials too.
 *
 * @returns a value for JARVIS_TOOL_ENCRYPTION_KEYS
 */
export function keptMasterKey(dataDir: string): string {
  const file = join(dataDir, FILE);
  const draft = `${file}.${process.pid}`;
  try {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(draft, `local:${randomBytes(32).toString('base64')}`, { mode: 0o600 });
    // Whole or not at all, and not over one that is there: of two that start at once both have the same key.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new StartupError(
        `The key of the credential store cannot be kept in ${file} (${String((error as NodeJS.ErrnoException).code)}): make the folder writable, or set JARVIS_TOOL_ENCRYPTION_KEYS.`,
      );
    }
  }
  rmSync(draft, { force: true });
  return readFileSync(file, 'utf8').trim();
}
