import { ClientError, ResponseBodyError, WWWAuthenticateChallengeError } from 'openid-client';
import { AppError } from '#contract';

/** Who wanted which token; `secrets` are cut out of whatever the identity provider says. */
export interface TokenErrorContext {
  readonly clientId: string;
  readonly audience: string;
  readonly secrets: readonly string[];
  readonly isExchange: boolean;
}

/** What the identity provider answered, as far as it answered. */
interface TokenAnswer {
  readonly status?: number;
  /** The OAuth error code. */
  readonly error?: string;
  readonly description?: string;
}

/** OAuth errors of a server that cannot now, whatever their status. */
const NOT_NOW: readonly (string | undefined)[] = ['temporarily_unavailable', 'server_error', 'slow_down'];
const MAX_DESCRIPTION = 200;

/**
 * The failure to get a token as an error of ours. Its message names client, audience and the OAuth error code; what else the identity
 * provider said is in the cause, which is logged. Neither holds a token or a secret: errors of the library do, so none is kept.
 */
export function tokenError(error: unknown, context: TokenErrorContext): AppError {
  if (error instanceof AppError) return error;
  const { clientId, audience, isExchange } = context;
  const answer = answerOf(error);
  const cause = new Error(redacted(describe(error, answer), context.secrets));
  if (isUnavailable(error, answer)) {
    return new AppError('identity_provider_unavailable', {
      message: `The identity provider did not give ${clientId} a token for ${audience}. Try again shortly.`,
      cause,
    });
  }
  if (isExchange && isSubjectRefused(answer)) {
    return new AppError('unauthorized', { message: 'The token is not valid any more', cause });
  }
  const reason = answer === undefined ? 'with what is no token' : `with ${answer.error ?? `status ${answer.status}`}`;
  return new AppError('token_request_failed', {
    message: `The identity provider answered ${clientId}, which asked for a token for ${audience}, ${redacted(reason, context.secrets)}.`,
    cause,
  });
}

/** Whether asking once more, at once, may help. */
export function isPassing(error: unknown): boolean {
  const status = answerOf(error)?.status;
  return status === undefined ? isNetworkError(error) : status >= 500;
}

function isUnavailable(error: unknown, answer: TokenAnswer | undefined): boolean {
  if (answer === undefined) return isNetworkError(error) || isTimeout(error);
  const { status = 0 } = answer;
  return status >= 500 || status === 429 || status === 408 || NOT_NOW.includes(answer.error);
}

/** The subject has logged out, or his token has just expired: Keycloak says so in words, others with invalid_grant. */
function isSubjectRefused({ error, description }: TokenAnswer = {}): boolean {
  return error === 'invalid_grant' || (error === 'invalid_request' && description === 'Invalid token');
}

function answerOf(error: unknown): TokenAnswer | undefined {
  if (error instanceof ResponseBodyError) {
    const { status, error: code, error_description: description } = error;
    return { status, error: code, ...(description === undefined ? {} : { description }) };
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    const [challenge] = error.cause;
    const code = challenge?.parameters.error;
    return { status: error.status, ...(code === undefined ? {} : { error: code }) };
  }
  // An answer that is not OAuth's, such as the page of a proxy.
  if (error instanceof ClientError && error.cause instanceof Response && error.cause.status !== 200) {
    return { status: error.cause.status };
  }
  return undefined;
}

/** `fetch` rejects with a TypeError for whatever keeps it from an answer, and the library hands it on. */
function isNetworkError(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof ClientError && error.code === undefined && !isTimeout(error));
}

function isTimeout(error: unknown): boolean {
  if (!(error instanceof ClientError)) return false;
  return error.code === 'OAUTH_TIMEOUT' || (error.cause instanceof Error && error.cause.name === 'TimeoutError');
}

function describe(error: unknown, answer: TokenAnswer | undefined): string {
  if (answer !== undefined) {
    const { status, error: code = '', description = '' } = answer;
    return `the token endpoint answered ${status} ${code} ${description.slice(0, MAX_DESCRIPTION)}`.trim();
  }
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? `${error.message}: ${cause.message || cause.name}` : error.message;
}

function redacted(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text);
}
