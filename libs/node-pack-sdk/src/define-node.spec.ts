import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { defineNode } from './define-node.js';
import type { NodeDefinition } from './define-node.js';
import { definePack } from './define-pack.js';
import type { Pack } from './define-pack.js';
import { CanceledError, RetryableError, TerminalError, TimeoutError } from './errors.js';
import { manifestOf } from './manifest.js';

const schemaFile = new URL('../nodepack-manifest.schema.json', import.meta.url);
const fitsSchema = new Ajv2020({ allErrors: true }).compile(JSON.parse(readFileSync(schemaFile, 'utf8')) as object);

const least: NodeDefinition = {
  id: 'acme.math.double',
  description: 'Doubles a number.',
  input: { type: 'object' },
  output: { type: 'object' },
  run: (inputs) => ({ n: Number(inputs['n']) * 2 }),
};

describe('defineNode', () => {
  it('fills in what was left out; a node that only reads may run twice', () => {
    expect(defineNode(least)).toMatchObject({ sideEffect: 'read', trustTier: 'third_party', idempotent: true });
    expect(defineNode({ ...least, sideEffect: 'write' }).idempotent).toBe(false);
    expect(defineNode({ ...least, sideEffect: 'irreversible', idempotent: true }).idempotent).toBe(true);
  });

  it('keeps `this` of a handler that is written as a method', async () => {
    const definition = {
      ...least,
      factor: 3,
      run(this: { factor: number }) {
        return { n: this.factor };
      },
    };
    const { run } = defineNode(definition);
    expect(await run({}, {} as never)).toEqual({ n: 3 });
  });

  it.each([
    ['id', 'double'],
    ['id', 'acme.double'],
    ['id', 'Acme.math.double'],
    ['description', ' '],
    ['input', undefined],
    ['input', { type: 'string' }],
    ['output', null],
    ['sideEffect', 'delete'],
    ['trustTier', ''],
    ['idempotent', 'yes'],
    ['timeoutMs', 0],
    ['timeoutMs', 1.5],
    ['tags', 'math'],
    ['tags', ['math', 'math']],
    ['tags', [1]],
    ['retry', { maxAttempts: 0 }],
    ['retry', { maxAttempts: 2, pause: 1 }],
    ['retry', { maxAttempts: 2, multiplier: 0.5 }],
    ['maxConcurrency', 0],
    ['egress', 'api.example.com'],
    ['egress', ['https://api.example.com']],
    ['egress', ['API.example.com']],
    ['egress', ['api.example.com/path']],
    ['credentials', 'serpapi'],
    ['credentials', ['SerpApi']],
    ['credentials', ['acme..key']],
    ['credentials', ['acme.key', 'acme.key']],
    ['credentials', ['a'.repeat(129)]],
    ['budgetHints', { cost: 'much' }],
    ['errors', { CityUnknown: { description: 'x' } }],
    ['errors', { city_unknown: 'x' }],
    ['errors', { city_unknown: { description: '' } }],
    ['examples', [{ inputs: {}, error: 'city_unknown' }]],
    ['examples', [{ input: {} }]],
    ['examples', [{ inputs: {}, outputs: 3 }]],
    ['run', 'later'],
  ])('names the field that is wrong: %s %j', (field, value) => {
    const wrong = { ...least, [field]: value };
    expect(() => defineNode(wrong)).toThrow(new RegExp(`^node [^:]+: ${field} must`));
  });

  it('says what it takes when it is given nothing', () => {
    expect(() => defineNode(undefined as never)).toThrow(/^defineNode takes an object/);
  });
});

describe('definePack', () => {
  const pack: Pack = { id: 'acme.math', version: '1.0.0', nodes: [defineNode(least)] };

  it.each([
    ['id must be', { id: 'acme' }],
    ['id must be', { id: 'Acme.math' }],
    ['version must be', { version: '' }],
    ['nodes must hold', { nodes: [] }],
    ['nodes must come from defineNode', { nodes: [null] }],
    ['nodes must come from defineNode', { nodes: [least] }],
    ['must be named acme.weather.<name>', { id: 'acme.weather' }],
    ['must be named acme.mat.<name>', { id: 'acme.mat' }],
    ['permissions must be', { permissions: ['network'] }],
    ['memoryMb must be', { memoryMb: 0 }],
    ['mockUpstream must be a function', { mockUpstream: 'https://mock.example' }],
    ['is there twice', { nodes: [defineNode(least), defineNode(least)] }],
  ])('says what is wrong: %s', (message, change) => {
    expect(() => definePack({ ...pack, ...change } as Pack)).toThrow(message);
  });

  it('says what it takes when it is given nothing', () => {
    expect(() => definePack(undefined as never)).toThrow(/^definePack takes an object/);
  });
});

describe('manifestOf', () => {
  const full: NodeDefinition = {
    ...least,
    id: 'acme.math.add',
    sideEffect: 'write',
    trustTier: 'verified',
    idempotent: true,
    timeoutMs: 500,
    retry: { maxAttempts: 4, initialDelayMs: 100, multiplier: 3, maxDelayMs: 900 },
    maxConcurrency: 2,
    egress: ['api.example.com', '*.example.org:8443', '*'],
    budgetHints: { cost: 0.1 },
    credentials: ['acme.math', 'serp_api', 'acme.other-key'],
    errors: { sum_large: { description: 'The sum is too large.', retryable: false } },
    tags: ['math', 'sum'],
    examples: [{ inputs: { a: 1 }, outputs: { sum: 1 } }, { inputs: {} }, { inputs: { a: 2 }, error: 'sum_large' }],
  };

  it('fits the published schema, with everything and with the least', () => {
    const manifest = manifestOf(
      definePack({
        id: 'acme.math',
        version: '1.0.0',
        permissions: ['files.read', 'child_process'],
        memoryMb: 64,
        nodes: [defineNode(full), defineNode(least)],
      }),
    );
    expect(manifest).toMatchObject({ permissions: ['files.read', 'child_process'], memory_mb: 64 });
    fitsSchema(JSON.parse(JSON.stringify(manifest)));
    expect(fitsSchema.errors).toBeNull();
    expect(manifest.nodes[0]).toEqual({
      id: 'acme.math.add',
      description: 'Doubles a number.',
      input_schema: { type: 'object' },
      output_schema: { type: 'object' },
      side_effect: 'write',
      trust_tier: 'verified',
      idempotent: true,
      retry: { max_attempts: 4, initial_delay_ms: 100, multiplier: 3, max_delay_ms: 900 },
      timeout_ms: 500,
      max_concurrency: 2,
      egress: ['api.example.com', '*.example.org:8443', '*'],
      credentials: ['acme.math', 'serp_api', 'acme.other-key'],
      budget_hints: { cost: 0.1 },
      errors: { sum_large: { description: 'The sum is too large.', retryable: false } },
      tags: ['math', 'sum'],
      examples: [{ inputs: { a: 1 }, outputs: { sum: 1 } }, { inputs: {} }, { inputs: { a: 2 }, error: 'sum_large' }],
    });
  });

  it('is the same whatever the order of the nodes, and has no key without a value', () => {
    const [a, b] = [defineNode(full), defineNode({ ...least, timeoutMs: undefined })];
    const text = (nodes: Pack['nodes']) =>
      JSON.stringify(manifestOf(definePack({ id: 'acme.math', version: '1.0.0', nodes })));
    expect(text([a, b])).toBe(text([b, a]));
    expect(manifestOf(definePack({ id: 'acme.math', version: '1.0.0', nodes: [b] })).nodes[0]).not.toHaveProperty(
      'timeout_ms',
    );
  });
});

describe('errors of a handler', () => {
  it('tell code, details and whether to try again', () => {
    const cause = new Error('socket closed');
    const busy = new RetryableError('Busy.', { code: 'upstream_busy', details: { status: 503 }, cause });
    expect(busy).toMatchObject({
      name: 'RetryableError',
      message: 'Busy.',
      code: 'upstream_busy',
      retryable: true,
      cause,
    });
    expect(busy.details).toEqual({ status: 503 });
    expect(new CanceledError('Gone.')).toMatchObject({ kind: 'canceled', code: 'canceled', retryable: false });
    expect(new TimeoutError('Late.')).toMatchObject({ kind: 'timeout', code: 'timeout', retryable: true });
    expect(new TerminalError('No.')).toMatchObject({ name: 'TerminalError', code: 'handler_error', retryable: false });
  });
});
