import 'reflect-metadata';
import { readInvocation } from '#config';
import { listen, runService } from '#http';
import { ATOMIC_EXECUTOR, createAtomicExecutor } from './atomic-executor.app.js';
import { atomicExecutorSettings } from './atomic-executor.config.js';

await runService(async () => {
  const { settings } = readInvocation(atomicExecutorSettings, {
    command: 'nest start atomic-executor --',
    description: ATOMIC_EXECUTOR.description,
    version: ATOMIC_EXECUTOR.version,
    portSetting: 'ARP_ATOMIC_EXECUTOR_PORT',
  });
  const executor = await createAtomicExecutor(settings);
  await listen(executor, {
    host: settings.ARP_HOST,
    port: settings.ARP_ATOMIC_EXECUTOR_PORT,
    portSetting: 'ARP_ATOMIC_EXECUTOR_PORT',
  });
  return { stop: () => executor.stop(), graceMs: settings.ARP_SHUTDOWN_GRACE_MS };
});
