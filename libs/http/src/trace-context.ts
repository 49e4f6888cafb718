import { randomBytes } from 'node:crypto';
import type { TraceContext } from '#contract';

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/**
 * The trace context of this hop: the caller's trace with a new span, or a new trace when the header is absent or malformed
 * (W3C Trace Context, section 3.2 and 4.3).
 */
export function continueTrace(traceparent: string | undefined, tracestate: string | undefined): TraceContext {
  const match = traceparent === undefined ? null : TRACEPARENT.exec(traceparent.trim());
  const spanId = randomBytes(8).toString('hex');
  if (match === null) return { traceId: randomBytes(16).toString('hex'), spanId, flags: '00' };
  const [, traceId = '', , flags = '00'] = match;
  return tracestate === undefined || tracestate.length > 512
    ? { traceId, spanId, flags }
    : { traceId, spanId, flags, state: tracestate };
}

/** The `traceparent` header that carries `trace` to the next hop. */
export function formatTraceparent(trace: TraceContext): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.flags}`;
}
