import { readFileSync } from 'node:fs';
import type { ValidatorSpec } from 'envalid';

const secrets = new WeakSet<object>();

/** A validator whose settings are secrets: `isSecret` holds for them, and `<NAME>_FILE` may give them. */
export function ofSecrets<V extends (...parameters: never[]) => ValidatorSpec<unknown>>(validator: V): V {
  const marking = (...parameters: Parameters<V>) => {
    const spec = validator(...parameters);
    secrets.add(spec);
    return spec;
  };
  return marking as V;
}

/** Whether a setting is a secret, which may be given as the path of a file too (`secretFileName`). */
export function isSecret(spec: ValidatorSpec<unknown>): boolean {
  return secrets.has(spec);
}

/** The variable with the path of the file that holds a secret. */
export function secretFileName(name: string): string {
  return `${name}_FILE`;
}

/** What a file says a secret is, or what is wrong. The content is in no problem. */
export type FileSecret = { readonly value: string } | { readonly problem: string };

/**
 * The value of a secret by `<NAME>_FILE`, under whichever of its names: what the file holds, without one line break at its end.
 *
 * @param names of the setting, its own first
 * @param isGiven whether the environment gives the secret itself too, which is a problem
 * @returns undefined when no file is named
 */
export function secretOfFile(
  names: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  isGiven: boolean,
): FileSecret | undefined {
  const [variable] = names.map(secretFileName).filter((name) => (env[name]?.trim() ?? '') !== '');
  const path = variable === undefined ? undefined : env[variable]?.trim();
  if (variable === undefined || path === undefined) return undefined;
  if (isGiven) return { problem: `${names[0]}: is set, and so is ${variable}; set one of them` };
  try {
    const value = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    return value === '' ? { problem: `${variable}: the file ${path} is empty` } : { value };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'error';
    return { problem: `${variable}: the file ${path} cannot be read (${code})` };
  }
}
