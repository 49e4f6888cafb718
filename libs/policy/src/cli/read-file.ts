import { readFile } from 'node:fs/promises';
import { text as readStream } from 'node:stream/consumers';
import { loadPolicy } from '../engine/load-policy.js';
import type { LoadedPolicy } from '../engine/loaded-policy.js';
import type { JsonObject } from '../engine/policy-engine.js';
import { fileErrorCode } from '../file-error-code.js';
import { UsageError } from './output.js';

/** @throws UsageError when there is no such file, or it cannot be read */
export async function readText(file: string): Promise<string> {
  try {
    return file === '-' ? await readStream(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read (${fileErrorCode(error)}).`);
  }
}

/** @throws UsageError when the file cannot be read */
export async function readPolicy(file: string): Promise<LoadedPolicy> {
  return loadPolicy(file, await readText(file));
}

/** @throws UsageError when the file cannot be read, or is not a JSON object */
export async function readObject(file: string): Promise<JsonObject> {
  const value = parseJson(file, await readText(file));
  if (!isObject(value)) throw new UsageError(`${file} must hold a JSON object.`);
  return value;
}

/** @throws UsageError when the text is not JSON */
export function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
