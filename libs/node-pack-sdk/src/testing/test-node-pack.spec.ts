import { setTimeout as sleep } from 'node:timers/promises';
import { defineNode } from '../define-node.js';
import type { Node, NodeDefinition } from '../define-node.js';
import { definePack } from '../define-pack.js';
import { RetryableError, TerminalError } from '../errors.js';
import type { JsonObject } from '../json-schema.js';
import { NodePackTestError } from './report.js';
import type { NodePackProblem } from './report.js';
import { testNodePack } from './test-node-pack.js';
import type { TestNodePackOptions } from './test-node-pack.js';

const NUMBER = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'], additionalProperties: false };

const good: NodeDefinition = {
  id: 'acme.math.double',
  description: 'Doubles a number.',
  input: NUMBER,
  output: NUMBER,
  errors: { too_large: { description: 'The number is too large.' } },
  examples: [
    { inputs: { n: 2 }, outputs: { n: 4 } },
    { inputs: { n: 1 } },
    { inputs: { n: 1e9 }, error: 'too_large' },
    { inputs: { n: 'two' }, error: 'invalid_inputs' },
  ],
  run: ({ n }) => {
    if ((n as number) > 1e6) throw new TerminalError('Too large.', { code: 'too_large' });
    return { n: (n as number) * 2 };
  },
};

function packOf(...nodes: Node[]) {
  return definePack({ id: 'acme.math', version: '1.0.0', nodes });
}

/** The node of `good` with something else; `invalid_inputs` is no code to declare, hence without its last example. */
function nodeWith(change: Partial<NodeDefinition>): Node {
  return defineNode({ ...good, examples: good.examples?.slice(0, 2) ?? [], ...change });
}

async function problemsOf(node: Node, options?: TestNodePackOptions): Promise<readonly NodePackProblem[]> {
  const error: unknown = await testNodePack(packOf(node), options).catch((thrown: unknown) => thrown);
  if (!(error instanceof NodePackTestError)) throw new Error('the pack passed');
  for (const { message } of error.report.problems) expect(error.message).toContain(message);
  return error.report.problems;
}

describe('testNodePack', () => {
  it('passes a pack that keeps what it promises', async () => {
    const errors = { ...good.errors, invalid_inputs: { description: 'As the executor says it.' } };
    const report = await testNodePack(packOf(defineNode({ ...good, errors })));
    expect(report).toMatchObject({ packId: 'acme.math', version: '1.0.0', problems: [], warnings: [] });
    expect(report.nodes[0]?.examples.map(({ outcome }) => outcome)).toEqual(['passed', 'passed', 'passed', 'passed']);
    expect(report.nodes[0]?.cancel).toBe('ended_before');
  });

  it('warns of a node without examples, and tries nothing', async () => {
    const report = await testNodePack(packOf(nodeWith({ examples: [] })));
    expect(report.warnings).toMatchObject([{ check: 'examples', nodeId: 'acme.math.double' }]);
    expect(report.nodes[0]).toMatchObject({ examples: [], cancel: 'not_tried' });
  });

  const bad: readonly [string, Partial<NodeDefinition>, NodePackProblem['check'], RegExp][] = [
    [
      'a schema that does not compile',
      { input: { type: 'object', properties: 3 } },
      'schema',
      /^its input schema is not/,
    ],
    [
      'a reference to nowhere',
      { output: { type: 'object', $ref: '#/$defs/none' } },
      'schema',
      /^its output schema is not/,
    ],
    [
      'a keyword nobody knows',
      { input: { ...NUMBER, requierd: ['n'] } },
      'schema_keyword',
      /the keyword "requierd", which JSON Schema/,
    ],
    [
      'a format nobody knows',
      { output: { ...NUMBER, properties: { n: { type: 'number' }, s: { type: 'string', format: 'emial' } } } },
      'schema_keyword',
      /unknown format "emial"/,
    ],
    [
      'inputs that do not match',
      { examples: [{ inputs: { n: 'two' } }] },
      'example_inputs',
      /would refuse its inputs: .*n must be number/,
    ],
    [
      'other outputs than the example says',
      { examples: [{ inputs: { n: 2 }, outputs: { n: 5 } }] },
      'example_outputs',
      /^it should give {"n":5} and gave {"n":4}\.$/,
    ],
    [
      'outputs that do not match the schema',
      { run: () => ({ m: 4 }), examples: [{ inputs: { n: 2 } }] },
      'example_outputs',
      /would refuse its outputs: .*additional properties: "m"|would refuse its outputs: .*required property 'n'/,
    ],
    [
      'no outputs',
      { run: () => undefined as never },
      'example_error',
      /invalid_outputs: The handler returned no object/,
    ],
    [
      'an error instead of outputs',
      { examples: [{ inputs: { n: 1e9 } }] },
      'example_error',
      /^it should succeed and failed with too_large: Too large\.$/,
    ],
    [
      'outputs instead of an error',
      { examples: [{ inputs: { n: 1 }, error: 'too_large' }] },
      'example_error',
      /^it should fail with too_large and gave {"n":2}\.$/,
    ],
    [
      'an error of another kind',
      {
        run: () => {
          throw new TypeError('n is undefined');
        },
      },
      'example_error',
      /threw TypeError: n is undefined\. Callers hear only handler_error/,
    ],
    [
      'a code that is not declared',
      {
        run: () => {
          throw new TerminalError('No.', { code: 'too_odd' });
        },
      },
      'undeclared_error',
      /failed with too_odd, which its errors do not declare/,
    ],
    [
      'an error that may be retried against its declaration',
      {
        examples: [{ inputs: { n: 1 }, error: 'too_large' }],
        run: () => {
          throw new RetryableError('Too large.', { code: 'too_large' });
        },
      },
      'undeclared_error',
      /says that it can be retried, its declaration that it cannot/,
    ],
    [
      'outputs that JSON changes',
      { output: { type: 'object' }, run: () => ({ at: [new Date(0)] }), examples: [{ inputs: { n: 1 } }] },
      'outputs_json',
      /outputs\.at\[0\] is a Date/,
    ],
    [
      'a handler that ignores cancel',
      {
        run: async () => {
          await sleep(1_500);
          return { n: 1 };
        },
        examples: [{ inputs: { n: 1 } }],
      },
      'cancel',
      /still at work 1000 ms after it was canceled/,
    ],
    [
      'a handler that never ends',
      { timeoutMs: 50, run: () => new Promise<JsonObject>(() => undefined), examples: [{ inputs: { n: 1 } }] },
      'timeout',
      /did not end within 50 ms/,
    ],
  ];

  it.each(bad)('finds %s', async (_, change, check, message) => {
    const problems = await problemsOf(nodeWith(change));
    expect(problems.map((problem) => problem.check)).toContain(check);
    expect(problems.find((problem) => problem.check === check)?.message).toMatch(message);
  });

  it('honours a handler that passes the signal on', async () => {
    const run: NodeDefinition['run'] = async ({ n }, ctx) => {
      await sleep(200, undefined, { signal: ctx.signal });
      return { n };
    };
    const report = await testNodePack(packOf(nodeWith({ run, examples: [{ inputs: { n: 1 } }] })));
    expect(report.nodes[0]?.cancel).toBe('honoured');
  });

  it('takes keywords that start with x- as notes', async () => {
    await testNodePack(packOf(nodeWith({ input: { ...NUMBER, 'x-shown-as': 'slider' } })));
  });

  it('does not let a handler change its examples', async () => {
    const run: NodeDefinition['run'] = (inputs) => {
      inputs['n'] = (inputs['n'] as number) * 2;
      return inputs;
    };
    await testNodePack(packOf(nodeWith({ run, examples: [{ inputs: { n: 2 }, outputs: { n: 4 } }] })));
  });

  describe('of a node that calls out', () => {
    const calling = nodeWith({
      input: { type: 'object' },
      output: { type: 'object' },
      egress: ['api.example.com'],
      examples: [
        { inputs: { call: true }, outputs: { status: 418, url: 'https://api.example.com/' } },
        { inputs: { call: false }, outputs: {} },
      ],
      run: async ({ call }, ctx) => {
        if (call !== true) return {};
        const { status, url } = await ctx.http.fetch('https://api.example.com');
        return { status, url };
      },
    });

    it('skips the examples that call when there is no mock, and runs the others', async () => {
      const { nodes } = await testNodePack(packOf(calling));
      expect(nodes[0]?.examples.map(({ outcome }) => outcome)).toEqual(['skipped', 'passed']);
    });

    it('runs all with a mock', async () => {
      const asked: string[] = [];
      const http = (url: URL) => {
        asked.push(url.href);
        return new Response('tea', { status: 418 });
      };
      const { nodes } = await testNodePack(packOf(calling), { http });
      expect(nodes[0]?.examples.map(({ outcome }) => outcome)).toEqual(['passed', 'passed']);
      expect(asked).toContain('https://api.example.com/');
    });

    it('fails when a call goes to a host that the node does not declare, with a mock or without', async () => {
      const undeclared = defineNode({ ...calling, egress: ['other.example.com'] });
      for (const options of [{ http: () => new Response('') }, {}]) {
        const problems = await problemsOf(undeclared, options);
        expect(problems.map(({ check }) => check)).toEqual(['example_error']);
        expect(problems[0]?.message).toMatch(/failed with egress_denied: .*api\.example\.com/);
      }
    });

    it('fails when the mock gives something else than the example says', async () => {
      const problems = await problemsOf(calling, { http: () => new Response('coffee') });
      expect(problems.map(({ check }) => check)).toEqual(['example_outputs']);
    });
  });
});

describe('a pack with a mockUpstream', () => {
  const ask = defineNode({
    ...good,
    id: 'acme.math.ask',
    egress: ['api.example.com'],
    credentials: ['acme.math'],
    examples: [{ inputs: { n: 2 }, outputs: { n: 15 } }],
    run: async (_, ctx) => {
      const key = await ctx.credentials.get('acme.math');
      const response = await ctx.http.fetch('https://api.example.com/', { headers: { authorization: key } });
      return (await response.json()) as { n: number };
    },
  });
  const pack = definePack({
    id: 'acme.math',
    version: '1.0.0',
    nodes: [ask],
    mockUpstream: (request) => Response.json({ n: request.headers.get('authorization')?.length }),
  });
  const outcome = async (options?: TestNodePackOptions) =>
    (await testNodePack(pack, options)).nodes[0]?.examples[0]?.outcome;

  it('runs its examples against it, with a credential of no worth or the given one', async () => {
    expect(await outcome()).toBe('passed');
    await expect(outcome({ credentials: { 'acme.math': 'k' } })).rejects.toThrow('gave {"n":1}');
  });

  it('runs them against the mock of the test when there is one', async () => {
    await expect(outcome({ http: () => Response.json({ n: 3 }) })).rejects.toThrow('gave {"n":3}');
  });

  it('is refused what the node does not declare', async () => {
    const elsewhere = defineNode({
      ...good,
      id: ask.id,
      examples: [{ inputs: { n: 2 } }],
      egress: ['other.example'],
      credentials: [],
      run: ask.run,
    });
    await expect(testNodePack({ ...pack, nodes: [elsewhere] })).rejects.toThrow('credential_not_declared');
    const declared = { ...elsewhere, credentials: ['acme.math'] };
    await expect(testNodePack({ ...pack, nodes: [declared] })).rejects.toThrow('egress_denied');
  });
});
