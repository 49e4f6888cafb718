import { loginOf, resolveAuth, sayWhatHolds } from '#auth';
import type { AuthDefaults } from '#auth';
import { atomicExecutorClients, nodeRegistryClient } from '#clients';
import { createApp, createLogger, SERVICE_VERSION } from '#http';
import type { ServiceApp, ServiceDescription } from '#http';
import { LocalPolicy, logPolicyStatus, openPolicy, PolicyCheckpoint, PolicyFileCheck } from '#policy';
import { PdpModule } from './app.module.js';
import { NodeTypesService } from './node-types/node-types.service.js';
import type { PdpSettings } from './pdp.config.js';

export const PDP: ServiceDescription = {
  name: 'arp-pdp',
  title: 'ARP Policy Decision Point (PDP) API',
  description: 'Decides by a policy file what services may do: allow, deny, or require an approval.',
  version: SERVICE_VERSION,
};

/** The second is how the settings of the coordinator call it. */
export const PDP_AUTH: AuthDefaults = { audiences: [PDP.name, 'arp-jarvis-pdp'], mode: 'required' };

export async function createPdp(settings: PdpSettings): Promise<ServiceApp> {
  const logger = createLogger(PDP.name, settings);
  const auth = resolveAuth(settings, PDP_AUTH);
  sayWhatHolds(auth, logger);
  const source = await openPolicy(settings, { onStatus: logPolicyStatus(logger) });
  const executors = atomicExecutorClients(
    settings,
    settings.JARVIS_ATOMIC_EXECUTOR_URL,
    settings.JARVIS_ATOMIC_EXECUTOR_TIMEOUT_MS,
  );
  const registry = nodeRegistryClient(
    settings,
    settings.JARVIS_NODE_REGISTRY_URL,
    settings.JARVIS_NODE_REGISTRY_TIMEOUT_MS,
  );
  // Which service asks, its token says.
  const policy = new LocalPolicy(source, ({ principal }) => principal.clientId);
  const module = PdpModule.of(PDP, {
    checkpoint: new PolicyCheckpoint(policy, settings.JARVIS_POLICY_DRY_RUN, logger),
    nodeTypes: new NodeTypesService(executors, registry),
    checks: source.status === undefined ? [] : [new PolicyFileCheck(source)],
    auth,
    logger,
  });
  const service = await createApp(module, PDP, settings, logger, { login: loginOf(auth) });
  return {
    ...service,
    stop: async () => {
      await service.stop();
      await source.close();
      for (const client of [...executors, registry]) await client?.close();
    },
  };
}
