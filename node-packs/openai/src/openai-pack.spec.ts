import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { manifestOf } from '@arp-jarvis/node-pack-sdk';
import type { JsonObject, Node } from '@arp-jarvis/node-pack-sdk';
import { createTestContext, testNodePack } from '@arp-jarvis/node-pack-sdk/testing';
import { DEFAULT_MODELS } from './asking.js';
import { chatNode } from './chat.js';
import { completeNode } from './complete.js';
import pack from './index.js';
import { mockUpstream } from './mock-upstream.js';

const KEY = 'sk-0123456789abcdef';

async function run(node: Node, inputs: JsonObject, key = KEY) {
  const { ctx, recorded } = createTestContext({
    credentials: { openai: key },
    http: (url, { method = 'GET', headers = {}, body }) =>
      mockUpstream(
        new Request(url, { method, headers: Object.entries(headers) as [string, string][], body: String(body) }),
      ),
  });
  const outputs = await node.run(inputs, ctx);
  const { url, request } = recorded.httpCalls[0] ?? {};
  return { outputs, url: url?.href, body: JSON.parse(String(request?.body)) as unknown };
}

const says = (content: string) => ({ messages: [{ role: 'user', content }] });

describe('the pack', () => {
  it('keeps what it promises, and its manifest is what its code says', async () => {
    await testNodePack(pack);
    const file = new URL('../jarvis.nodepack.json', import.meta.url);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(manifestOf(pack))));
  });

  it('reads only, and may be asked again', () => {
    for (const node of pack.nodes) expect(node).toMatchObject({ sideEffect: 'read', idempotent: true });
  });
});

describe('jarvis.openai.chat', () => {
  const fits = new Ajv2020({ allErrors: true }).compile(chatNode.input);

  it.each([
    [says('Hi'), true],
    [{ messages: [] }, false],
    [{ messages: Array.from({ length: 51 }, () => ({ role: 'user', content: 'x' })) }, false],
    [{ messages: [{ role: 'tool', content: 'x' }] }, false],
    [{ messages: [{ role: 'user', content: 'x', name: 'y' }] }, false],
    [{ ...says('Hi'), temperature: 2.1 }, false],
    [{ ...says('Hi'), max_tokens: 0 }, false],
    [{ ...says('Hi'), stream: true }, false],
  ])('takes %j: %s', (inputs, takes) => {
    expect(fits(inputs)).toBe(takes);
  });

  it('asks the endpoint of chat and gives its answer', async () => {
    const inputs = { ...says('Hello there'), temperature: 0.5, max_tokens: 9 };
    const { outputs, url, body } = await run(chatNode, inputs);
    expect(url).toBe('https://api.openai.com/v1/chat/completions');
    expect(body).toEqual({ model: DEFAULT_MODELS.chat, ...inputs });
    expect(outputs).toMatchObject({
      object: 'chat.completion',
      model: DEFAULT_MODELS.chat,
      choices: [{ message: { role: 'assistant', content: 'Mock answer to: Hello there' }, finish_reason: 'stop' }],
    });
    expect((await run(chatNode, inputs)).outputs).toEqual(outputs);
    expect((await run(chatNode, { ...inputs, model: 'gpt-x' })).outputs).toMatchObject({ model: 'gpt-x' });
  });

  it.each([
    ['mock:429', { code: 'rate_limited', retryable: true, details: { status: 429, retry_after: 20 } }],
    ['mock:quota', { code: 'quota_exhausted', retryable: false }],
    ['mock:400', { code: 'upstream_refused', retryable: false }],
    ['mock:500', { code: 'upstream_error', retryable: true }],
    ['mock:html', { code: 'upstream_error', retryable: true }],
  ])('%s fails', async (content, error) => {
    await expect(run(chatNode, says(content))).rejects.toMatchObject(error);
  });

  it('does not pass on what is said of a refused key, which quotes it', async () => {
    await expect(run(chatNode, says('x'), 'invalid')).rejects.toMatchObject({
      code: 'credential_refused',
      message: 'OpenAI does not accept the credential.',
    });
  });
});

describe('jarvis.openai.complete', () => {
  it('asks the endpoint of completions and gives its answer', async () => {
    const { outputs, url, body } = await run(completeNode, { prompt: 'Once upon' });
    expect(url).toBe('https://api.openai.com/v1/completions');
    expect(body).toEqual({ model: DEFAULT_MODELS.complete, prompt: 'Once upon' });
    expect(outputs).toMatchObject({ object: 'text_completion', choices: [{ text: 'Mock answer to: Once upon' }] });
    await expect(run(completeNode, { prompt: 'mock:503' })).rejects.toMatchObject({ code: 'upstream_error' });
  });
});

describe('the mock upstream', () => {
  it.each([
    ['POST', '/v1/chat/completions', {}, 401],
    ['GET', '/v1/chat/completions', { authorization: 'Bearer k' }, 405],
    ['POST', '/v1/models', { authorization: 'Bearer k' }, 404],
    ['POST', '/v1/chat/completions', { authorization: 'Bearer k' }, 400],
  ])('answers %s %s with %j by %s', async (method, path, headers, status) => {
    const body = method === 'POST' ? { body: '{}' } : {};
    const answer = await mockUpstream(new Request(`https://api.openai.com${path}`, { method, headers, ...body }));
    expect(answer.status).toBe(status);
  });
});
