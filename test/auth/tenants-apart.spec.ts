import { readSettings } from '#config';
import { Run, RunList } from '#contract';
import { listen } from '#http';
import { createTestDatabase, startScriptedCompositeExecutor, startTokenIssuer } from '#testing';
import type { TokenIssuer } from '#testing';
import { createHash } from 'node:crypto';
import { createCoordinator, provideCoordinatorDatabase } from '../../apps/coordinator/src/coordinator.app.js';
import { coordinatorSettings } from '../../apps/coordinator/src/coordinator.config.js';
import { createGateway } from '../../apps/gateway/src/gateway.app.js';
import { gatewaySettings } from '../../apps/gateway/src/gateway.config.js';
import { bucketOfRun } from '../../apps/coordinator/src/sharding/bucket.js';
import { CleanUp } from '../e2e/coordinators.js';
import { call, conforming, refusal } from '../e2e/http.js';
import type { Answer } from '../e2e/http.js';

const COMPOSITE = { root_node_type_ref: { node_type_id: 'composite.plan', version: '1' }, input: { goal: 'x' } };

/** What one tenant could learn of another, or take from it, without reading anything of it. */
describe('tenants', () => {
  const steps = new CleanUp();
  let issuer: TokenIssuer;
  let coordinator: string;
  let memory: string;

  beforeAll(async () => {
    issuer = steps.add(await startTokenIssuer('arp-run-coordinator'), (one) => one.close());
    const database = steps.add(await createTestDatabase(), (one) => one.drop());
    const composite = steps.add(await startScriptedCompositeExecutor({ behaviour: 'stall' }), (one) => one.close());
    const common = {
      ARP_AUTH_MODE: 'required',
      ARP_AUTH_ISSUER: issuer.issuer,
      ARP_AUTH_AUDIENCE: 'arp-run-coordinator',
      LOG_LEVEL: 'silent',
    };
    const settings = readSettings(coordinatorSettings, {
      ...common,
      DATABASE_URL: database.url,
      JARVIS_POLICY_PROFILE: 'dev-allow',
      JARVIS_COMPOSITE_EXECUTOR_URL: composite.url,
      JARVIS_RUN_COORDINATOR_PUBLIC_URL: 'http://127.0.0.1:1',
    });
    const provided = await provideCoordinatorDatabase(settings, () => undefined);
    steps.add(provided, (one) => one.release());
    const at = { host: '127.0.0.1', port: 0, portSetting: 'the test' };
    const service = steps.add(await createCoordinator(settings, provided), (one) => one.stop());
    coordinator = await listen(service, at);
    const alone = steps.add(await createGateway(readSettings(gatewaySettings, common)), (one) => one.stop());
    memory = await listen(alone, at);
  });
  afterAll(() => steps.run());

  const as = <T>(tenant: string, method: string, url: string, body?: unknown, key?: string): Promise<Answer<T>> => {
    const claims = { roles: ['arp-user'], scope: 'node_run.create', sub: `user-of-${tenant}`, tenant_id: tenant };
    return call<T>(method, url, body, {
      authorization: `Bearer ${issuer.token(claims)}`,
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    });
  };

  it.each([
    ['the coordinator', () => coordinator, ['arp-jarvis run by idempotency key, version 1']],
    ['a gateway that stands alone', () => memory, []],
  ])('cannot take the run that a key of another will stand for: %s', async (_, url, label) => {
    const guess = createHash('sha256')
      .update(JSON.stringify([...label, 'tenant', 'acme', 'order-1']))
      .digest('hex');
    const runId = `run_${guess.slice(0, 32)}`;
    expect(
      conforming(Run, await as('globex', 'POST', `${url()}/v1/runs`, { ...COMPOSITE, run_id: runId })).run_id,
    ).toBe(runId);
    const first = conforming(Run, await as('acme', 'POST', `${url()}/v1/runs`, COMPOSITE, 'order-1'));
    expect(first.run_id).not.toBe(runId);
    // A key is still one run for its tenant, and another for the next.
    expect(conforming(Run, await as('acme', 'POST', `${url()}/v1/runs`, COMPOSITE, 'order-1')).run_id).toBe(
      first.run_id,
    );
    const others = conforming(Run, await as('globex', 'POST', `${url()}/v1/runs`, COMPOSITE, 'order-1'));
    expect(others.run_id).not.toBe(first.run_id);
  });

  it('cannot tell whether a node run of another exists by naming it as a parent, wherever it is kept', async () => {
    const { run_id, root_node_run_id } = conforming(Run, await as('acme', 'POST', `${coordinator}/v1/runs`, COMPOSITE));
    const names = Array.from({ length: 20_000 }, (_, count) => `globex-${count}`);
    const beside = names.find((name) => bucketOfRun(name) === bucketOfRun(run_id)) ?? '';
    const elsewhere = names.find((name) => bucketOfRun(name) !== bucketOfRun(run_id)) ?? '';
    for (const own of [beside, elsewhere]) {
      conforming(Run, await as('globex', 'POST', `${coordinator}/v1/runs`, { ...COMPOSITE, run_id: own }));
      const child = { node_type_ref: { node_type_id: 'x', version: '1' }, inputs: {} };
      const request = { run_id: own, parent_node_run_id: root_node_run_id, node_runs: [child] };
      refusal(await as('globex', 'POST', `${coordinator}/v1/node-runs`, request), 404, 'parent_node_run_not_found');
    }
  });

  it('whose names the database could not tell apart are none', async () => {
    refusal(await as('acme\ud800', 'POST', `${coordinator}/v1/runs`, COMPOSITE), 401, 'unauthorized');
    refusal(await as('acme\udc00', 'GET', `${coordinator}/v1/runs`), 401, 'unauthorized');
    expect(conforming(RunList, await as('acme\ufffd', 'GET', `${coordinator}/v1/runs`)).runs).toEqual([]);
  });
});
