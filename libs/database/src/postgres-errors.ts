import { QueryFailedError } from 'typeorm';
import { AppError } from '#contract';

/** SQLSTATE codes by the names that code uses (PostgreSQL manual, appendix A). */
export const POSTGRES_ERRORS = {
  deadlockDetected: '40P01',
  serializationFailure: '40001',
  lockNotAvailable: '55P03',
  uniqueViolation: '23505',
  characterNotInRepertoire: '22021',
  untranslatableCharacter: '22P05',
  idleInTransaction: '25P03',
  readOnlyTransaction: '25006',
  queryCanceled: '57014',
} as const;

/** SQLSTATE classes that mean "no database right now": connection, resources, operator intervention, system error. */
const UNAVAILABLE_CLASSES = ['08', '53', '57', '58'];
/**
 * Codes of other classes that pass by themselves: others were in the way for as long as we tried, the session was ended while this
 * process stood still, or the server is a standby that is about to be, or was, the primary.
 */
const PASSING_CODES: readonly string[] = [
  POSTGRES_ERRORS.deadlockDetected,
  POSTGRES_ERRORS.serializationFailure,
  POSTGRES_ERRORS.lockNotAvailable,
  POSTGRES_ERRORS.idleInTransaction,
  POSTGRES_ERRORS.readOnlyTransaction,
];
const UNAVAILABLE_NODE_CODES = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ECONNABORTED',
  'EAI_AGAIN',
];
const NOT_QUERYABLE = 'Client has encountered a connection error';
const UNAVAILABLE_MESSAGES = [
  'Connection terminated',
  'timeout exceeded when trying to connect',
  'Query read timeout',
  NOT_QUERYABLE,
  'Cannot use a pool after calling end',
];

/** A transaction that failed before anything of it was written. */
export class UnsentError extends Error {
  override readonly name = 'UnsentError';

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/**
 * Whether nothing of a transaction can have been committed although its end was asked for: the driver knew the connection to be
 * broken and sent nothing, or the server had ended the session because nothing came.
 */
export function wasConnectionDead(error: unknown): boolean {
  if (codeOf(error) === POSTGRES_ERRORS.idleInTransaction) return true;
  return error instanceof Error && error.message.includes(NOT_QUERYABLE);
}

/** Whether running the same transaction again is the right answer. */
export function isRetryableConflict(error: unknown): boolean {
  const code = codeOf(error);
  return code === POSTGRES_ERRORS.deadlockDetected || code === POSTGRES_ERRORS.serializationFailure;
}

/** Whether a row with the same key exists: somebody else wrote it meanwhile. */
export function isUniqueViolation(error: unknown): boolean {
  return codeOf(error) === POSTGRES_ERRORS.uniqueViolation;
}

/** Whether a lock was not had within `lock_timeout`; also when it was translated already. */
export function isLockTimeout(error: unknown): boolean {
  return codeOf(error instanceof AppError ? error.cause : error) === POSTGRES_ERRORS.lockNotAvailable;
}

/** Whether Postgres gave one statement up for the time it took, waiting or working. The server is there and does other work. */
export function tookTooLong(error: unknown): boolean {
  const code = codeOf(error);
  return code === POSTGRES_ERRORS.lockNotAvailable || code === POSTGRES_ERRORS.queryCanceled;
}

/** Names what went wrong in Postgres; anything else passes as it is. */
export function translatePostgresError(error: unknown): unknown {
  if (error instanceof AppError) return error;
  const code = codeOf(error);
  if (code === POSTGRES_ERRORS.characterNotInRepertoire || code === POSTGRES_ERRORS.untranslatableCharacter) {
    return new AppError('invalid_request', {
      message: 'A name or id in the request holds a character that cannot be stored, such as U+0000.',
      cause: error,
    });
  }
  return isUnavailable(code, error) ? new AppError('database_unavailable', { cause: error }) : error;
}

/** Whether there was no database, so that what was sent may have been carried out or not; also when it was translated already. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const translated = translatePostgresError(error);
  return translated instanceof AppError && translated.code === 'database_unavailable';
}

function isUnavailable(code: string | undefined, error: unknown): boolean {
  if (code !== undefined) {
    return (
      PASSING_CODES.includes(code) ||
      UNAVAILABLE_NODE_CODES.includes(code) ||
      (code.length === 5 && UNAVAILABLE_CLASSES.includes(code.slice(0, 2)))
    );
  }
  return error instanceof Error && UNAVAILABLE_MESSAGES.some((message) => error.message.includes(message));
}

function codeOf(error: unknown): string | undefined {
  const source: unknown =
    error instanceof QueryFailedError ? error.driverError : error instanceof UnsentError ? error.cause : error;
  const code = (source as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
