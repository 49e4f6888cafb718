import { readFileSync } from 'node:fs';
import ts from 'typescript';

function fileAt(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}

/** Names that a module exports by `export { … } from`, types too. */
function exportedNames(path: string): string[] {
  const source = ts.createSourceFile(path, fileAt(path), ts.ScriptTarget.Latest);
  return source.statements.flatMap((statement) =>
    ts.isExportDeclaration(statement) &&
    statement.exportClause !== undefined &&
    ts.isNamedExports(statement.exportClause)
      ? statement.exportClause.elements.map(({ name }) => name.text)
      : [],
  );
}

describe('README.md', () => {
  const readme = fileAt('../README.md');

  it.each([
    ['.', './index.ts', 20],
    ['./testing', './testing/index.ts', 10],
  ])('names everything that %s exports', (_, path, atLeast) => {
    const names = exportedNames(path);
    expect(names.length).toBeGreaterThanOrEqual(atLeast);
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(readme))).toEqual([]);
  });
});
