import { DECISION_REASONS, POLICY_OUTCOMES } from '../engine/policy-engine.js';
import type { JsonObject, PolicyQuery, PolicyVerdict } from '../engine/policy-engine.js';
import { didYouMean } from '../engine/policy-problem.js';
import { UsageError } from './output.js';
import { isObject, parseJson } from './read-file.js';

/** What a case says the policy must answer. */
export interface Expectation {
  readonly decision: PolicyVerdict['decision'];
  readonly reason_code?: string;
  /** Sid of the statement that must decide, or its place from 0. */
  readonly statement?: string | number;
}

export interface PolicyCase {
  readonly name: string;
  readonly query: PolicyQuery;
  readonly expect: Expectation;
}

const TABLE_KEYS = ['description', 'context', 'cases'];
const CASE_KEYS = ['name', 'action', 'resource', 'context', 'expect'];
const EXPECT_KEYS = ['decision', 'reason_code', 'statement'];

/**
 * Reads a table of cases: a list of them, or `{context?, cases}` with a context that each case adds to.
 *
 * @throws UsageError with the file and the case that is wrong
 */
export function readCases(file: string, text: string): PolicyCase[] {
  const table = parseJson(file, text);
  const { context = {}, cases } = isObject(table) ? table : { context: {}, cases: table };
  if (isObject(table)) refuseUnknown(table, TABLE_KEYS, file);
  if (!Array.isArray(cases) || cases.length === 0) {
    throw new UsageError(`${file} must be a list of cases, or an object with the list "cases"; at least one.`);
  }
  if (!isObject(context)) throw new UsageError(`${file}: "context" must be an object.`);
  const read = cases.map((value: unknown, index) => readCase(value, context, `${file}: case ${index + 1}`));
  const twice = read.find(({ name }, index) => read.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw new UsageError(`${file}: two cases are called "${twice.name}".`);
  return read;
}

function readCase(value: unknown, shared: JsonObject, where: string): PolicyCase {
  if (!isObject(value)) throw new UsageError(`${where} must be an object with ${CASE_KEYS.join(', ')}.`);
  refuseUnknown(value, CASE_KEYS, where);
  const { name, action, resource, context = {}, expect } = value;
  if (!isText(name) || !isText(action) || !isText(resource)) {
    throw new UsageError(`${where}: "name", "action" and "resource" must be texts that are not empty.`);
  }
  if (!isObject(context)) throw new UsageError(`${where}: "context" must be an object.`);
  const query = { action, resource, context: merge(shared, context) };
  return { name, query, expect: readExpectation(expect, `${where} ("${name}")`) };
}

function readExpectation(value: unknown, where: string): Expectation {
  if (!isObject(value)) throw new UsageError(`${where}: "expect" must be an object with at least "decision".`);
  refuseUnknown(value, EXPECT_KEYS, `${where}: expect`);
  const decision = POLICY_OUTCOMES.find((outcome) => outcome === value.decision);
  if (decision === undefined) {
    throw new UsageError(`${where}: "decision" must be one of ${POLICY_OUTCOMES.join(', ')}.`);
  }
  const { reason_code, statement } = value;
  if (reason_code !== undefined && !DECISION_REASONS.some((reason) => reason === reason_code)) {
    throw new UsageError(`${where}: "reason_code" must be one of ${DECISION_REASONS.join(', ')}.`);
  }
  if (statement !== undefined && !isText(statement) && typeof statement !== 'number') {
    throw new UsageError(`${where}: "statement" must be a Sid, or the place of the statement from 0.`);
  }
  return {
    decision,
    ...(typeof reason_code === 'string' ? { reason_code } : {}),
    ...(statement === undefined ? {} : { statement }),
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** A misspelt key would make a case that checks less than it seems to. */
function refuseUnknown(value: JsonObject, known: readonly string[], where: string): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new UsageError(
    `${where}: unknown key "${unknown}". Known are ${known.join(', ')}.${didYouMean(unknown, known)}`,
  );
}

/** Members of objects one by one; everything else of `own` replaces what is there. */
function merge(shared: JsonObject, own: JsonObject): JsonObject {
  const merged: [string, JsonObject[string]][] = Object.entries(own).map(([key, value]) => {
    const base = Object.hasOwn(shared, key) ? shared[key] : undefined;
    return [key, isObject(base) && isObject(value) ? merge(base, value) : value];
  });
  return Object.fromEntries([...Object.entries(shared), ...merged]);
}
