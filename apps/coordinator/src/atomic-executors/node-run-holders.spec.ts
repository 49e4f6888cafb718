import { NodeRunHolders } from './node-run-holders.js';

describe('the holders of node runs', () => {
  it('are those that were added and not removed', () => {
    const holders = new NodeRunHolders<string>();
    holders.add('n', 'a');
    holders.add('n', 'b');
    holders.add('n', 'a');
    expect(holders.of('n')).toEqual(['a', 'b']);
    holders.remove('n', 'a');
    expect(holders.of('n')).toEqual(['b']);
    holders.remove('n', 'b');
    holders.remove('m', 'b');
    expect([holders.of('n'), holders.of('m')]).toEqual([[], []]);
  });

  it('are forgotten when there are too many, the first ones first', () => {
    const holders = new NodeRunHolders<string>(2);
    for (const id of ['n1', 'n2', 'n3']) holders.add(id, 'a');
    expect(['n1', 'n2', 'n3'].map((id) => holders.of(id).length)).toEqual([0, 1, 1]);
  });
});
