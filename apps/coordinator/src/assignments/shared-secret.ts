import { randomBytes } from 'node:crypto';
import type { Database } from '#database';
import type { SecretsRepository } from './secrets.repository.js';

const SECRET_BYTES = 32;

/**
 * The secret of this name that all coordinators of a database share; made by whoever asks first.
 *
 * @throws AppError database_unavailable
 */
export async function sharedSecret(database: Database, secrets: SecretsRepository, name: string): Promise<string> {
  const found = await secrets.findSecret(database, name);
  if (found !== undefined) return found;
  const value = randomBytes(SECRET_BYTES).toString('base64url');
  await secrets.insertSecret(database, { name, value, created_at: new Date() });
  const winner = await secrets.findSecret(database, name);
  if (winner === undefined) throw new Error(`the secret ${name} was removed while it was made`);
  return winner;
}
