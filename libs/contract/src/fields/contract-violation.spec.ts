import { ContractViolation } from './contract-violation.js';

describe('ContractViolation', () => {
  it('sorts its issues by path and says them', () => {
    const violation = new ContractViolation('Run', [
      { path: 'state', message: 'is required' },
      { path: '', message: 'must be a JSON object' },
      { path: 'run_id', message: 'must be a string' },
    ]);
    expect(violation).toBeInstanceOf(Error);
    expect(violation.issues.map(({ path }) => path)).toEqual(['', 'run_id', 'state']);
    expect(violation.message).toBe(
      'not a valid Run: must be a JSON object; run_id must be a string; state is required',
    );
  });

  it('keeps at most 50, the first by path', () => {
    const issues = Array.from({ length: 60 }, (_, index) => ({ path: `a${String(99 - index)}`, message: 'is wrong' }));
    const violation = new ContractViolation('Run', issues);
    expect(violation.issues).toHaveLength(50);
    expect(violation.issues[0]?.path).toBe('a40');
    expect(violation.message).toMatch(/a89 is wrong; and 10 more$/);
  });
});
