/** Who is asking. Until a service authenticates callers, the subject is the development subject. */
export interface Principal {
  /** Stable identifier of the caller (the `sub` of a token). */
  readonly subject: string;
  /** Tenant the caller belongs to, when known. */
  readonly tenantId?: string;
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
