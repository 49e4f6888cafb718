import type { Principal, ResourceRef, RunContext, RunStartRequest } from '#contract';

/** Who a run is for, as tokens say it: `run_context.identity`. */
interface Identity {
  readonly issuer: string;
  readonly subject: string;
  /** The client that asked for the run. */
  readonly client_id?: string;
  /** The clients through which the request came to `client_id`, first the one that the person used. */
  readonly actors?: readonly string[];
  /** Roles and scopes of the token when the run was started. */
  readonly roles?: readonly string[];
}

/** Injection token of the clients that pass requests of others on (ARP_AUTH_FORWARDERS). */
export const FORWARDERS = Symbol('forwarders');

/**
 * The request with what is known of the caller in its run context, whatever the body says: `actor`, `tenant_id` and `identity` come
 * from his token alone. Without authentication it stays as it is.
 *
 * @param forwarders clients that pass requests of others on: what such a client says of the client before it is taken, if it is about
 *   the same subject, since an exchanged token does not tell
 */
export function stampIdentity(
  principal: Principal,
  request: RunStartRequest,
  forwarders: readonly string[],
): RunStartRequest {
  if (principal.owner === undefined) return request;
  const { identity: said, ...context } = request.run_context ?? {};
  return { ...request, run_context: { ...withoutCaller(context), ...callerOf(principal, said, forwarders) } };
}

/** A run context that says of the caller what his token says, and nothing else. Empty without authentication. */
export function contextOfCaller(principal: Principal): RunContext {
  return principal.owner === undefined ? {} : callerOf(principal, undefined, []);
}

/** The run context without anything about who asked. */
export function withoutCaller({
  actor: _actor,
  tenant_id: _tenant,
  identity: _identity,
  ...rest
}: RunContext): RunContext {
  return rest;
}

function callerOf(
  principal: Principal,
  said: Record<string, unknown> | undefined,
  forwarders: readonly string[],
): RunContext {
  const { tenantId, issuer } = principal;
  const actor = actorOf(principal);
  return {
    ...(tenantId === undefined ? {} : { tenant_id: tenantId }),
    ...(actor === undefined ? {} : { actor }),
    ...(issuer === undefined ? {} : { identity: { ...identityOf(principal, issuer, said, forwarders) } }),
  };
}

/** A caller as `run_context.actor` has it; undefined without authentication. */
export function actorOf({ owner, subject, issuer, isService }: Principal): ResourceRef | undefined {
  if (owner === undefined) return undefined;
  return { type: issuer === undefined ? 'anonymous' : isService === true ? 'service' : 'user', id: subject };
}

/** The run context without what an identity provider may tell in other words the next time: for telling a repeated request. */
export function withoutIdentity({ identity: _, ...rest }: RunContext): RunContext {
  return rest;
}

function identityOf(
  { subject, clientId, actors, roles }: Principal,
  issuer: string,
  said: Record<string, unknown> | undefined,
  forwarders: readonly string[],
): Identity {
  const before = clientId !== undefined && forwarders.includes(clientId) ? clientsBefore(said, issuer, subject) : [];
  const all = [...before, ...(actors ?? [])];
  return {
    issuer,
    subject,
    ...(clientId === undefined ? {} : { client_id: clientId }),
    ...(all.length === 0 ? {} : { actors: all }),
    ...(roles === undefined ? {} : { roles }),
  };
}

/** The clients that a forwarder names: its caller, and those before. */
function clientsBefore(said: Record<string, unknown> | undefined, issuer: string, subject: string): string[] {
  if (said?.['issuer'] !== issuer || said['subject'] !== subject) return [];
  const actors: unknown[] = Array.isArray(said['actors']) ? said['actors'] : [];
  return [...actors, said['client_id']].filter((one): one is string => typeof one === 'string');
}
