import 'reflect-metadata';
import { resolveAuth } from '#auth';
import { readInvocation } from '#config';
import { listen, runService } from '#http';
import { coordinatorSettings } from './coordinator.config.js';
import { COORDINATOR, COORDINATOR_AUTH, createCoordinator, provideCoordinatorDatabase } from './coordinator.app.js';

await runService(async () => {
  const { settings } = readInvocation(coordinatorSettings, {
    command: 'nest start coordinator --',
    description: COORDINATOR.description,
    version: COORDINATOR.version,
    portSetting: 'ARP_RUN_COORDINATOR_PORT',
  });
  // Before anything is opened: without the settings that it needs it must leave its database alone.
  resolveAuth(settings, COORDINATOR_AUTH);
  const database = await provideCoordinatorDatabase(settings, (sentence) => process.stderr.write(`${sentence}\n`));
  const coordinator = await createCoordinator(settings, database);
  const stop = async () => {
    await coordinator.stop();
    await database.release();
  };
  await listen(coordinator, {
    host: settings.ARP_HOST,
    port: settings.ARP_RUN_COORDINATOR_PORT,
    portSetting: 'ARP_RUN_COORDINATOR_PORT',
  }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { stop, graceMs: settings.ARP_SHUTDOWN_GRACE_MS };
});
