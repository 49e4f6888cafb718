import { defineNode, TerminalError } from '@arp-jarvis/node-pack-sdk';

const WORDS_PER_MINUTE = 200;

/** Counts what a text is made of. The types of `inputs` and of the outputs follow from the two schemas. */
export const __NODE_EXPORT__ = defineNode({
  id: '__PACK_ID__.__NODE_NAME__',
  description: 'Counts the characters, words and sentences of a text and tells how long it takes to read.',
  input: {
    type: 'object',
    properties: {
      text: { type: 'string', maxLength: 1_000_000, description: 'The text, in any language.' },
      locale: { type: 'string', default: 'en', description: 'Language of the text, such as en or pt-BR.' },
    },
    required: ['text'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      characters: { type: 'integer', minimum: 0, description: 'As a reader counts them.' },
      words: { type: 'integer', minimum: 0 },
      sentences: { type: 'integer', minimum: 0 },
      reading_seconds: { type: 'integer', minimum: 0, description: 'At 200 words a minute, rounded up.' },
    },
    required: ['characters', 'words', 'sentences', 'reading_seconds'],
    additionalProperties: false,
  },
  errors: { unknown_locale: { description: 'The locale is no language tag.' } },
  tags: ['text'],
  examples: [
    {
      inputs: { text: 'Hello there. How are you?' },
      outputs: { characters: 25, words: 5, sentences: 2, reading_seconds: 2 },
    },
    { inputs: { text: '' }, outputs: { characters: 0, words: 0, sentences: 0, reading_seconds: 0 } },
    { inputs: { text: 'Hello', locale: 'no such locale' }, error: 'unknown_locale' },
  ],
  run({ text, locale = 'en' }, ctx) {
    const words = segments(text, locale, 'word').filter(({ isWordLike }) => isWordLike === true).length;
    ctx.logger.info('counted', { words });
    return {
      characters: segments(text, locale, 'grapheme').length,
      words,
      sentences: segments(text, locale, 'sentence').length,
      reading_seconds: Math.ceil((words / WORDS_PER_MINUTE) * 60),
    };
  },
});

function segments(text: string, locale: string, granularity: 'grapheme' | 'word' | 'sentence'): Intl.SegmentData[] {
  try {
    return [...new Intl.Segmenter(locale, { granularity }).segment(text)];
  } catch (cause) {
    throw new TerminalError(`"${locale}" is no language tag.`, { code: 'unknown_locale', cause });
  }
}
