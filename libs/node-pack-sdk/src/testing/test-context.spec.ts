import { defineNode } from '../define-node.js';
import { createTestContext } from './test-context.js';

const ping = defineNode({
  id: 'acme.net.ping',
  description: 'Asks.',
  input: { type: 'object' },
  output: { type: 'object' },
  run: async (_, ctx) => {
    ctx.logger.info('asking', { tries: 1 });
    ctx.progress({ fraction: 0.5 });
    const response = await ctx.http.fetch('https://api.example.com/ping', { method: 'POST' });
    const ref = await ctx.artifacts.put(await response.text(), { name: 'answer.txt' });
    return { id: ref.id, url: response.url };
  },
});

describe('createTestContext', () => {
  it('records what a handler does', async () => {
    const { ctx, recorded, usage } = createTestContext({ http: () => new Response('pong') });
    const outputs = await ping.run({}, ctx);
    expect(outputs['url']).toBe('https://api.example.com/ping');
    expect(recorded.logs).toEqual([{ level: 'info', message: 'asking', fields: { tries: 1 } }]);
    expect(recorded.progress).toEqual([{ fraction: 0.5 }]);
    expect(recorded.httpCalls.map(({ url, request }) => [url.href, request.method])).toEqual([
      ['https://api.example.com/ping', 'POST'],
    ]);
    expect(recorded.artifacts).toHaveLength(1);
    expect(Buffer.from(recorded.artifacts[0]?.content ?? []).toString()).toBe('pong');
    expect(await ctx.artifacts.get({ id: outputs['id'] as string })).toEqual(Buffer.from('pong'));
    expect(usage()).toEqual({ external_calls: 1, cost: 0 });
  });

  it('takes facts of the run, and artifacts that are there', async () => {
    const { ctx } = createTestContext({
      runId: 'run-7',
      runContext: { tenant_id: 't1', actor: { type: 'user', id: 'u1' } },
      constraints: { budgets: { max_cost: 2, max_external_calls: 3 } },
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      artifacts: { 'sha256:1': 'text' },
    });
    expect(ctx.runId).toBe('run-7');
    expect(ctx.principal).toEqual({ tenantId: 't1', actor: { type: 'user', id: 'u1' } });
    expect(ctx.budgets).toMatchObject({ maxCost: 2, maxExternalCalls: 3 });
    expect(ctx.trace?.traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(await ctx.artifacts.get({ id: 'sha256:1' })).toEqual(Buffer.from('text'));
    await expect(ctx.artifacts.get({ id: 'sha256:2' })).rejects.toMatchObject({ code: 'artifact_not_found' });
  });

  it('refuses calls without a mock, and what is no URL', async () => {
    await expect(createTestContext().ctx.http.fetch('https://a.example/')).rejects.toMatchObject({
      code: 'egress_denied',
      message: expect.stringContaining('give createTestContext an http mock'),
    });
    await expect(createTestContext().ctx.http.fetch('/path')).rejects.toMatchObject({ code: 'invalid_url' });
  });

  it('ends a call when the controller is aborted', async () => {
    const { ctx, controller } = createTestContext({ http: () => new Promise<never>(() => undefined) });
    const asked = ctx.http.fetch('https://a.example/');
    controller.abort('canceled');
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
    expect(ctx.signal.reason).toBe('canceled');
  });

  it('gives the credentials that the test has, and records none of them', async () => {
    const { ctx, recorded } = createTestContext({ credentials: { 'acme.net': 's3cret-value' } });
    expect(await ctx.credentials.get('acme.net')).toBe('s3cret-value');
    ctx.logger.info('with s3cret-value', { key: 's3cret-value' });
    expect(recorded.logs).toEqual([{ level: 'info', message: 'with [credential]', fields: { key: '[credential]' } }]);
    await expect(ctx.credentials.get('acme.other')).rejects.toMatchObject({
      code: 'credential_missing',
      message: expect.stringContaining("{ credentials: { 'acme.other': '…' } }"),
    });
  });
});
