import { Run } from '../core/run.js';
import { NodeRun } from '../core/node-run.js';
import { ContractViolation } from './contract-violation.js';
import { fromPeer } from './from-peer.js';

const RUN = { run_id: 'r', state: 'running', root_node_run_id: 'n' };
const NODE_RUN = { node_run_id: 'n', run_id: 'r', node_type_ref: { node_type_id: 'a', version: '1' }, state: 'queued' };

describe('fromPeer', () => {
  it('takes a null for the absence of an optional field, at every level', () => {
    const value = {
      ...RUN,
      started_at: null,
      extensions: null,
      run_context: { tenant_id: null, trace: { span_id: null } },
    };
    expect(fromPeer(Run, value)).toEqual({ ...RUN, run_context: { trace: {} } });
    expect(
      fromPeer(NodeRun, { ...NODE_RUN, output_artifacts: [{ type: 'file', id: 'f', uri: null, extensions: null }] }),
    ).toEqual({ ...NODE_RUN, output_artifacts: [{ type: 'file', id: 'f' }] });
  });

  it('drops properties that the standard does not name', () => {
    const value: unknown = JSON.parse(
      '{"run_id": "r", "state": "running", "root_node_run_id": "n", "owner": 1, "constructor": null, "__proto__": {"a": 1}}',
    );
    const run = fromPeer(Run, value);
    expect(run).toStrictEqual(fromPeer(Run, RUN));
    expect(Object.keys(run)).toEqual(Object.keys(RUN));
    expect(run).toBeInstanceOf(Run);
  });

  it('gives extension keys without a namespace ours', () => {
    const extensions = { note: null, 'org.example.key': 1, '.odd': 2 };
    expect(fromPeer(Run, { ...RUN, extensions }).extensions).toEqual({
      'jarvis.note': null,
      'org.example.key': 1,
      'jarvis..odd': 2,
    });
  });

  it.each([
    ['bare first', { note: 'bare', 'jarvis.note': 'full' }],
    ['bare last', { 'jarvis.note': 'full', note: 'bare' }],
  ])('keeps the key that has the namespace when both are there, %s', (_, extensions) => {
    expect(fromPeer(Run, { ...RUN, extensions }).extensions).toEqual({ 'jarvis.note': 'full' });
  });

  it('leaves free-form objects alone, and the value too', () => {
    const inputs = { a: null, nested: { b: null } };
    const value = Object.freeze({ ...NODE_RUN, inputs: Object.freeze(inputs), kind: null });
    expect(fromPeer(NodeRun, value).inputs).toBe(inputs);
    expect(value.kind).toBeNull();
  });

  it('does not take a null for the absence of a required field', () => {
    expect(() => fromPeer(Run, { ...RUN, run_id: null })).toThrow('not a valid Run: run_id must be a string');
  });

  it.each([
    ['a missing required field', { run_id: 'r', state: 'running' }, 'root_node_run_id'],
    ['a wrong type', { ...RUN, started_at: 12 }, 'started_at'],
    ['an unknown state', { ...RUN, state: 'paused' }, 'state'],
    ['a key that no namespace makes valid', { ...RUN, extensions: { 'a b': 1 } }, 'extensions["jarvis.a b"]'],
    ['an array', [RUN], ''],
    ['null', null, ''],
  ])('still refuses %s', (_, value, path) => {
    const read = () => fromPeer(Run, value);
    expect(read).toThrow(ContractViolation);
    expect(read).toThrow(expect.objectContaining({ issues: [expect.objectContaining({ path })] }));
  });
});
