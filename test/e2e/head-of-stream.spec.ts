import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readSettings } from '#config';
import { listen } from '#http';
import { createGateway } from '../../apps/gateway/src/gateway.app.js';
import { gatewaySettings } from '../../apps/gateway/src/gateway.config.js';
import { until } from '../chaos/settling.js';
import { CleanUp } from './coordinators.js';

const EVENT = { run_id: 'r', seq: 1, type: 'run_started', time: '2026-01-31T12:00:00Z' };

describe('HEAD of an event stream', () => {
  const steps = new CleanUp();
  afterAll(() => steps.run());

  it('follows nothing: nobody would read it, nor hang up', async () => {
    const asked: string[] = [];
    const open = new Set<ServerResponse>();
    const coordinator = createServer((request, response) => {
      asked.push(request.url ?? '');
      open.add(response);
      response.once('close', () => open.delete(response));
      response.writeHead(200, { 'content-type': 'application/x-ndjson' }).write(`${JSON.stringify(EVENT)}\n`);
      // As a run that goes on for long.
      if (!request.url?.includes('follow')) response.end();
    });
    await new Promise<void>((settle) => coordinator.listen(0, '127.0.0.1', settle));
    steps.add(coordinator, async (one) => {
      one.closeAllConnections();
      await new Promise((settle) => one.close(settle));
    });
    const settings = readSettings(gatewaySettings, {
      ARP_AUTH_MODE: 'disabled',
      ARP_RUN_COORDINATOR_URL: `http://127.0.0.1:${(coordinator.address() as AddressInfo).port}`,
      LOG_LEVEL: 'silent',
    });
    const gateway = steps.add(await createGateway(settings), (one) => one.stop());
    const url = await listen(gateway, { host: '127.0.0.1', port: 0, portSetting: 'the test' });
    for (let count = 0; count < 5; count += 1) {
      const response = await fetch(`${url}/v1/runs/r/events?follow=1`, { method: 'HEAD' });
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toContain('application/x-ndjson');
    }
    expect(asked).toHaveLength(5);
    await until('the streams of the coordinator are closed', () => open.size === 0, 5_000);
  });
});
