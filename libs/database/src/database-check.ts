import { Injectable } from '@nestjs/common';
import type { DependencyCheck } from '#http';
import { Database } from './database.js';

/** Nothing works without the database. */
@Injectable()
export class DatabaseCheck implements DependencyCheck {
  readonly name = 'database';
  readonly essential = true;

  constructor(private readonly database: Database) {}

  check(): Promise<void> {
    return this.database.ping();
  }
}
