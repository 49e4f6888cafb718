import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path/posix';
import ts from 'typescript';

/** Sources by their path from the root of the repository, with `/`. */
export type Sources = ReadonlyMap<string, string>;

/** One `import`, `export … from`, `import()`, `import type` or `import('…').Type`. */
export interface Import {
  readonly from: string;
  readonly line: number;
  /** As written: `./run.js`, `#contract`, `typeorm`. */
  readonly specifier: string;
  /** The file of this repository that it names, whether or not it exists; undefined for a foreign package. */
  readonly target: string | undefined;
  /** It leaves nothing in the JavaScript. */
  readonly typeOnly: boolean;
}

export interface ImportGraph {
  readonly sources: Sources;
  readonly files: readonly string[];
  readonly imports: readonly Import[];
}

/** The folders with TypeScript of ours. */
export const ROOTS = ['apps', 'libs', 'node-packs', 'test'];
const NOT_OURS = new Set(['node_modules', 'dist']);

/** @param root absolute path of the repository, or of any folder with the same layout */
export function readSources(root: string): Sources {
  const sources = new Map<string, string>();
  const read = (folder: string) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!NOT_OURS.has(entry.name)) read(path);
      } else if (path.endsWith('.ts')) {
        sources.set(path, readFileSync(join(root, path), 'utf8'));
      }
    }
  };
  ROOTS.forEach(read);
  return sources;
}

export function importGraph(sources: Sources): ImportGraph {
  const files = [...sources.keys()].sort();
  return { sources, files, imports: files.flatMap((file) => importsOf(file, sources.get(file) ?? '')) };
}

/**
 * Strongly connected components of more than one node, and nodes that point at themselves (Tarjan). Each is one knot
 * of cycles; none of them means that there is no cycle at all.
 */
export function knots(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const lower = (node: string, candidate: number | undefined) => {
    low.set(node, Math.min(low.get(node) ?? Infinity, candidate ?? Infinity));
  };
  const visit = (node: string) => {
    order.set(node, order.size);
    low.set(node, order.size - 1);
    stack.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!order.has(next)) {
        visit(next);
        lower(node, low.get(next));
      } else if (stack.includes(next)) {
        lower(node, order.get(next));
      }
    }
    if (low.get(node) !== order.get(node)) return;
    const knot = stack.splice(stack.indexOf(node));
    if (knot.length > 1 || edges.get(node)?.has(node) === true) found.push(knot.sort());
  };
  for (const node of edges.keys()) if (!order.has(node)) visit(node);
  return found;
}

/** `ts.preProcessFile` finds the same specifiers, but does not tell what is imported as a type only. */
function importsOf(file: string, source: string): Import[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ES2022, true);
  const imports: Import[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean) => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const line = tree.getLineAndCharacterOfPosition(specifier.getStart(tree)).line + 1;
    imports.push({ from: file, line, specifier: specifier.text, target: targetOf(file, specifier.text), typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnlyImport(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, isTypeOnlyExport(node));
    else if (ts.isExternalModuleReference(node)) add(node.expression, false);
    else if (ts.isImportTypeNode(node)) {
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true);
    } else if (ts.isCallExpression(node) && isImportCall(node.expression)) add(node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return imports;
}

function isImportCall(callee: ts.Expression): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require');
}

function isTypeOnlyImport(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const bindings = clause.namedBindings;
  if (clause.name !== undefined || bindings === undefined || !ts.isNamedImports(bindings)) return false;
  return bindings.elements.length > 0 && bindings.elements.every((element) => element.isTypeOnly);
}

function isTypeOnlyExport({ isTypeOnly, exportClause }: ts.ExportDeclaration): boolean {
  if (isTypeOnly || exportClause === undefined || !ts.isNamedExports(exportClause)) return isTypeOnly;
  return exportClause.elements.length > 0 && exportClause.elements.every((element) => element.isTypeOnly);
}

/** `#http` and our published names lead to the public face; `#http/x` and `@arp-jarvis/…/x` past it, but for the subpaths of the SDK. */
function targetOf(file: string, specifier: string): string | undefined {
  if (/^\.{1,2}(\/|$)/.test(specifier)) {
    return normalize(join(dirname(file), specifier)).replace(/\.js$/, '.ts');
  }
  if (specifier === '#package.json') return undefined;
  const [, inner, published, rest] = /^(?:#([^/]+)|@arp-jarvis\/([^/]+))(\/.*)?$/.exec(specifier) ?? [];
  const pack = published !== 'node-pack-sdk' ? /^node-pack-(.+)$/.exec(published ?? '')?.[1] : undefined;
  const name = inner ?? published;
  if (name === undefined) return undefined;
  const home = pack === undefined ? `libs/${name}` : `node-packs/${pack}`;
  // As `exports` of the SDK has it.
  if (published === 'node-pack-sdk' && (rest === '/runtime' || rest === '/testing')) {
    return `${home}/src${rest}/index.ts`;
  }
  return `${home}${rest ?? '/src/index.ts'}`;
}
