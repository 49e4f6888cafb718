import { randomBytes } from 'node:crypto';
import { signedHeaders, WEBHOOK_SECRET, webhookKey } from './webhook-signature.js';

describe('the signature of a webhook', () => {
  // The example of the specification's own libraries.
  const SECRET = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
  const AT = new Date(1_614_265_330_000);

  it.each([SECRET, `whsec_${SECRET}`])('is that of the published example, with the secret %s', (secret) => {
    expect(WEBHOOK_SECRET.test(secret)).toBe(true);
    expect(signedHeaders(webhookKey(secret), ID, AT, '{"test": 2432232314}')).toEqual({
      'webhook-id': ID,
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it.each([24, 25, 32, 63, 64])('a secret may have %i bytes', (length) => {
    expect(WEBHOOK_SECRET.test(randomBytes(length).toString('base64'))).toBe(true);
  });

  it.each([
    'short',
    'not base64, but long enough to be a secret',
    randomBytes(23).toString('base64').replaceAll('=', ''),
  ])('a secret cannot be %j', (secret) => {
    expect(WEBHOOK_SECRET.test(secret)).toBe(false);
  });
});
