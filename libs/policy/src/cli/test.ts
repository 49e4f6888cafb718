import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { statementName } from '../engine/policy-engine.js';
import type { PolicyEngine, PolicyVerdict } from '../engine/policy-engine.js';
import { problemLine } from '../engine/policy-problem.js';
import { readCases } from './case-table.js';
import type { Expectation, PolicyCase } from './case-table.js';
import { UsageError } from './output.js';
import type { Output } from './output.js';
import { readPolicy, readText } from './read-file.js';

const TABLE = '.test.json';

interface CaseResult {
  readonly name: string;
  readonly passed: boolean;
  /** What is not as the case says. */
  readonly failures: readonly string[];
  readonly verdict: PolicyVerdict;
}

interface TableResult {
  readonly policy: string;
  readonly table: string;
  /** Why the policy cannot be used. */
  readonly problems: readonly string[];
  readonly cases: readonly CaseResult[];
  /** Statements that match in no case. */
  readonly uncovered: readonly string[];
}

/** `test`: 1 when a policy is not valid or a case fails, with `requireCoverage` also when a statement matches in no case. */
export async function testCommand(
  path: string,
  output: Output,
  { json, requireCoverage }: { readonly json: boolean; readonly requireCoverage: boolean },
): Promise<number> {
  const results: TableResult[] = [];
  for (const { policy, table } of await pairsOf(path)) results.push(await runTable(policy, table));
  const failed = results.filter(
    ({ problems, cases, uncovered }) =>
      problems.length > 0 || cases.some(({ passed }) => !passed) || (requireCoverage && uncovered.length > 0),
  );
  if (json) output.line(JSON.stringify({ passed: failed.length === 0, results }, null, 2));
  else for (const line of results.flatMap(resultLines)) output.line(line);
  return failed.length === 0 ? 0 : 1;
}

async function runTable(policy: string, table: string): Promise<TableResult> {
  const cases = readCases(table, await readText(table));
  const { engine, problems } = await readPolicy(policy);
  if (engine === undefined) {
    return {
      policy,
      table,
      problems: problems.map((problem) => problemLine(policy, problem)),
      cases: [],
      uncovered: [],
    };
  }
  const touched = new Set<number>();
  const results = cases.map((each) => runCase(engine, each, touched));
  const { statements } = engine.explain({ action: '', resource: '', context: {} });
  const uncovered = statements.flatMap(({ statement }) =>
    touched.has(statement.index) ? [] : [statementName(statement)],
  );
  return { policy, table, problems: [], cases: results, uncovered };
}

function runCase(engine: PolicyEngine, { name, query, expect }: PolicyCase, touched: Set<number>): CaseResult {
  const { verdict, statements } = engine.explain(query);
  for (const { statement, outcome } of statements) if (outcome !== 'no_match') touched.add(statement.index);
  const failures = failuresOf(verdict, expect);
  return { name, passed: failures.length === 0, failures, verdict };
}

function failuresOf({ decision, reason_code, statement, message }: PolicyVerdict, expect: Expectation): string[] {
  const failures: string[] = [];
  if (decision !== expect.decision) failures.push(`decision is ${decision} and not ${expect.decision}: ${message}`);
  if (expect.reason_code !== undefined && reason_code !== expect.reason_code) {
    failures.push(`reason_code is ${reason_code} and not ${expect.reason_code}`);
  }
  const decider = typeof expect.statement === 'number' ? statement?.index : statement?.sid;
  if (expect.statement !== undefined && decider !== expect.statement) {
    failures.push(
      `it was decided by ${statement === undefined ? 'no statement' : statementName(statement)} and not by ${expect.statement}`,
    );
  }
  return failures;
}

function resultLines({ policy, problems, cases, uncovered }: TableResult): string[] {
  if (problems.length > 0) return [...problems, `${policy}: not valid`];
  const passed = cases.filter((each) => each.passed).length;
  return [
    ...cases.flatMap(({ name, failures }) => failures.map((failure) => `${policy}: "${name}": ${failure}`)),
    `${policy}: ${passed} of ${cases.length} cases passed`,
    ...(uncovered.length === 0 ? [] : [`${policy}: no case matches ${uncovered.join(', ')}`]),
  ];
}

/** Policies with their tables: of a folder, of a table, or of a policy. One table may serve a .json and a .cedar policy. */
async function pairsOf(path: string): Promise<{ readonly policy: string; readonly table: string }[]> {
  const info = await stat(path).catch(() => {
    throw new UsageError(`${path}: there is no such file or folder.`);
  });
  if (!info.isDirectory() && !path.endsWith(TABLE)) {
    const table = `${path.replace(/\.(json|cedar)$/, '')}${TABLE}`;
    if (!existsSync(table)) throw new UsageError(`${path} has no cases: ${table} does not exist.`);
    return [{ policy: path, table }];
  }
  const tables = info.isDirectory() ? await tablesIn(path) : [path];
  if (tables.length === 0) throw new UsageError(`In ${path} no file ends in ${TABLE}.`);
  return tables.flatMap((table) => {
    const base = table.slice(0, -TABLE.length);
    const policies = [`${base}.json`, `${base}.cedar`].filter((file) => existsSync(file));
    if (policies.length === 0) {
      throw new UsageError(`${table} has no policy: neither ${base}.json nor ${base}.cedar exists.`);
    }
    return policies.map((policy) => ({ policy, table }));
  });
}

async function tablesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(TABLE) && !entry.parentPath.includes('node_modules'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
