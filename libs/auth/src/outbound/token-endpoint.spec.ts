import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { TokenEndpoint } from './token-endpoint.js';

describe('what the token endpoint is asked', () => {
  const forms: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      forms.push(new URLSearchParams(body));
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"access_token":"t","token_type":"Bearer","expires_in":60}');
    });
  });
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => server.close());
  beforeEach(() => forms.splice(0));

  const endpoint = (scope: string | undefined) =>
    new TokenEndpoint({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
      issuer: 'https://idp.example',
      clientId: 'me',
      clientSecret: 's',
      scope,
      timeoutSecs: 5,
    });

  it.each([
    [undefined, null],
    ['{audience}/.default', 'api://executor/.default'],
    ['arp', 'arp'],
  ])('with the scope %s', async (scope, sent) => {
    await endpoint(scope).clientCredentials('api://executor');
    await endpoint(scope).exchange('api://executor', 'subject');
    expect(forms.map((form) => [form.get('audience'), form.get('scope')])).toEqual([
      ['api://executor', sent],
      ['api://executor', sent],
    ]);
  });
});
