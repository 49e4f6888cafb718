import fc from 'fast-check';
import { continueTrace, formatTraceparent } from './trace-context.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('W3C trace context', () => {
  it('goes on with the caller’s trace under a new span, flags and state kept', () => {
    const trace = continueTrace(`00-${TRACE}-${SPAN}-01`, 'vendor=1');
    expect(trace).toMatchObject({ traceId: TRACE, flags: '01', state: 'vendor=1' });
    expect(trace.spanId).not.toBe(SPAN);
    expect(formatTraceparent(trace)).toBe(`00-${TRACE}-${trace.spanId}-01`);
  });

  it('accepts a later version with more fields, and starts anew for what the standard calls invalid', () => {
    expect(continueTrace(`01-${TRACE}-${SPAN}-00-more`, undefined).traceId).toBe(TRACE);
    for (const header of [
      undefined,
      '',
      'x',
      `ff-${TRACE}-${SPAN}-01`,
      `00-${'0'.repeat(32)}-${SPAN}-01`,
      `00-${TRACE}-${'0'.repeat(16)}-01`,
      `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    ]) {
      expect(continueTrace(header, 'vendor=1')).toMatchObject({ traceId: expect.not.stringMatching(TRACE) as string });
      expect(continueTrace(header, 'vendor=1').state).toBeUndefined();
    }
  });

  it('always gives a valid traceparent, which continues as itself', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const trace = continueTrace(header, undefined);
        expect(continueTrace(formatTraceparent(trace), undefined).traceId).toBe(trace.traceId);
      }),
    );
  });
});
