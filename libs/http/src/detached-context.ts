import type { RequestContext } from '#contract';

/** The context for a call that others may come to wait for too: it goes on when the first caller is gone. */
export function detached(ctx: RequestContext): RequestContext {
  return { ...ctx, signal: new AbortController().signal };
}
