import 'reflect-metadata';
import { resolveAuth } from '#auth';
import { readInvocation } from '#config';
import { listen, runService } from '#http';
import {
  createToolGateway,
  provideToolGatewayDatabase,
  TOOL_GATEWAY,
  TOOL_GATEWAY_AUTH,
  toolGatewayOptions,
} from './tool-gateway.app.js';
import { toolGatewaySettings } from './tool-gateway.config.js';

await runService(async () => {
  const { settings } = readInvocation(toolGatewaySettings, {
    command: 'nest start tool-gateway --',
    description: TOOL_GATEWAY.description,
    version: TOOL_GATEWAY.version,
    portSetting: 'ARP_TOOL_GATEWAY_PORT',
  });
  // Before anything is opened: without the settings that it needs it must leave its database alone.
  resolveAuth(settings, TOOL_GATEWAY_AUTH);
  toolGatewayOptions(settings);
  const database = await provideToolGatewayDatabase(settings, (sentence) => process.stderr.write(`${sentence}\n`));
  const gateway = await createToolGateway(settings, database).catch(async (error: unknown) => {
    await database.release();
    throw error;
  });
  const stop = async () => {
    await gateway.stop();
    await database.release();
  };
  await listen(gateway, {
    host: settings.ARP_HOST,
    port: settings.ARP_TOOL_GATEWAY_PORT,
    portSetting: 'ARP_TOOL_GATEWAY_PORT',
  }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { stop, graceMs: settings.ARP_SHUTDOWN_GRACE_MS };
});
