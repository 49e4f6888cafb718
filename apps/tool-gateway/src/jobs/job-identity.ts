import { randomBytes } from 'node:crypto';
import type { Permission, Principal, RequestContext, RunContext } from '#contract';

const TENANT = 'tenant:';
const SUBJECT = 'subject:';
const OF_JOBS: readonly Permission[] = ['run.start', 'run.read', 'run.cancel', 'node_run.read'];

/** Whose call it is. */
export interface Caller {
  readonly agentId: string;
  /** Of the agent; null: made without authentication. */
  readonly owner: string | null;
}

/** The run context of a call: the agent, in the tenant that it belongs to. */
export function runContextOf({ agentId, owner }: Caller): RunContext {
  const actor = { type: 'agent', id: agentId };
  return owner?.startsWith(TENANT) === true ? { tenant_id: owner.slice(TENANT.length), actor } : { actor };
}

/**
 * As whom a coordinator in this process is asked about the runs of an agent: the coordinator makes `subject` and `tenantId` the owner of
 * what it starts, so they are those of the owner of the agent. Over HTTP the token of the service says who asks.
 */
export function jobPrincipal({ agentId, owner }: Caller): Principal {
  const permissions = new Set(OF_JOBS);
  if (owner === null) return { subject: `agent:${agentId}`, permissions };
  if (owner.startsWith(TENANT)) {
    return { subject: `agent:${agentId}`, tenantId: owner.slice(TENANT.length), owner, permissions };
  }
  const subject = owner.startsWith(SUBJECT) ? owner.slice(SUBJECT.length) : owner;
  return { subject, owner, permissions };
}

/** For work that no request waits for: a trace of its own. */
export function jobContext(caller: Caller, requestId: string, signal: AbortSignal): RequestContext {
  return {
    principal: jobPrincipal(caller),
    trace: { traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex'), flags: '00' },
    requestId,
    signal,
  };
}
