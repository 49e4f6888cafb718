/** What the body of an error answer says, as far as it says anything. */
export interface ErrorBody {
  readonly code?: string;
  readonly message?: string;
  readonly details?: Record<string, unknown>;
}

/** A JWT, whoever signed it. */
const JWT = /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g;

/**
 * The body of an error answer without tokens. Peers may repeat what they were sent: services on FastAPI answer a body that they refuse
 * with the body, assignment token included. It gets into logs, and into what callers are told.
 *
 * @param sent tokens that went with the request, which need not be JWTs
 */
export function withoutTokens(text: string, sent: readonly (string | undefined)[]): string {
  const rest = text.replace(JWT, '[redacted]');
  return sent.reduce<string>(
    (left, token) => (token === undefined ? left : left.replaceAll(token, '[redacted]')),
    rest,
  );
}

/** Reads our envelope (`common/error.schema.json`), or the `{"detail": …}` of Python services. Anything else says nothing. */
export function readErrorBody(text: string): ErrorBody {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return {};
  }
  const { error, detail } = (body ?? {}) as { error?: unknown; detail?: unknown };
  if (error === undefined || error === null) return detail === undefined ? {} : { message: JSON.stringify(detail) };
  const { code, message, details } = error as { code?: unknown; message?: unknown; details?: unknown };
  return {
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof message === 'string' ? { message } : {}),
    ...(typeof details === 'object' && details !== null ? { details: details as Record<string, unknown> } : {}),
  };
}
