/** What a verified agent token lets its agent do. */
export interface AgentGrant {
  readonly agentId: string;
  readonly agentName: string;
  readonly role: string;
  /** Whose agent it is; null: made without authentication. */
  readonly owner: string | null;
  readonly tools: readonly string[];
  /** Of `read`, `write`. */
  readonly permissions: readonly string[];
  /** What the agent said that it is about when it got the token. */
  readonly intent?: string;
  /** `jti` of the token. */
  readonly tokenId: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

const SOON_MS = 300_000;
const SOON_SHARE = 0.2;

/**
 * Whether the agent should get itself a new token: five minutes before the end of this one, or a fifth of its lifetime before where
 * that is less.
 *
 * @returns when this one expires, if a new one should be had; else undefined
 */
export function rotationAdvice(
  { issuedAt, expiresAt }: Pick<AgentGrant, 'issuedAt' | 'expiresAt'>,
  now: Date,
): Date | undefined {
  const lifetimeMs = expiresAt.getTime() - issuedAt.getTime();
  const leftMs = expiresAt.getTime() - now.getTime();
  return leftMs < Math.min(SOON_MS, lifetimeMs * SOON_SHARE) ? expiresAt : undefined;
}
