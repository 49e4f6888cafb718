import { createHash } from 'node:crypto';
import { AppError } from '#contract';

/** SHA-256 of a token, in hex: what is kept of it. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** SHA-256 of who uses an id and the id, in hex: what is kept of it. */
export function usedIdHash(user: string, id: string): string {
  return createHash('sha256')
    .update(JSON.stringify([user, id]))
    .digest('hex');
}

export function inactiveAgent(agentId: string): AppError {
  return new AppError('agent_inactive', {
    message: `The agent ${agentId} is not active.`,
    details: { agent_id: agentId },
  });
}
