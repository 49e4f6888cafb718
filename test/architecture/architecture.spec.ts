import { fileURLToPath } from 'node:url';
import { FIXTURES } from './fixtures.js';
import { importGraph, knots, readSources } from './import-graph.js';
import type { ImportGraph } from './import-graph.js';
import { RULES, summary } from './rules.js';
import type { Rule } from './rules.js';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

describe('every rule fires', () => {
  it.each(RULES)('$name has a fixture', ({ name }) => {
    expect(FIXTURES.map(({ rule }) => rule)).toContain(name);
  });

  it.each(FIXTURES)('$rule: $about', ({ rule, fires, silent }) => {
    const { violations } = ruleNamed(rule);
    for (const files of alone(rule, fires)) expect(violations(graphOf(files))).toHaveLength(1);
    expect(violations(graphOf(silent))).toEqual([]);
  });
});

describe('the graph', () => {
  it('tells what leaves something in the JavaScript from what is a type only', () => {
    const { imports } = graphOf({
      'libs/http/src/a.ts': [
        "import a from 'value-default';",
        "import type { B } from 'type-import';",
        "import { type C } from 'type-elements';",
        "import { type D, d } from 'value-mixed';",
        "import e, { type E } from 'value-default-and-type';",
        "import 'value-effect';",
        "import * as f from 'value-namespace';",
        "export { g } from 'value-export';",
        "export type { H } from 'type-export';",
        "export { type I } from 'type-export-elements';",
        "export * from 'value-export-all';",
        "const j = await import('value-dynamic');",
        "type K = import('type-query').K;",
        "import l = require('value-require');",
        "const m = \"import { n } from 'none-text'\"; // import 'none-comment'",
      ].join('\n'),
    });
    expect(imports).toHaveLength(14);
    for (const { specifier, typeOnly } of imports) expect(specifier).toMatch(typeOnly ? /^type-/ : /^value-/);
    expect(imports.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  });

  it('finds the file behind a specifier', () => {
    const targets = Object.fromEntries(
      graphOf({
        'libs/http/src/fields/a.ts': ['../b.js', './c.json', '#contract', '#contract/x.js', '#package.json', 'typeorm']
          .concat(
            '@arp-jarvis/node-pack-sdk',
            '@arp-jarvis/node-pack-core',
            '@arp-jarvis/client',
            '@other/node-pack-core',
          )
          .map((specifier) => `import '${specifier}';`)
          .join('\n'),
      }).imports.map(({ specifier, target }) => [specifier, target]),
    );
    expect(targets).toEqual({
      '../b.js': 'libs/http/src/b.ts',
      './c.json': 'libs/http/src/fields/c.json',
      '#contract': 'libs/contract/src/index.ts',
      '#contract/x.js': 'libs/contract/x.js',
      '#package.json': undefined,
      typeorm: undefined,
      '@arp-jarvis/node-pack-sdk': 'libs/node-pack-sdk/src/index.ts',
      '@arp-jarvis/node-pack-core': 'node-packs/core/src/index.ts',
      '@arp-jarvis/client': 'libs/client/src/index.ts',
      '@other/node-pack-core': undefined,
    });
  });

  it('finds each knot once, and no knot where paths only meet', () => {
    const edges = new Map(
      Object.entries({ a: 'b', b: 'ac', c: 'd', d: 'e', e: 'cf', f: 'g', g: '', h: 'h', i: 'ag', j: 'gi' }).map(
        ([from, to]) => [from, new Set(to)],
      ),
    );
    expect(knots(edges).sort()).toEqual([['a', 'b'], ['c', 'd', 'e'], ['h']]);
  });
});

describe('this repository', () => {
  const graph = importGraph(readSources(REPOSITORY));

  beforeAll(() => console.log(`architecture: ${summary(graph)}`));

  it('was read', () => {
    for (const root of ['apps', 'libs', 'node-packs', 'test']) {
      expect(graph.files.filter((file) => file.startsWith(`${root}/`))).not.toEqual([]);
    }
    expect(graph.files.filter((file) => /node_modules|dist\//.test(file))).toEqual([]);
    const missing = graph.imports.filter(
      ({ target }) => target?.endsWith('.ts') === true && !graph.sources.has(target),
    );
    expect(missing.map(({ from, line, specifier }) => `${from}:${line} ${specifier}`)).toEqual([]);
  });

  it.each(RULES)('$name: $says', ({ violations }) => {
    expect(violations(graph)).toEqual([]);
  });
});

function graphOf(files: Readonly<Record<string, string>>): ImportGraph {
  return importGraph(new Map(Object.entries(files)));
}

/** Each file violates its rule by itself, except where it takes several to make a cycle. */
function alone(rule: string, files: Readonly<Record<string, string>>): Readonly<Record<string, string>>[] {
  if (rule.endsWith('-form-no-cycle')) return [files];
  return Object.entries(files).map(([path, source]) => ({ [path]: source }));
}

function ruleNamed(name: string): Rule {
  const rule = RULES.find((candidate) => candidate.name === name);
  if (rule === undefined) throw new Error(`no rule is called ${name}`);
  return rule;
}
