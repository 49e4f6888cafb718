import type { Permission } from './permissions.js';

/** What the holder of an assignment token may report on: one node run, as it was handed out in one epoch. */
export interface Assignment {
  readonly runId: string;
  readonly nodeRunId: string;
  readonly epoch: number;
}

/** Who is asking, as far as it was verified. */
export interface Principal {
  /** Stable identifier of the caller: the `sub` of a token, else a name that the settings give. */
  readonly subject: string;
  /** Tenant the caller belongs to: a claim of the token. */
  readonly tenantId?: string;
  /** What owns what this caller makes: `tenant:<id>`, else `subject:<sub>`. Absent where callers are not authenticated: then there are no borders. */
  readonly owner?: string;
  /** Names of roles and scopes of the token, from which the permissions come. Absent: none. */
  readonly roles?: readonly string[];
  /** Absent: none. */
  readonly permissions?: ReadonlySet<Permission>;
  /** Issuer of the token. Present exactly when a token of an identity provider was verified. */
  readonly issuer?: string;
  /** The client that holds the token (`azp` or `client_id`). */
  readonly clientId?: string;
  /** A client that acts for itself and not for a person. */
  readonly isService?: boolean;
  /** Clients through which the request came before `clientId`, first the one that the person used; from the `act` claim of the token. */
  readonly actors?: readonly string[];
  /** The verified access token, for exchange. Never logged, never stored. */
  readonly token?: string;
  /** Of a caller with an assignment token instead of one of an identity provider. */
  readonly assignment?: Assignment;
}

/** W3C Trace Context (https://www.w3.org/TR/trace-context/) of the current request. */
export interface TraceContext {
  /** 32 lower-case hex digits, never all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits: the span of this hop. */
  readonly spanId: string;
  /** Two hex digits; bit 0 is "sampled". */
  readonly flags: string;
  /** The caller's `tracestate`, passed on untouched. */
  readonly state?: string;
}

/** The first parameter of every service method. Explicit, so that a signature shows who is asking and how to stop. */
export interface RequestContext {
  readonly principal: Principal;
  readonly trace: TraceContext;
  /** The caller's `x-request-id`, or one made on arrival. */
  readonly requestId: string;
  /** Fires when the caller has gone away, or (with the AppError service_stopping as reason) when the service is stopping. */
  readonly signal: AbortSignal;
}
