import 'reflect-metadata';
import { readInvocation } from '#config';
import { listen, runService } from '#http';
import { gatewaySettings } from './gateway.config.js';
import { createGateway, GATEWAY } from './gateway.app.js';

await runService(async () => {
  const { settings } = readInvocation(gatewaySettings, {
    command: 'nest start gateway --',
    description: GATEWAY.description,
    version: GATEWAY.version,
    portSetting: 'ARP_RUN_GATEWAY_PORT',
  });
  const gateway = await createGateway(settings);
  await listen(gateway, {
    host: settings.ARP_HOST,
    port: settings.ARP_RUN_GATEWAY_PORT,
    portSetting: 'ARP_RUN_GATEWAY_PORT',
  });
  return { stop: () => gateway.stop(), graceMs: settings.ARP_SHUTDOWN_GRACE_MS };
});
