import { createHash } from 'node:crypto';
import { defineNode, TerminalError } from '@arp-jarvis/node-pack-sdk';

/** Node's names by those that inputs may use. */
const ENCODINGS = {
  'utf-8': 'utf8',
  utf8: 'utf8',
  'utf-16': 'utf16le',
  'utf-16le': 'utf16le',
  latin1: 'latin1',
  ascii: 'ascii',
} as const;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export const sha256 = defineNode({
  id: 'jarvis.core.hash.sha256',
  description:
    'Gives the SHA-256 hash of a text or of bytes in base64, as 64 hex digits. Takes exactly one of the two.',
  input: {
    type: 'object',
    properties: {
      text: { type: ['string', 'null'] },
      content_base64: { type: ['string', 'null'] },
      encoding: {
        enum: [...Object.keys(ENCODINGS), null] as (keyof typeof ENCODINGS | null)[],
        description: 'How the text becomes bytes. Default utf-8.',
      },
    },
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: { sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' } },
    required: ['sha256'],
    additionalProperties: false,
  },
  trustTier: 'first_party',
  tags: ['core', 'hash'],
  errors: {
    content_missing: { description: 'Neither text nor content_base64 was given, or both.' },
    base64_invalid: { description: 'content_base64 is not base64.' },
    encoding_unsuitable: { description: 'The text has characters that the encoding does not have.' },
  },
  examples: [
    {
      inputs: { text: 'hello' },
      outputs: { sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824' },
    },
    {
      inputs: { text: null, content_base64: 'aGVsbG8=', encoding: null },
      outputs: { sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824' },
    },
    { inputs: {}, error: 'content_missing' },
    { inputs: { content_base64: 'not base64' }, error: 'base64_invalid' },
    { inputs: { text: '€', encoding: 'ascii' }, error: 'encoding_unsuitable' },
  ],
  run: ({ text, content_base64, encoding }) => {
    // Absent and null alike.
    const bytes = bytesOf(text ?? undefined, content_base64 ?? undefined, ENCODINGS[encoding ?? 'utf-8']);
    return { sha256: createHash('sha256').update(bytes).digest('hex') };
  },
});

function bytesOf(text: string | undefined, base64: string | undefined, encoding: BufferEncoding): Buffer {
  if ((text === undefined) === (base64 === undefined)) {
    throw new TerminalError('Give either text or content_base64.', { code: 'content_missing' });
  }
  if (base64 !== undefined) {
    if (!BASE64.test(base64)) throw new TerminalError('content_base64 is not base64.', { code: 'base64_invalid' });
    return Buffer.from(base64, 'base64');
  }
  const bytes = Buffer.from(text ?? '', encoding);
  // Node would put other characters in their place without a word.
  const isWhole =
    encoding === 'utf8' || (encoding === 'ascii' ? /^[\0-\x7f]*$/.test(text ?? '') : bytes.toString(encoding) === text);
  if (isWhole) return bytes;
  throw new TerminalError('The text has characters that the encoding does not have.', { code: 'encoding_unsuitable' });
}
