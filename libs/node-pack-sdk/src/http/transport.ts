import { Agent, buildConnector, fetch } from 'undici';
import type { Answer } from './answer.js';
import { guardedLookup } from './guarded-lookup.js';
import type { ResolveHost } from './guarded-lookup.js';
import type { Hop } from './hops.js';
import { markNeverSent } from './never-sent.js';

/** Carries one request, whose URL was checked, and follows no redirect. */
export interface Transport {
  send(hop: Hop, signal: AbortSignal): Promise<Answer>;
  /** Ends all connections. */
  close(): Promise<void>;
}

/**
 * The network. Connections are kept between requests.
 *
 * @param checkAddress throws for an address that must not be connected to
 * @param resolve default: the system's resolver
 */
export function networkTransport(
  checkAddress: (hostname: string, address: string) => void,
  resolve?: ResolveHost,
): Transport {
  const connect = buildConnector({ lookup: guardedLookup(checkAddress, resolve) });
  // The time limit of a call covers what the agent has limits of its own for.
  const agent = new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: (options, callback) => {
      connect(options, (...[error, socket]) => {
        if (error === null) {
          callback(null, socket);
          return;
        }
        markNeverSent(error);
        callback(error, null);
      });
    },
  });
  return {
    send: async ({ url, ...init }, signal) =>
      await fetch(url, { ...init, redirect: 'manual', dispatcher: agent, signal }),
    close: () => agent.destroy(),
  };
}
