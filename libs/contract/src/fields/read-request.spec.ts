import { jest } from '@jest/globals';
import { NodeRunsCreateRequest } from '../run-coordinator/node-runs-create-request.js';
import { NodeTypeRef } from '../core/node-type-ref.js';
import { RunStartRequest } from '../run-gateway/run-start-request.js';
import { ContractViolation } from './contract-violation.js';
import type { Issue } from './contract-violation.js';
import type { ContractClass } from './field-metadata.js';
import { readRequest } from './read-request.js';

const START = { root_node_type_ref: { node_type_id: 'atomic.echo', version: '1.0.0' }, input: {} };

function issuesOf(contractClass: ContractClass, value: unknown): readonly Issue[] {
  try {
    readRequest(contractClass, value);
  } catch (error) {
    if (error instanceof ContractViolation) return error.issues;
    throw error;
  }
  return [];
}

/** As it would arrive: own keys such as `__proto__` exist only in parsed JSON. */
function startWith(json: string): unknown {
  return JSON.parse(`${JSON.stringify(START).slice(0, -1)}, ${json}}`);
}

describe('readRequest', () => {
  it('makes instances of the classes, all the way down', () => {
    const request = readRequest(RunStartRequest, START);
    expect(request).toBeInstanceOf(RunStartRequest);
    expect(request.root_node_type_ref).toBeInstanceOf(NodeTypeRef);
    expect(request).toEqual(START);
  });

  it('passes free-form objects on by reference and looks at nothing in them', () => {
    const input = JSON.parse('{"constructor": {"a": null}, "__proto__": 1, "toString": []}') as Record<string, unknown>;
    const request = readRequest(RunStartRequest, { ...START, input });
    expect(request.input).toBe(input);
    expect(Object.keys(request.input)).toEqual(['constructor', '__proto__', 'toString']);
  });

  it('takes undefined, which callers in the same process may leave, for absence', () => {
    const value = { ...START, run_id: undefined, constraints: undefined, metadata: undefined, extensions: undefined };
    expect(issuesOf(RunStartRequest, value)).toEqual([]);
    expect(issuesOf(RunStartRequest, { ...START, input: undefined })).toEqual([
      { path: 'input', message: 'is required' },
    ]);
  });

  it('names everything that is wrong at once, sorted, each place once', () => {
    const value = {
      run_id: 7,
      root_node_type_ref: { node_type_id: 'a' },
      constraints: { gates: { side_effect_class: 'all' }, structural: { max_depth: -1, deep: true } },
      run_context: null,
      extensions: { foo: 1 },
      more: undefined,
    };
    expect(issuesOf(RunStartRequest, value)).toEqual([
      {
        path: 'constraints.gates.side_effect_class',
        message: 'must be one of read, write, irreversible',
      },
      { path: 'constraints.structural.deep', message: 'is not a known property' },
      { path: 'constraints.structural.max_depth', message: 'must be at least 0' },
      { path: 'extensions.foo', message: 'key must be namespaced as <org>.<key>' },
      { path: 'input', message: 'is required' },
      { path: 'more', message: 'is not a known property' },
      { path: 'root_node_type_ref.version', message: 'is required' },
      { path: 'run_context', message: 'must be an object' },
      { path: 'run_id', message: 'must be a string' },
    ]);
  });

  it('names items of arrays by index', () => {
    const spec = { node_type_ref: START.root_node_type_ref, inputs: {} };
    const value = { run_id: 'r', parent_node_run_id: 'p', node_runs: [spec, { ...spec, inputs: [] }, 'third'] };
    expect(issuesOf(NodeRunsCreateRequest, value)).toEqual([
      { path: 'node_runs[1].inputs', message: 'must be an object' },
      { path: 'node_runs[2]', message: 'must be an object' },
    ]);
  });

  it.each([undefined, null, [], [START], 'text', 1, true])('refuses the body %j', (value) => {
    expect(issuesOf(RunStartRequest, value)).toEqual([{ path: '', message: 'must be a JSON object' }]);
  });

  it('reports at most 50 issues', () => {
    const keys = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`k${index}`, 1]));
    expect(issuesOf(RunStartRequest, { ...START, ...keys })).toHaveLength(50);
  });
});

describe('readRequest of hostile input', () => {
  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'prototype'])('refuses the property %s', (key) => {
    for (const json of ['null', '1', '{}', '{"prototype": null}', '[]']) {
      expect(issuesOf(RunStartRequest, startWith(`"${key}": ${json}`))).toEqual([
        { path: key, message: 'is not a known property' },
      ]);
      expect(issuesOf(RunStartRequest, startWith(`"constraints": {"${key}": ${json}}`))).toEqual([
        { path: `constraints.${key}`, message: 'is not a known property' },
      ]);
    }
  });

  it('does not change what objects are', () => {
    expect(() => readRequest(RunStartRequest, startWith('"__proto__": {"polluted": true}'))).toThrow(ContractViolation);
    expect('polluted' in {}).toBe(false);
    expect('polluted' in RunStartRequest.prototype).toBe(false);
  });

  it('does not take a required field from the prototype of the value', () => {
    expect(issuesOf(NodeTypeRef, Object.create({ node_type_id: 'a', version: '1' }))).toHaveLength(2);
  });

  it('refuses an object with a constructor of its own where an array is expected', () => {
    const value: unknown = JSON.parse('{"run_id": "r", "parent_node_run_id": "p", "node_runs": {"constructor": null}}');
    expect(issuesOf(NodeRunsCreateRequest, value)).toEqual([{ path: 'node_runs', message: 'must be an array' }]);
  });

  it('refuses deep nesting where the contract types, and lets it pass where it does not', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(issuesOf(RunStartRequest, startWith(`"constraints": ${deep}`))).toEqual([
      { path: 'constraints', message: 'must be an object' },
    ]);
    const children: unknown = JSON.parse(`{"run_id": "r", "parent_node_run_id": "p", "node_runs": [${deep}]}`);
    expect(issuesOf(NodeRunsCreateRequest, children)).toEqual([{ path: 'node_runs[0]', message: 'must be an object' }]);
    expect(issuesOf(RunStartRequest, startWith(`"metadata": {"extensions": {"a.b": ${deep}}}`))).toEqual([]);
    expect(issuesOf(RunStartRequest, { ...START, input: { deep: JSON.parse(deep) as unknown } })).toEqual([]);
  });

  it('calls nothing that the value brings', () => {
    const trap = jest.fn();
    const value = { ...START, toJSON: trap, toString: trap, valueOf: trap };
    expect(issuesOf(RunStartRequest, value).map(({ path }) => path)).toEqual(['toJSON', 'toString', 'valueOf']);
    expect(trap).not.toHaveBeenCalled();
  });
});
