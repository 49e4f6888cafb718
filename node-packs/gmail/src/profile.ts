import { defineNode, RetryableError } from '@arp-jarvis/node-pack-sdk';
import { accessToken } from './access-token.js';
import { GMAIL, GMAIL_ERRORS, GMAIL_FACTS, gmailFailure, jsonOf, MAX_BYTES, TIMEOUT_MS } from './gmail.js';

export const profileNode = defineNode({
  ...GMAIL_FACTS,
  id: 'jarvis.gmail_send.profile',
  description: 'Tells whose mailbox the credential gmail_send is for, and how many messages it has.',
  input: { type: 'object', properties: {}, additionalProperties: false },
  output: {
    type: 'object',
    properties: {
      email_address: { type: 'string' },
      messages_total: { type: 'integer' },
      threads_total: { type: 'integer' },
    },
    required: ['email_address'],
    additionalProperties: false,
  },
  sideEffect: 'read',
  budgetHints: { external_calls: 1 },
  errors: GMAIL_ERRORS,
  examples: [
    {
      inputs: {},
      outputs: { email_address: 'sender@example.com', messages_total: 42, threads_total: 21 },
    },
  ],
  async run(_, ctx) {
    const token = await accessToken(ctx);
    const response = await ctx.http.fetch(`${GMAIL}/profile`, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
      redirect: 'error',
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
    });
    const text = await response.text();
    if (!response.ok) throw gmailFailure(response, text);
    const { emailAddress, messagesTotal, threadsTotal } = jsonOf(text);
    if (typeof emailAddress !== 'string') {
      throw new RetryableError('Gmail gave no profile.', { code: 'upstream_error' });
    }
    return {
      email_address: emailAddress,
      ...(typeof messagesTotal === 'number' ? { messages_total: messagesTotal } : {}),
      ...(typeof threadsTotal === 'number' ? { threads_total: threadsTotal } : {}),
    };
  },
});
