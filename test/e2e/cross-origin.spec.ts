import { inOneProcess } from './suites.js';
import type { SuiteUnderTest } from './suites.js';

const OURS = 'https://console.example.org';
const THEIRS = 'https://evil.example';

/** What a browser asks before it sends what a page wants to send, and what it looks at in the answer. */
describe('pages of other origins', () => {
  let suite: SuiteUnderTest;
  const preflight = (base: string, path: string, origin: string) =>
    fetch(base + path, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers':
          'authorization,content-type,dpop,idempotency-key,traceparent,x-correlation-id',
      },
    });
  afterEach(() => suite.stop());

  it('may call where ARP_CORS_ORIGINS names them, with the headers of the client and without cookies', async () => {
    suite = await inOneProcess({ ARP_CORS_ORIGINS: `${OURS}, http://localhost:3000` });
    for (const [base, path] of [
      [suite.gateway, '/v1/runs'],
      [suite.toolGateway ?? '', '/api/proxy-request'],
    ] as const) {
      const asked = await preflight(base, path, OURS);
      expect(asked.status).toBe(204);
      expect(asked.headers.get('access-control-allow-origin')).toBe(OURS);
      expect(asked.headers.get('access-control-allow-headers')).toContain('x-correlation-id');
      expect(asked.headers.get('access-control-allow-credentials')).toBeNull();
      const answer = await fetch(base + path, {
        method: 'POST',
        headers: { origin: OURS, 'content-type': 'application/json' },
        body: '{}',
      });
      expect(answer.status).toBe(400);
      expect(answer.headers.get('access-control-allow-origin')).toBe(OURS);
      expect(answer.headers.get('access-control-expose-headers')).toContain('x-token-rotation-recommended');
      expect((await preflight(base, path, THEIRS)).headers.get('access-control-allow-origin')).not.toBe(THEIRS);
    }
  });

  it('may not where it names none', async () => {
    suite = await inOneProcess();
    const asked = await preflight(suite.gateway, '/v1/runs', OURS);
    expect(asked.headers.get('access-control-allow-origin')).toBeNull();
    expect(asked.status).toBe(405);
  });
});
