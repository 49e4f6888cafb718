import { readSettings } from '#config';
import { Health } from '#contract';
import { listen } from '#http';
import { freePort } from '#testing';
import { createAtomicExecutor } from '../../apps/atomic-executor/src/atomic-executor.app.js';
import { atomicExecutorSettings } from '../../apps/atomic-executor/src/atomic-executor.config.js';
import { createToolGateway, provideToolGatewayDatabase } from '../../apps/tool-gateway/src/tool-gateway.app.js';
import { toolGatewaySettings } from '../../apps/tool-gateway/src/tool-gateway.config.js';
import { CleanUp } from './coordinators.js';
import { call, conforming } from './http.js';

/** The tool gateway looks after the executor, and the executor after the tool gateway. */
describe('health of services that look after each other', () => {
  const cleanUp = new CleanUp();
  afterAll(() => cleanUp.run());

  it('is asked once of each, and not in circles', async () => {
    const database = await cleanUp.database();
    const port = await freePort();
    const common = { ARP_AUTH_PROFILE: 'dev-insecure', LOG_LEVEL: 'silent', DATABASE_URL: database.url };
    const executor = cleanUp.add(
      await createAtomicExecutor(
        readSettings(atomicExecutorSettings, { ...common, JARVIS_TOOL_GATEWAY_URL: `http://127.0.0.1:${port}` }),
        { handlers: {} },
      ),
      (service) => service.stop(),
    );
    const at = { host: '127.0.0.1', port: 0, portSetting: 'none' };
    const executorUrl = await listen(executor, at);
    const settings = readSettings(toolGatewaySettings, {
      ...common,
      JARVIS_TOOL_ENCRYPTION_KEYS: `k:${Buffer.alloc(32, 7).toString('base64')}`,
      JARVIS_ATOMIC_EXECUTOR_URL: executorUrl,
    });
    const provided = cleanUp.add(await provideToolGatewayDatabase(settings, () => undefined), (one) => one.release());
    const gateway = cleanUp.add(await createToolGateway(settings, provided), (service) => service.stop());
    const gatewayUrl = await listen(gateway, { ...at, port });
    const asked = { executor: 0, gateway: 0 };
    executor.app.getHttpServer().on('request', () => (asked.executor += 1));
    gateway.app.getHttpServer().on('request', () => (asked.gateway += 1));

    const ofGateway = conforming(Health, await call('GET', `${gatewayUrl}/v1/health`));
    expect(ofGateway.checks).toContainEqual({ name: 'atomic_executor', status: 'ok' });
    expect(asked).toEqual({ executor: 1, gateway: 1 });

    const ofExecutor = conforming(Health, await call('GET', `${executorUrl}/v1/health`));
    expect(ofExecutor.checks).toContainEqual({ name: 'tool_gateway', status: 'ok' });
    expect(asked).toEqual({ executor: 2, gateway: 2 });
  });
});
