import { readSettings } from '#config';
import { Run, RunList } from '#contract';
import { listen } from '#http';
import { createGateway } from '../../apps/gateway/src/gateway.app.js';
import { gatewaySettings } from '../../apps/gateway/src/gateway.config.js';
import { call, conforming, eventsOf, refusal } from './http.js';
import type { Answer } from './http.js';
import { BINDINGS } from './suites.js';
import type { SuiteUnderTest } from './suites.js';

const REQUEST = {
  root_node_type_ref: { node_type_id: 'jarvis.core.echo', version: '0.1.0' },
  input: { text: 'Hello' },
  run_context: { tenant_id: 't' },
};

function start(base: string, key: string, body: object = REQUEST): Promise<Answer> {
  return call('POST', `${base}/v1/runs`, body, { 'idempotency-key': key });
}

function idOf(answer: Answer): string {
  return conforming(Run, answer).run_id;
}

function expectRefusedKey(answer: Answer): void {
  const error = refusal(answer, 400, 'invalid_request');
  expect(error.details?.['issues']).toMatchObject([{ path: 'Idempotency-Key' }]);
}

describe.each(BINDINGS)('Idempotency-Key, %s', (_, startSuite) => {
  let suite: SuiteUnderTest;
  let bases: string[];
  beforeAll(async () => {
    suite = await startSuite();
    bases = [suite.gateway, suite.coordinator];
  });
  afterAll(async () => suite.stop());

  it('the same key with the same request is the same run, at either service, quoted or bare', async () => {
    const id = idOf(await start(suite.gateway, '"8e03978e-40d5-43dd-bc93-6894a57f9324"'));
    expect(id).toMatch(/^run_[0-9a-f]{32}$/);
    for (const base of bases) {
      expect(idOf(await start(base, '8e03978e-40d5-43dd-bc93-6894a57f9324'))).toBe(id);
      // The order of keys is not the request, and neither are request id and trace.
      const { root_node_type_ref, ...rest } = REQUEST;
      const answer = await call(
        'POST',
        `${base}/v1/runs`,
        { ...rest, root_node_type_ref },
        {
          'idempotency-key': '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
          'x-request-id': 'another',
          traceparent: `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01`,
        },
      );
      expect(idOf(answer)).toBe(id);
    }
    const events = await eventsOf(`${suite.gateway}/v1/runs/${id}/events?follow=1`);
    expect(events.filter(({ type }) => type === 'run_started')).toHaveLength(1);
    // Also when the run has ended.
    const again = conforming(Run, await start(suite.gateway, '8e03978e-40d5-43dd-bc93-6894a57f9324'));
    expect(again).toMatchObject({ run_id: id, state: 'succeeded' });
  });

  it('100 starts at once with one key are one run, and with 100 keys 100 runs', async () => {
    const body = { ...REQUEST, input: { parallel: true } };
    const at = (index: number) => bases[index % 2] ?? suite.gateway;
    const same = await Promise.all(Array.from({ length: 100 }, (__, index) => start(at(index), '"parallel"', body)));
    const [id, ...others] = new Set(same.map(idOf));
    expect(others).toEqual([]);
    const stored = await suite.database.query('select 1 from node_runs where run_id = $1', [id]);
    expect(stored).toHaveLength(1);
    const each = await Promise.all(Array.from({ length: 100 }, (__, index) => start(at(index), `"p${index}"`, body)));
    expect(new Set(each.map(idOf)).size).toBe(100);
  });

  it('the same key with another request is refused, and says which key', async () => {
    const key = 'a"b\\c,d;e';
    const header = '"a\\"b\\\\c,d;e"';
    const id = idOf(await start(suite.gateway, header));
    for (const base of bases) {
      for (const other of [
        { ...REQUEST, input: {} },
        { ...REQUEST, run_context: {} },
        { ...REQUEST, extensions: { 'org.note': 1 } },
      ]) {
        const error = refusal(await start(base, header, other), 409, 'idempotency_conflict');
        expect(error.details).toEqual({ idempotency_key: key });
      }
      expect(idOf(await start(base, header))).toBe(id);
    }
  });

  it('a run_id in the request decides alone', async () => {
    for (const [index, base] of bases.entries()) {
      const named = { ...REQUEST, run_id: `named-${index}` };
      expect(idOf(await start(base, '"k1"', named))).toBe(`named-${index}`);
      expect(idOf(await start(base, '"k2"', named))).toBe(`named-${index}`);
      const error = refusal(await start(base, '"k1"', { ...named, input: {} }), 409, 'run_already_exists');
      expect(error.details).toEqual({ run_id: `named-${index}` });
      expect(idOf(await start(base, '"k1"'))).toMatch(/^run_/);
      expectRefusedKey(await start(base, 'not a key', named));
    }
  });

  it('without a key every start is a run of its own', async () => {
    const ids = await Promise.all(
      Array.from({ length: 4 }, async () => idOf(await call('POST', `${suite.gateway}/v1/runs`, REQUEST))),
    );
    expect(new Set(ids).size).toBe(4);
  });

  it('a key that is none is refused, and nothing is started', async () => {
    const type = { ...REQUEST, root_node_type_ref: { node_type_id: 'composite.refused', version: '1' } };
    for (const base of bases) {
      for (const header of ['', '""', '"a b"', 'a b', '"a", "b"', 'a,b', '"a";p=1', 'x'.repeat(256)]) {
        expectRefusedKey(await start(base, header, type));
      }
      const list = await call('GET', `${base}/v1/runs?node_type_id=composite.refused`);
      expect(conforming(RunList, list).runs).toEqual([]);
    }
  });
});

describe('Idempotency-Key at a gateway alone', () => {
  it('works as with a coordinator', async () => {
    const gateway = await createGateway(readSettings(gatewaySettings, { LOG_LEVEL: 'silent' }));
    const base = await listen(gateway, { host: '127.0.0.1', port: 0, portSetting: 'ARP_RUN_GATEWAY_PORT' });
    try {
      const answers = await Promise.all(Array.from({ length: 20 }, () => start(base, '"k"')));
      expect(new Set(answers.map(idOf)).size).toBe(1);
      const error = refusal(await start(base, 'k', { ...REQUEST, input: {} }), 409, 'idempotency_conflict');
      expect(error.details).toEqual({ idempotency_key: 'k' });
      expect(idOf(await start(base, '"k"', { ...REQUEST, run_id: 'mine' }))).toBe('mine');
      expect(idOf(await start(base, '"other"'))).not.toBe(idOf(answers[0] as Answer));
      expectRefusedKey(await start(base, 'a b'));
    } finally {
      await gateway.stop();
    }
  });
});
