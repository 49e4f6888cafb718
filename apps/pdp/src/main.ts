import 'reflect-metadata';
import { readInvocation } from '#config';
import { listen, runService } from '#http';
import { createPdp, PDP } from './pdp.app.js';
import { pdpSettings } from './pdp.config.js';

await runService(async () => {
  const { settings } = readInvocation(pdpSettings, {
    command: 'nest start pdp --',
    description: PDP.description,
    version: PDP.version,
    portSetting: 'ARP_PDP_PORT',
  });
  const pdp = await createPdp(settings);
  await listen(pdp, { host: settings.ARP_HOST, port: settings.ARP_PDP_PORT, portSetting: 'ARP_PDP_PORT' });
  return { stop: () => pdp.stop(), graceMs: settings.ARP_SHUTDOWN_GRACE_MS };
});
