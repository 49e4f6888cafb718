import { defineNode, TerminalError } from '@arp-jarvis/node-pack-sdk';
import type { NodeContext, NodeError } from '@arp-jarvis/node-pack-sdk';
import { accessToken } from './access-token.js';
import { GMAIL, GMAIL_ERRORS, GMAIL_FACTS, gmailFailure, jsonOf, MAX_BYTES, TIMEOUT_MS } from './gmail.js';
import { rawMessage } from './message.js';

/** What ctx.http throws before anything was sent. */
const BEFORE: readonly string[] = ['egress_denied', 'invalid_url', 'invalid_request', 'budget_exceeded'];

/** Of a header: a line break in it would begin another. */
const FIELD = { type: 'string', minLength: 1, maxLength: 2_000, pattern: '^[^\\u0000-\\u001f\\u007f]*$' } as const;
const FIELDS = { anyOf: [FIELD, { type: 'array', items: FIELD, minItems: 1, maxItems: 100 }] } as const;
const TEXT = { type: 'string', minLength: 1, maxLength: 1_000_000 } as const;

export const sendNode = defineNode({
  ...GMAIL_FACTS,
  id: 'jarvis.gmail_send.send',
  description: 'Sends a mail with Gmail. It cannot be taken back.',
  input: {
    type: 'object',
    properties: {
      to: { ...FIELDS, description: 'Address, or several: ann@example.com, Ann <ann@example.com>.' },
      subject: { ...FIELD, maxLength: 200 },
      body: { ...TEXT, description: 'The text.' },
      text: { ...TEXT, description: 'Another name of body; give one of them.' },
      html: { ...TEXT, description: 'The same as HTML, for readers that show it.' },
      from: { ...FIELD, description: 'One of the addresses of the mailbox. Default: its main one.' },
      cc: FIELDS,
      bcc: FIELDS,
    },
    required: ['to', 'subject'],
    oneOf: [{ required: ['body'] }, { required: ['text'] }],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      id: { type: 'string' },
      thread_id: { type: 'string' },
      label_ids: { type: 'array', items: { type: 'string' } },
    },
    required: ['id'],
    additionalProperties: false,
  },
  sideEffect: 'irreversible',
  idempotent: false,
  budgetHints: { external_calls: 1 },
  errors: {
    ...GMAIL_ERRORS,
    recipient_invalid: { description: 'An address is none, or there are too many. Nothing was sent.' },
    outcome_unknown: {
      description:
        'The connection broke, or Gmail failed, after the mail was handed over: it may have been sent or not.',
    },
  },
  examples: [
    {
      inputs: { to: 'ann@example.com', subject: 'Hello', body: 'Hello Ann' },
      outputs: { id: 'mock-08e806b8166c3bfc', thread_id: 'mock-08e806b8166c3bfc', label_ids: ['SENT'] },
    },
    { inputs: { to: 'mock-429@example.com', subject: 'Hello', text: 'Hello' }, error: 'rate_limited' },
    { inputs: { to: 'mock-broken@example.com', subject: 'Hello', text: 'Hello' }, error: 'outcome_unknown' },
    { inputs: { to: 'nobody', subject: 'Hello', text: 'Hello' }, error: 'recipient_invalid' },
  ],
  async run({ to, cc = [], bcc = [], subject, body, text, html, from }, ctx) {
    const [many, copies, blind] = [to, cc, bcc].map((field) => (typeof field === 'string' ? [field] : field));
    const raw = await rawMessage({
      from,
      to: many ?? [],
      cc: copies ?? [],
      bcc: blind ?? [],
      subject,
      text: body ?? text ?? '',
      html,
    });
    const token = await accessToken(ctx);
    return handOver(raw, token, ctx);
  },
});

/** From here on the mail may have been sent, whatever fails: nobody may try again by himself. */
async function handOver(raw: Uint8Array, token: string, { http }: Pick<NodeContext, 'http'>) {
  let response: Response;
  let text: string;
  try {
    response = await http.fetch(`${GMAIL}/messages/send`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body: JSON.stringify({ raw: Buffer.from(raw).toString('base64url') }),
      redirect: 'manual',
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
    });
    text = await response.text();
  } catch (error) {
    if (wasNotSent(error)) throw error;
    throw outcomeUnknown('The connection to Gmail broke after the mail was handed over', error);
  }
  const { status } = response;
  if (status >= 500) throw outcomeUnknown(`Gmail answered ${status} after the mail was handed over`);
  if (!response.ok) throw gmailFailure(response, text);
  const { id, threadId, labelIds } = jsonOf(text);
  if (typeof id !== 'string') throw outcomeUnknown(`Gmail answered ${status} without the id of a message`);
  return {
    id,
    ...(typeof threadId === 'string' ? { thread_id: threadId } : {}),
    ...(Array.isArray(labelIds) ? { label_ids: labelIds.map(String) } : {}),
  };
}

function wasNotSent(error: unknown): boolean {
  const { code, details } = error as Partial<NodeError>;
  return (code !== undefined && BEFORE.includes(code)) || details?.['sent'] === false;
}

function outcomeUnknown(what: string, cause?: unknown): TerminalError {
  return new TerminalError(`${what}: it may have been sent or not. Look into the mailbox before you send it again.`, {
    code: 'outcome_unknown',
    cause,
  });
}
