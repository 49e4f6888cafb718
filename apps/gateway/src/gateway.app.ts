import { loginOf, outboundTokens, resolveAuth, sayWhatHolds } from '#auth';
import type { AuthDefaults } from '#auth';
import { RunCoordinatorClient } from '#clients';
import type { ApprovalsApi, RunsApi } from '#contract';
import { createApp, createLogger, SERVICE_VERSION } from '#http';
import type { ServiceApp, ServiceDescription } from '#http';
import { NoApprovals } from './approvals/no-approvals.js';
import { GatewayModule } from './app.module.js';
import type { GatewaySettings } from './gateway.config.js';
import { InMemoryRuns } from './runs/in-memory-runs.js';

export const GATEWAY: ServiceDescription = {
  name: 'arp-run-gateway',
  title: 'ARP Run Gateway API',
  description: 'Front door for clients: starts, reads, cancels and streams runs; forwards to the Run Coordinator.',
  version: SERVICE_VERSION,
};

/** Its seed authenticates nobody unless it is told to. */
export const GATEWAY_AUTH: AuthDefaults = { audiences: [GATEWAY.name], mode: 'disabled' };

/** What a gateway stands in front of. */
export interface GatewayPeers {
  readonly runs: RunsApi;
  readonly approvals: ApprovalsApi;
}

/** @param peers the coordinator in this process; when absent, ARP_RUN_COORDINATOR_URL says where it is, or memory stands in */
export async function createGateway(settings: GatewaySettings, peers?: GatewayPeers): Promise<ServiceApp> {
  const logger = createLogger(GATEWAY.name, settings);
  const auth = resolveAuth(settings, GATEWAY_AUTH);
  sayWhatHolds(auth, logger);
  const client = peers === undefined ? coordinatorClient(settings) : undefined;
  if (peers === undefined && client === undefined) {
    logger.warn(
      'ARP_RUN_COORDINATOR_URL is not set: runs are kept in memory, nothing executes them, and a restart forgets them',
    );
  }
  if (client !== undefined && auth.mode !== 'disabled' && speaksForAll(settings)) {
    logger.warn(
      'Callers are authenticated here, but the Run Coordinator is not told who they are: it cannot keep tenants apart, and everybody sees the runs of all. Set ARP_AUTH_CLIENT_ID and ARP_AUTH_CLIENT_SECRET, and no ARP_RUN_COORDINATOR_BEARER_TOKEN.',
    );
  }
  const service = await createApp(
    GatewayModule.of(GATEWAY, peers ?? peersOf(client), auth, logger),
    GATEWAY,
    settings,
    logger,
    { login: loginOf(auth) },
  );
  return {
    ...service,
    stop: async () => {
      await service.stop();
      await client?.close();
    },
  };
}

function peersOf(client: RunCoordinatorClient | undefined): GatewayPeers {
  return client === undefined
    ? { runs: new InMemoryRuns(), approvals: new NoApprovals() }
    : { runs: client, approvals: client };
}

/** Whether all callers are one to the coordinator: with the token that is set for it, or without any. */
function speaksForAll(settings: GatewaySettings): boolean {
  return settings.ARP_RUN_COORDINATOR_BEARER_TOKEN !== undefined || settings.ARP_AUTH_CLIENT_ID === undefined;
}

function coordinatorClient(settings: GatewaySettings): RunCoordinatorClient | undefined {
  const tokens = outboundTokens(settings);
  if (settings.ARP_RUN_COORDINATOR_URL === undefined) return undefined;
  return new RunCoordinatorClient({
    baseUrl: settings.ARP_RUN_COORDINATOR_URL,
    timeoutMs: settings.ARP_RUN_COORDINATOR_TIMEOUT_MS,
    tokens: tokens.onBehalfOfCaller({
      audience: settings.ARP_RUN_COORDINATOR_AUDIENCE,
      bearerToken: settings.ARP_RUN_COORDINATOR_BEARER_TOKEN,
    }),
  });
}
