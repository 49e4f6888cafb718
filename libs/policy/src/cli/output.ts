/** Where a command writes. */
export interface Output {
  /** To stdout. */
  line(text: string): void;
  /** To stderr. */
  problem(text: string): void;
}

/** A command cannot be run as it was asked; the process ends with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
