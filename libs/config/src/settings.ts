import { customCleanEnv, EnvError, makeValidator, str } from 'envalid';
import type { CleanedEnv, ValidatorSpec } from 'envalid';
import { isSecret, ofSecrets, secretOfFile } from './secret-files.js';

/** Declared settings of one service or lib: environment name -> validator with description and default. */
export type SettingSpecs = Record<string, ValidatorSpec<unknown>>;

/** A set of settings, with other names under which the same setting may be given. */
export interface SettingsDefinition<S extends SettingSpecs> {
  readonly specs: S;
  /** Setting -> names that are read when the setting itself is not given, first match wins. */
  readonly aliases: Readonly<Record<string, readonly string[]>>;
}

export type SettingsOf<D> = D extends SettingsDefinition<infer S> ? Readonly<CleanedEnv<S>> : never;

/** Thrown when settings do not validate. The message lists every problem, one a line. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  constructor(readonly problems: readonly string[]) {
    super(`These settings are not right:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/**
 * Declares settings. Combine groups by spreading their `specs` and `aliases`.
 *
 * @example
 * const gatewaySettings = defineSettings({ ARP_RUN_COORDINATOR_URL: httpUrl({ default: undefined, desc: '…' }) });
 */
export function defineSettings<S extends SettingSpecs>(
  specs: S,
  aliases: Readonly<Record<string, readonly string[]>> = {},
): SettingsDefinition<S> {
  return { specs, aliases };
}

const emptyMeansSomething = new WeakSet<object>();

/**
 * Declares that an empty value of this setting is a value, which its validator judges, and not the same as none.
 *
 * @example JARVIS_EXTENSIONS_PREFIX: mayBeEmpty(textLike(/^$|^[a-z]+\.$/, 'empty, or …')({ default: 'jarvis.', desc: '…' }))
 */
export function mayBeEmpty<S extends ValidatorSpec<unknown>>(spec: S): S {
  emptyMeansSomething.add(spec);
  return spec;
}

/** The names under which an empty value is a value, aliases included. */
export function namesThatMayBeEmpty(definition: SettingsDefinition<SettingSpecs>): string[] {
  return Object.entries(definition.specs)
    .filter(([, spec]) => emptyMeansSomething.has(spec))
    .flatMap(([name]) => [name, ...(definition.aliases[name] ?? [])]);
}

/**
 * Reads and validates settings from `env`. An empty value counts as not given, unless `mayBeEmpty` says otherwise. A secret may be
 * in a file that `<NAME>_FILE` names. The result is frozen.
 *
 * @throws SettingsError that lists ALL problems at once
 */
export function readSettings<S extends SettingSpecs>(
  definition: SettingsDefinition<S>,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<CleanedEnv<S>> {
  const given: Record<string, string> = {};
  const ofFiles: string[] = [];
  const mayBeEmpty = namesThatMayBeEmpty(definition);
  for (const [name, spec] of Object.entries(definition.specs)) {
    const names = [name, ...(definition.aliases[name] ?? [])];
    const values = names.map((candidate) => env[candidate]?.trim()).filter((value) => value !== undefined);
    const found = values.find((value) => value !== '' || mayBeEmpty.includes(name));
    if (found !== undefined) given[name] = found;
    const file = isSecret(spec) ? secretOfFile(names, env, found !== undefined) : undefined;
    if (file !== undefined && 'problem' in file) ofFiles.push(file.problem);
    else if (file !== undefined) given[name] = file.value;
  }
  return customCleanEnv(given, definition.specs, (cleaned: CleanedEnv<S>) => Object.freeze({ ...cleaned }), {
    reporter: ({ errors }) => {
      const invalid = Object.entries(errors).map(([name, error]) => `${name}: ${error?.message ?? 'is not valid'}`);
      const problems = [...invalid, ...ofFiles];
      if (problems.length > 0) throw new SettingsError(problems.sort());
    },
  });
}

/** A whole number within bounds. */
export function wholeNumber(bounds: { readonly min: number; readonly max: number }) {
  return makeValidator<number>((input) => {
    const value = Number(input);
    if (!Number.isInteger(value) || value < bounds.min || value > bounds.max) {
      throw new EnvError(`must be a whole number from ${bounds.min} to ${bounds.max}, not "${input}"`);
    }
    return value;
  });
}

/** A text that matches a pattern. `says` is what it must be, for the error. */
export function textLike(pattern: RegExp, says: string) {
  return makeValidator<string>((input) => {
    if (!pattern.test(input)) throw new EnvError(`must be ${says}, not "${input}"`);
    return input;
  });
}

/** An absolute http or https URL, kept without a trailing slash and without a trailing `/v1`. */
export const httpUrl = makeValidator<string>(readHttpUrl);

/** An absolute http or https URL, kept exactly as it was given: for what is compared, as an issuer is. */
export const exactUrl = makeValidator<string>((input) => {
  // Before anything repeats it. An issuer is shown to everybody, and `fetch` names such a URL in its refusal, which is logged.
  if (URL.canParse(input) && new URL(input).password !== '') throw new EnvError('must not have a password in it');
  readHttpUrl(input);
  return input;
});

/** Base URLs as `httpUrl`: one, or several separated by commas. Each may be named once. */
export const httpUrls = makeValidator<readonly string[]>((input) => {
  const urls = itemsOf(input).map(readHttpUrl);
  const twice = urls.find((url, index) => urls.indexOf(url) !== index);
  if (twice !== undefined) throw new EnvError(`must name each URL once, and names ${twice} twice`);
  if (urls.length === 0) throw new EnvError(`must name at least one URL, not "${input}"`);
  return urls;
});

function readHttpUrl(input: string): string {
  if (!URL.canParse(input) || !/^https?:$/.test(new URL(input).protocol)) {
    throw new EnvError(`must be an http:// or https:// URL such as http://127.0.0.1:8081, not "${input}"`);
  }
  return input.replace(/\/+$/, '').replace(/\/v1$/, '').replace(/\/+$/, '');
}

function itemsOf(input: string): string[] {
  return input
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** A postgres:// URL. The value is a secret: it is not repeated in the error. */
export const postgresUrl = ofSecrets(
  makeValidator<string>((input) => {
    if (!URL.canParse(input) || !/^postgres(ql)?:$/.test(new URL(input).protocol)) {
      throw new EnvError('must be a postgres:// URL such as postgres://user:password@127.0.0.1:5432/arp');
    }
    return input;
  }),
);

/** A secret of at least `minLength` characters. It is not repeated in the error. */
export function secret(minLength: number) {
  return ofSecrets(
    makeValidator<string>((input) => {
      if (input.length < minLength) throw new EnvError(`must have at least ${minLength} characters`);
      return input;
    }),
  );
}

/** A secret that matches a pattern. `says` is what it must be, for the error, which does not repeat it. */
export function secretLike(pattern: RegExp, says: string) {
  return ofSecrets(
    makeValidator<string>((input) => {
      if (!pattern.test(input)) throw new EnvError(`must be ${says}`);
      return input;
    }),
  );
}

/** A list separated by commas; blanks around items are dropped. */
export const list = makeValidator<readonly string[]>(itemsOf);

/** true/false, 1/0, yes/no, on/off. */
export const yesNo = makeValidator<boolean>((input: unknown) => {
  if (typeof input === 'boolean') return input;
  const word = String(input).toLowerCase();
  if (['true', '1', 'yes', 'on', 't', 'y'].includes(word)) return true;
  if (['false', '0', 'no', 'off', 'f', 'n'].includes(word)) return false;
  throw new EnvError(`must be true or false, not "${String(input)}"`);
});

/** A port to listen on; 0 takes any that is free. */
export const port = wholeNumber({ min: 0, max: 65_535 });

export { str as text };
