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

/**
 * The run context of a call: who it is for, so that it belongs to whom the agent belongs to. `ownerOfRun` of it is the owner of the
 * agent; of an agent without owner it is the agent.
 */
export function runContextOf({ agentId, owner }: Caller): RunContext {
  const extensions = { 'jarvis.agent_id': agentId };
  if (owner?.startsWith(TENANT) === true) {
    return { tenant_id: owner.slice(TENANT.length), actor: { type: 'agent', id: agentId }, extensions };
  }
  return { actor: { type: 'agent', id: owner === null ? agentId : subjectOf(owner) }, extensions };
}

/** As whom a coordinator in this process is asked about the runs of an agent. Over HTTP the token of the service says who asks. */
export function jobPrincipal({ agentId, owner }: Caller): Principal {
  const permissions = new Set(OF_JOBS);
  if (owner === null) return { subject: `agent:${agentId}`, permissions };
  if (owner.startsWith(TENANT)) {
    return { subject: `agent:${agentId}`, tenantId: owner.slice(TENANT.length), owner, permissions };
  }
  return { subject: subjectOf(owner), owner, permissions };
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

function subjectOf(owner: string): string {
  return owner.startsWith(SUBJECT) ? owner.slice(SUBJECT.length) : owner;
}
