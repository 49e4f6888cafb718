import { defineNode } from './define-node.js';
import type { InferSchema } from './json-schema.js';

/** True when both are the same type, not only assignable to each other. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

function isTrue<T extends true>(value: T): T {
  return value;
}

/** The compiler checks this file (`npm run typecheck`): an `@ts-expect-error` that hides no error is one itself. */
describe('types that follow from schemas', () => {
  it('are those of the inputs and outputs', () => {
    interface Inputs {
      city: string;
      days?: number;
      unit?: 'c' | 'f';
    }
    type Given = InferSchema<{
      readonly type: 'object';
      readonly properties: {
        readonly city: { readonly type: 'string' };
        readonly days: { readonly type: 'integer' };
        readonly unit: { readonly enum: readonly ['c', 'f'] };
      };
      readonly required: readonly ['city'];
      readonly additionalProperties: false;
    }>;
    expect(isTrue<Inputs extends Given ? (Given extends Inputs ? true : false) : false>(true)).toBe(true);
    expect(isTrue<Same<InferSchema<Readonly<Record<string, unknown>>>, Record<string, unknown>>>(true)).toBe(true);
  });

  it('are what `run` is given and has to give', async () => {
    const node = defineNode({
      id: 'acme.text.repeat',
      description: 'Repeats a word.',
      input: {
        type: 'object',
        properties: { word: { type: 'string' }, times: { type: 'integer' } },
        required: ['word'],
        additionalProperties: false,
      },
      output: {
        type: 'object',
        properties: { text: { type: 'string' } },
        required: ['text'],
        additionalProperties: false,
      },
      run: (inputs) => {
        isTrue<Same<typeof inputs.word, string>>(true);
        isTrue<Same<typeof inputs.times, number | undefined>>(true);
        // @ts-expect-error the schema has no such field
        void inputs.wrod;
        // @ts-expect-error it may be absent
        const twice: number = inputs.times * 2;
        return { text: inputs.word.repeat(Number.isNaN(twice) ? 1 : (inputs.times ?? 1)) };
      },
    });
    expect(await node.run({ word: 'ab', times: 2 }, {} as never)).toEqual({ text: 'abab' });
  });

  it('do not let `run` give something else', () => {
    defineNode({
      id: 'acme.text.length',
      description: 'Counts characters.',
      input: { type: 'object' },
      output: {
        type: 'object',
        properties: { n: { type: 'number' } },
        required: ['n'],
        additionalProperties: false,
      },
      // @ts-expect-error n is a number
      run: () => ({ n: 'many' }),
    });
  });
});
