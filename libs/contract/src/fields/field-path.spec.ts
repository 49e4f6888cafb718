import { itemPath, propertyPath } from './field-path.js';

describe('paths', () => {
  it.each([
    ['', 'run_id', 'run_id'],
    ['node_runs[0]', 'inputs', 'node_runs[0].inputs'],
    ['extensions', 'org.example', 'extensions.org.example'],
    ['', '__proto__', '__proto__'],
    ['', '', '[""]'],
    ['a', 'b c', 'a["b c"]'],
    ['a', '[0]', 'a["[0]"]'],
    ['a', 'b\n', 'a["b\\n"]'],
    ['', '.b', '[".b"]'],
  ])('of %j and %j is %s', (parent, key, path) => {
    expect(propertyPath(parent, key)).toBe(path);
  });

  it('cut long keys', () => {
    expect(propertyPath('a', 'k'.repeat(10_000)).length).toBeLessThan(100);
  });

  it('number items', () => {
    expect(itemPath('node_runs', 3)).toBe('node_runs[3]');
  });
});
