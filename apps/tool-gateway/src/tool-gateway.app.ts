import { loginOf, outboundTokens, resolveAuth, sayWhatHolds } from '#auth';
import type { AuthDefaults } from '#auth';
import { atomicExecutorClients, RunCoordinatorClient } from '#clients';
import type { AtomicExecutorApi, CredentialsApi, RunsApi } from '#contract';
import { provideDatabase } from '#database';
import type { ProvidedDatabase } from '#database';
import { createApp, createLogger, SERVICE_VERSION, StartupError } from '#http';
import type { ServiceApp, ServiceDescription } from '#http';
import { ToolGatewayModule } from './app.module.js';
import { CredentialsService } from './credentials/credentials.service.js';
import { TOOL_GATEWAY_ENTITIES } from './entities.js';
import type { ToolGatewaySettings } from './tool-gateway.config.js';
import type { ToolGatewayOptions } from './tool-gateway-options.js';
import { installCorrelationId } from './wire/correlation-id.js';
import { toolErrorOf } from './wire/tool-error-body.js';

export const TOOL_GATEWAY: ServiceDescription = {
  name: 'arp-tool-gateway',
  title: 'ARP Tool Gateway API',
  description:
    'Lets agents call outside tools with their own keys, under policies, with credentials that they never see. Not a service of the ARP Standard.',
  version: SERVICE_VERSION,
};

export const TOOL_GATEWAY_AUTH: AuthDefaults = { audiences: [TOOL_GATEWAY.name], mode: 'required' };

/** Services in the same process that the tool gateway calls; for one that is absent a setting says where it is, if it is. */
export interface ToolGatewayPeers {
  readonly executor?: AtomicExecutorApi;
  readonly runs?: RunsApi;
}

/** A tool gateway and the service interface that an executor in the same process may use instead of HTTP. */
export interface ToolGatewayApp extends ServiceApp {
  readonly credentials: CredentialsApi;
}

/**
 * @throws StartupError when legacy minting is on where it must not be, or there is no key for the credential store
 */
export async function createToolGateway(
  settings: ToolGatewaySettings,
  database: ProvidedDatabase,
  peers: ToolGatewayPeers = {},
): Promise<ToolGatewayApp> {
  const logger = createLogger(TOOL_GATEWAY.name, settings);
  const auth = resolveAuth(settings, TOOL_GATEWAY_AUTH);
  sayWhatHolds(auth, logger);
  const options = toolGatewayOptions(settings);
  if (options.legacyMinting && (auth.profile === 'enterprise' || settings.NODE_ENV === 'production')) {
    throw new StartupError(
      'JARVIS_TOOL_LEGACY_MINTING=true is refused with ARP_AUTH_PROFILE=enterprise and NODE_ENV=production: anybody could have a token of any agent.',
    );
  }
  if (options.legacyMinting) {
    logger.warn('JARVIS_TOOL_LEGACY_MINTING=true: whoever names an agent has its token. For development only.');
  }
  const clients = createClients(settings, peers);
  const module = ToolGatewayModule.of(TOOL_GATEWAY, {
    database: database.database,
    executors: peers.executor === undefined ? clients.executors : [peers.executor],
    runs: peers.runs ?? clients.runs,
    options,
    auth,
    logger,
  });
  const service = await createApp(module, TOOL_GATEWAY, settings, logger, {
    login: loginOf(auth),
    errorBody: toolErrorOf,
    install: installCorrelationId,
  });
  return {
    ...service,
    credentials: service.app.get(CredentialsService),
    stop: async () => {
      await service.stop();
      for (const client of Object.values(clients).flat()) await client?.close();
    },
  };
}

/** The database of a tool gateway, as its settings say. */
export function provideToolGatewayDatabase(
  settings: ToolGatewaySettings,
  onNotice: (sentence: string) => void,
): Promise<ProvidedDatabase> {
  return provideDatabase(settings, { name: TOOL_GATEWAY.name, entities: TOOL_GATEWAY_ENTITIES }, onNotice);
}

/** @throws StartupError when there is no key for the credential store */
export function toolGatewayOptions(settings: ToolGatewaySettings): ToolGatewayOptions {
  const { JARVIS_TOOL_GATEWAY_PUBLIC_URL: publicUrl, JARVIS_TOOL_ENCRYPTION_KEYS: encryptionKeys } = settings;
  if (encryptionKeys === undefined) {
    throw new StartupError(
      'JARVIS_TOOL_ENCRYPTION_KEYS is not set: it encrypts credentials and signing keys. Make one with: echo "k1:$(openssl rand -base64 32)"',
    );
  }
  return {
    audiences: [TOOL_GATEWAY.name, ...(publicUrl === undefined ? [] : [publicUrl])],
    publicUrl,
    encryptionKeys,
    legacyMinting: settings.JARVIS_TOOL_LEGACY_MINTING,
    callTimeoutMs: settings.JARVIS_TOOL_CALL_TIMEOUT_MS,
    ratePerMinute: settings.JARVIS_TOOL_RATE_LIMIT_PER_MINUTE,
    maxConcurrency: settings.JARVIS_TOOL_MAX_CONCURRENCY,
    retries: settings.JARVIS_TOOL_RETRIES,
    breaker: { failures: settings.JARVIS_TOOL_BREAKER_FAILURES, openMs: settings.JARVIS_TOOL_BREAKER_OPEN_MS },
    cacheSeconds: settings.JARVIS_TOOL_CACHE_SECS,
    retentionDays: settings.JARVIS_TOOL_LOG_RETENTION_DAYS,
  };
}

/** HTTP clients of the peers that are configured and not in this process. */
function createClients(settings: ToolGatewaySettings, peers: ToolGatewayPeers) {
  const executors = peers.executor === undefined ? settings.JARVIS_ATOMIC_EXECUTOR_URL : undefined;
  const coordinator = peers.runs === undefined ? settings.ARP_RUN_COORDINATOR_URL : undefined;
  return {
    executors: atomicExecutorClients(settings, executors, settings.JARVIS_TOOL_CALL_TIMEOUT_MS),
    runs:
      coordinator === undefined
        ? undefined
        : new RunCoordinatorClient({
            baseUrl: coordinator,
            timeoutMs: settings.ARP_RUN_COORDINATOR_TIMEOUT_MS,
            tokens: outboundTokens(settings).asService({
              audience: settings.ARP_RUN_COORDINATOR_AUDIENCE,
              bearerToken: settings.ARP_RUN_COORDINATOR_BEARER_TOKEN,
            }),
          }),
  };
}
