import type { FastifyRequest } from 'fastify';

/** What a request shows of its agent. */
export interface PresentedToken {
  readonly token: string;
  readonly proof: string | undefined;
}

const SCHEME = /^(?:Bearer|DPoP) +(\S+)$/i;

/**
 * The agent token of a request: of its body, as clients of the original gateway send it, else of `Authorization: Bearer` or `DPoP`.
 *
 * @param inBody `agent_token`
 */
export function presentedToken(
  { headers }: Pick<FastifyRequest, 'headers'>,
  inBody: string | undefined,
): PresentedToken | undefined {
  const token = inBody ?? SCHEME.exec(headers.authorization?.trim() ?? '')?.[1];
  const proof = headers['dpop'];
  return token === undefined || token === '' ? undefined : { token, proof: Array.isArray(proof) ? proof[0] : proof };
}
