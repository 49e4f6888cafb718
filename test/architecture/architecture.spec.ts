import { fileURLToPath } from 'node:url';
import { importGraph, readSources } from './import-graph.js';
import { RULES, summary } from './rules.js';
const graph = importGraph(readSources(fileURLToPath(new URL('../../', import.meta.url))));
describe('real', () => {
  console.log(summary(graph));
  it.each(RULES)('$name', (r) => {
    expect(r.violations(graph)).toEqual([]);
  });
});
