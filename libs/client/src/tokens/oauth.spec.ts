import type { ServerResponse } from 'node:http';
import { reply, startFakeService } from '../../test/fake-service.js';
import type { FakeService, ServiceRequest } from '../../test/fake-service.js';
import { deviceFlow } from './oauth.js';
import type { DevicePrompt } from './oauth.js';

describe('device flow', () => {
  let service: FakeService;
  let answers: ((response: ServerResponse) => void)[];
  const prompts: DevicePrompt[] = [];
  const fetched: string[] = [];
  const flow = (signal?: AbortSignal) =>
    deviceFlow({
      issuer: service.url,
      clientId: 'cli',
      scope: 'openid',
      onPrompt: (prompt) => void prompts.push(prompt),
      // As the global one does it, so that a `fetch` of one's own is known to be used for everything.
      fetch: (url, init) => {
        fetched.push(url);
        return fetch(url, init);
      },
      ...(signal === undefined ? {} : { signal }),
    });
  const grants = () =>
    service.requests
      .filter(({ url }) => url.pathname === '/token')
      .map(({ text }) => new URLSearchParams(text).get('grant_type'));
  const answer = ({ url }: ServiceRequest, response: ServerResponse) => {
    if (url.pathname === '/.well-known/openid-configuration') {
      return reply(response, 200, {
        issuer: service.url,
        token_endpoint: `${service.url}/token`,
        device_authorization_endpoint: `${service.url}/device`,
      });
    }
    if (url.pathname === '/device') {
      return reply(response, 200, {
        device_code: 'd',
        user_code: 'ABCD',
        verification_uri: 'https://sign.in',
        expires_in: 60,
        interval: 0.01,
      });
    }
    return answers.shift()?.(response);
  };
  const token =
    (access_token: string, more: object = {}) =>
    (response: ServerResponse) =>
      reply(response, 200, { access_token, token_type: 'bearer', expires_in: 3600, ...more });
  const refusal = (error: string) => (response: ServerResponse) => reply(response, 400, { error });

  beforeEach(async () => {
    prompts.length = 0;
    answers = [];
    service = await startFakeService(answer);
  });
  afterEach(() => service.stop());

  it('shows the code, waits for the sign-in, and refreshes without another one', async () => {
    const tokens = flow();
    answers.push(refusal('authorization_pending'), token('t1', { refresh_token: 'r1' }), token('t2'));
    expect(await tokens.getToken()).toBe('t1');
    expect(prompts).toEqual([{ userCode: 'ABCD', verificationUri: 'https://sign.in', expiresInSeconds: 60 }]);
    expect(await tokens.getToken({ refused: 't1' })).toBe('t2');
    expect(prompts).toHaveLength(1);
    expect(grants().slice(-1)).toEqual(['refresh_token']);
    expect(fetched).toHaveLength(service.requests.length);
    answers.push(refusal('invalid_grant'), token('t3'));
    expect(await tokens.getToken({ refused: 't2' })).toBe('t3');
    expect(prompts).toHaveLength(2);
  });

  it('fails when the person refuses, and can be ended', async () => {
    answers.push(refusal('access_denied'));
    await expect(flow().getToken()).rejects.toMatchObject({
      name: 'ArpTokenError',
      code: 'token_request_failed',
      details: { error: 'access_denied' },
    });
    const abort = new AbortController();
    answers.push((response) => {
      refusal('authorization_pending')(response);
      abort.abort(new Error('enough'));
    });
    await expect(flow(abort.signal).getToken()).rejects.toThrow('enough');
  });
});
