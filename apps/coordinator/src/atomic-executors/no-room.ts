import { AppError } from '#contract';

const NO_ROOM: readonly string[] = ['execution_overloaded', 'service_stopping', 'overloaded'];

/** Whether an executor refused a node run because it takes none now. Nothing of it has run. */
export function isNoRoom(error: unknown): boolean {
  return error instanceof AppError && NO_ROOM.includes(error.code);
}
