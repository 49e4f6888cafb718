import { existsSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { parse } from 'dotenv';
import { readFileSync } from 'node:fs';
import { isSecret, secretFileName } from './secret-files.js';
import { namesThatMayBeEmpty, readSettings } from './settings.js';
import type { SettingsDefinition, SettingSpecs } from './settings.js';
import type { CleanedEnv } from 'envalid';

/** How a service presents itself on the command line. */
export interface CommandLine {
  /** The command as a user types it, for `--help`. */
  readonly command: string;
  readonly description: string;
  readonly version: string;
  /** The setting that `--port` overrides; without it the command takes no `--port`. */
  readonly portSetting?: string;
  /** False for a command that does not listen: it takes no `--host`. Default true. */
  readonly listens?: boolean;
  /** Further on/off flags: name -> description. */
  readonly switches?: Readonly<Record<string, string>>;
}

/** What the command line and the environment said together. */
export interface Invocation<S extends SettingSpecs> {
  readonly settings: Readonly<CleanedEnv<S>>;
  readonly switches: Readonly<Record<string, boolean>>;
}

/**
 * The environment of this process, completed from `.env.local` and then `.env` in the working folder.
 * A variable that is set wins over `.env.local`, which wins over `.env`. An empty variable counts as not set.
 *
 * @param mayBeEmpty variables that an empty value sets
 */
export function processEnvironment(
  folder: string = process.cwd(),
  mayBeEmpty: readonly string[] = [],
): Record<string, string | undefined> {
  const fromFiles = ['.env', '.env.local']
    .map((name) => `${folder}/${name}`)
    .filter((path) => existsSync(path))
    .map((path) => parse(readFileSync(path)));
  const merged: Record<string, string | undefined> = Object.fromEntries(
    fromFiles.flatMap((values) => Object.entries(values)),
  );
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && (value !== '' || mayBeEmpty.includes(name))) merged[name] = value;
  }
  return merged;
}

/**
 * Reads flags, environment and `.env` files of a service: flag over variable over `.env.local` over `.env` over default.
 * `--help` and `--version` print and end the process with 0.
 *
 * @throws SettingsError with all problems
 */
export function readInvocation<S extends SettingSpecs>(
  definition: SettingsDefinition<S>,
  commandLine: CommandLine,
  argv: readonly string[] = process.argv.slice(2),
  env: Readonly<Record<string, string | undefined>> = processEnvironment(
    process.cwd(),
    namesThatMayBeEmpty(definition),
  ),
): Invocation<S> {
  const program = new Command(commandLine.command)
    .description(commandLine.description)
    .version(commandLine.version)
    .addHelpText('after', `\nSettings (environment, or .env.local, or .env):\n${describeSettings(definition)}`);
  if (commandLine.listens !== false) program.option('--host <address>', 'address to listen on (setting ARP_HOST)');
  if (commandLine.portSetting !== undefined) {
    program.option('--port <number>', `port to listen on (setting ${commandLine.portSetting})`, asPort);
  }
  const switches = Object.entries(commandLine.switches ?? {});
  for (const [name, description] of switches) program.option(`--${name}`, description);
  program.parse(argv, { from: 'user' });

  const flags: Record<string, unknown> = program.opts();
  const overrides: Record<string, string> = {};
  if (flags['host'] !== undefined) overrides['ARP_HOST'] = String(flags['host']);
  if (flags['port'] !== undefined && commandLine.portSetting) {
    overrides[commandLine.portSetting] = String(flags['port']);
  }
  return {
    settings: readSettings(definition, { ...env, ...overrides }),
    switches: Object.fromEntries(switches.map(([name]) => [name, isSet(flags, name)])),
  };
}

function asPort(value: string): string {
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65535) {
    throw new InvalidArgumentError('must be a port from 0 to 65535.');
  }
  return value;
}

/** commander keeps `--no-demo` as `demo: false`. */
function isSet(flags: Record<string, unknown>, name: string): boolean {
  return name.startsWith('no-') ? flags[camelCase(name.slice(3))] === false : flags[camelCase(name)] === true;
}

function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function describeSettings<S extends SettingSpecs>(definition: SettingsDefinition<S>): string {
  return Object.entries(definition.specs)
    .map(([name, spec]) => {
      const fallback = spec.default === undefined ? 'none' : String(spec.default) || 'empty';
      const orFile = isSecret(spec) ? ` Or ${secretFileName(name)}: the path of a file that holds it.` : '';
      return `  ${name}\n      ${spec.desc ?? ''}${orFile} Default: ${fallback}.`;
    })
    .join('\n');
}
