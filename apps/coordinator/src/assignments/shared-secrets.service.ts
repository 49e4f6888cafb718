import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { Database } from '#database';
import { SecretsRepository } from './secrets.repository.js';

const SECRET_BYTES = 32;

/** The secrets that all coordinators of a database share. */
@Injectable()
export class SharedSecretsService {
  private readonly known = new Map<string, Promise<string>>();

  constructor(
    private readonly database: Database,
    private readonly secrets: SecretsRepository,
  ) {}

  /**
   * The secret of this name, made by whoever asks first. Read once; after a failure again.
   *
   * @throws AppError database_unavailable
   */
  secret(name: string): Promise<string> {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const reading = this.read(name).catch((error: unknown) => {
      this.known.delete(name);
      throw error;
    });
    this.known.set(name, reading);
    return reading;
  }

  private async read(name: string): Promise<string> {
    const found = await this.secrets.findSecret(this.database, name);
    if (found !== undefined) return found;
    const value = randomBytes(SECRET_BYTES).toString('base64url');
    await this.secrets.insertSecret(this.database, { name, value, created_at: new Date() });
    const winner = await this.secrets.findSecret(this.database, name);
    if (winner === undefined) throw new Error(`the secret ${name} was removed while it was made`);
    return winner;
  }
}
