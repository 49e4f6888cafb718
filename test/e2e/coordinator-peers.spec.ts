import { Health } from '#contract';
import { freePort, startScriptedCompositeExecutor } from '#testing';
import { call, conforming } from './http.js';
import { inOneProcess } from './suites.js';

describe('the health of a coordinator', () => {
  it('shows composite executor and node registry when they are configured, and does without them', async () => {
    const composite = await startScriptedCompositeExecutor();
    const suite = await inOneProcess({
      ARP_COMPOSITE_EXECUTOR_URL: `${composite.url}/v1/`,
      JARVIS_NODE_REGISTRY_URL: `http://127.0.0.1:${await freePort()}`,
    });
    try {
      expect(conforming(Health, await call('GET', `${suite.coordinator}/v1/health`))).toMatchObject({
        status: 'degraded',
        checks: [
          { name: 'database', status: 'ok' },
          { name: 'atomic_executor', status: 'ok' },
          { name: 'composite_executor', status: 'ok' },
          { name: 'node_registry', status: 'down', message: expect.stringContaining('JARVIS_NODE_REGISTRY_URL') },
        ],
      });
    } finally {
      await suite.stop();
      await composite.close();
    }
  });

  it('does not mention what is not configured', async () => {
    const suite = await inOneProcess();
    try {
      const { status, checks } = conforming(Health, await call('GET', `${suite.coordinator}/v1/health`));
      expect({ status, names: checks?.map(({ name }) => name) }).toEqual({
        status: 'ok',
        names: ['database', 'atomic_executor'],
      });
    } finally {
      await suite.stop();
    }
  });
});
