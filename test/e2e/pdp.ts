import { readSettings } from '#config';
import { listen } from '#http';
import { createPdp } from '../../apps/pdp/src/pdp.app.js';
import { pdpSettings } from '../../apps/pdp/src/pdp.config.js';

/** A policy decision point in this process. */
export interface StartedPdp {
  readonly url: string;
  stop(): Promise<void>;
}

/** Without authentication and with dev-allow where `env` does not say otherwise. */
export async function startPdp(env: Readonly<Record<string, string>> = {}): Promise<StartedPdp> {
  const settings = readSettings(pdpSettings, {
    ARP_AUTH_PROFILE: 'dev-insecure',
    JARVIS_POLICY_PROFILE: 'dev-allow',
    LOG_LEVEL: 'silent',
    ...env,
  });
  const pdp = await createPdp(settings);
  const url = await listen(pdp, { host: '127.0.0.1', port: 0, portSetting: 'ARP_PDP_PORT' });
  return { url, stop: () => pdp.stop() };
}
