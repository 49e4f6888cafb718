import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

/** File and code. */
type Snippet = readonly [file: string, code: string];

interface Case {
  readonly rule: string;
  readonly fires: readonly Snippet[];
  /** Near misses: the same in the folder where it belongs, or what only looks alike. */
  readonly silent: readonly Snippet[];
}

const SERVICE = 'apps/coordinator/src/runs/runs.service.ts';
const CONTROLLER = 'apps/coordinator/src/runs/runs.controller.ts';
const REPOSITORY_FILE = 'apps/coordinator/src/runs/runs.repository.ts';
const APP_MODULE = 'apps/coordinator/src/app.module.ts';
const IN_HTTP = 'libs/http/src/error.filter.ts';
const INTERFACES = 'libs/contract/src/services.ts';
/** Exists, and is part of tsconfig.json. */
const TYPED = 'test/architecture/rules.ts';

const SIX = 'a: A, b: B, c: C, d: D, e: E, f: F';

const OURS: readonly Case[] = [
  {
    rule: 'arp/process-env',
    fires: [
      [SERVICE, "export const url = process.env['URL'];"],
      [SERVICE, "export const url = process['env'].URL;"],
      [SERVICE, 'export const url = globalThis.process.env.URL;'],
      [SERVICE, 'const { env } = process; export const url = env.URL;'],
      [SERVICE, "import { env } from 'node:process'; export const url = env.URL;"],
      ['libs/database/src/connect.ts', 'export const url = process.env.URL;'],
      ['apps/coordinator/src/coordinator.config.spec.ts', 'export const url = process.env.URL;'],
    ],
    silent: [
      ['libs/config/src/process-environment.ts', 'export const url = process.env.URL;'],
      ['test/e2e/suites.ts', 'export const url = process.env.URL;'],
      [SERVICE, 'export const url = settings.env; export const { pid } = process;'],
    ],
  },
  {
    rule: 'arp/http-exception',
    fires: [
      [SERVICE, "import { HttpException } from '@nestjs/common'; throw new HttpException('', 404);"],
      [SERVICE, "import { Injectable, NotFoundException } from '@nestjs/common'; throw new NotFoundException();"],
      [CONTROLLER, "import { ConflictException as Conflict } from '@nestjs/common'; throw new Conflict();"],
      [SERVICE, "import * as nest from '@nestjs/common'; throw new nest.GoneException();"],
    ],
    silent: [
      [IN_HTTP, "import { HttpException } from '@nestjs/common'; throw new HttpException('', 404);"],
      [
        SERVICE,
        "import { Injectable } from '@nestjs/common'; import { AppError } from '#contract'; throw new AppError();",
      ],
    ],
  },
  {
    rule: 'arp/sql-packages',
    fires: [
      [SERVICE, "import { DataSource } from 'typeorm'; new DataSource();"],
      [SERVICE, "import type { Client } from 'pg'; export type C = Client;"],
      [SERVICE, "export { Entity } from 'typeorm';"],
      [SERVICE, "export const pg = await import('pg');"],
      [SERVICE, "import { QueryBuilder } from 'typeorm/query-builder/QueryBuilder.js'; new QueryBuilder();"],
      [
        'apps/coordinator/src/runs/runs.module.ts',
        "import { TypeOrmModule } from '@nestjs/typeorm'; TypeOrmModule.x();",
      ],
      ['libs/policy/src/run.entity.ts', "import { Entity } from 'typeorm'; Entity();"],
    ],
    silent: [
      ['apps/coordinator/src/runs/run.entity.ts', "import { Entity } from 'typeorm'; Entity();"],
      [REPOSITORY_FILE, "import { In } from 'typeorm'; In([]);"],
      [
        'libs/database/src/migrations/1-runs.ts',
        "import type { QueryRunner } from 'typeorm'; export type Q = QueryRunner;",
      ],
      ['apps/coordinator/src/runs/runs.repository.spec.ts', "import pg from 'pg'; new pg.Client();"],
      [SERVICE, "import { parse } from 'pg-connection-string'; import { Database } from '#database'; parse(Database);"],
    ],
  },
  {
    rule: 'arp/export-all',
    fires: [
      ['libs/http/src/index.ts', "export * from './serve.js';"],
      ['libs/http/src/index.ts', "export * as serve from './serve.js';"],
      ['libs/http/src/index.ts', "export type * from './serve.js';"],
      ['test/e2e/suites.ts', "export * from './http.js';"],
    ],
    silent: [['libs/http/src/index.ts', "export { serve } from './serve.js'; import * as x from './x.js'; x.y();"]],
  },
  {
    rule: 'arp/forward-ref',
    fires: [
      [SERVICE, "import { forwardRef, Inject } from '@nestjs/common'; Inject(forwardRef(() => Inject));"],
      [SERVICE, "import { forwardRef as later } from '@nestjs/common'; later(() => 1);"],
      [SERVICE, 'nest.forwardRef(() => 1);'],
    ],
    silent: [[SERVICE, "import { Inject } from '@nestjs/common'; const forwardRef = 1; Inject(forwardRef);"]],
  },
  {
    rule: 'arp/global-module',
    fires: [
      ['apps/coordinator/src/runs/runs.module.ts', '@Global() @Module({}) export class DependenciesModule {}'],
      ['libs/http/src/health.module.ts', '@Module({}) @Global() export class HealthModule {}'],
      [SERVICE, 'export const dynamic = { module: RunsModule, global: true };'],
    ],
    silent: [
      [APP_MODULE, '@Global() @Module({}) class DependenciesModule {}'],
      [SERVICE, 'export const options = { global: true }; @Module({}) export class RunsModule {}'],
    ],
  },
  {
    rule: 'arp/global-dependencies',
    fires: [[APP_MODULE, '@Global() @Module({}) export class CoordinatorModule {}']],
    silent: [[APP_MODULE, '@Global() @Module({}) class DependenciesModule {} @Module({}) class CoordinatorModule {}']],
  },
  {
    rule: 'arp/inheritance',
    fires: [
      [SERVICE, 'export class RunsService extends BaseService {}'],
      [SERVICE, 'export class RunsService extends mixin(Error) {}'],
      [SERVICE, 'export class RunsService extends bases.RunsApi {}'],
      [SERVICE, 'export const runs = class extends Array {};'],
      ['libs/contract/src/core/run.ts', 'export class Run extends Resource {}'],
    ],
    silent: [
      [SERVICE, 'export class RunsService extends RunsApi {}'],
      [SERVICE, 'export class Refused extends Error {} export class Late extends TerminalError {}'],
      [SERVICE, 'export class Checks implements BaseCheck {} export interface More extends Checks {}'],
    ],
  },
  {
    rule: 'arp/error-name',
    fires: [
      [SERVICE, 'export class BaseError { run() {} }'],
      [SERVICE, 'export class StoreError extends RunsApi {}'],
    ],
    silent: [[SERVICE, 'export class StoreError extends Error {} export class ErrorEnvelope {}']],
  },
  {
    rule: 'arp/abstract-class',
    fires: [
      [SERVICE, 'export abstract class Service {}'],
      [SERVICE, 'export abstract class RunsApi { abstract run(): void; }'],
      [SERVICE, 'export class RunsApi { run() {} }'],
      ['libs/contract/src/core/run.ts', 'export abstract class RunsApi { abstract run(): void; }'],
    ],
    silent: [
      [INTERFACES, 'export abstract class RunsApi { abstract run(): void; }'],
      [SERVICE, 'export class ApiDocument {} export class RunsService extends RunsApi {}'],
    ],
  },
  {
    rule: 'arp/service-interface',
    fires: [
      [INTERFACES, 'export abstract class RunsApi { abstract run(): void; stop() {} }'],
      [INTERFACES, 'export abstract class RunsApi { protected readonly runs = 1; }'],
      [INTERFACES, 'export abstract class RunsApi extends OtherApi { abstract run(): void; }'],
      [INTERFACES, 'export abstract class Runs { abstract run(): void; }'],
      [INTERFACES, 'export class RunsApi {}'],
    ],
    silent: [
      [INTERFACES, 'export abstract class RunsApi { abstract run(): void; }'],
      [SERVICE, 'export class RunsService { run() {} }'],
    ],
  },
  {
    rule: 'arp/constructor-parameters',
    fires: [[SERVICE, `export class RunsService { constructor(${SIX}, private readonly g: G) {} }`]],
    silent: [[SERVICE, `export class RunsService { constructor(${SIX}) {} }`]],
  },
  {
    rule: 'arp/method-decorators',
    fires: [[CONTROLLER, 'export class Runs { @Post() @Endpoint({}) @HttpCode(200) @Header() start() {} }']],
    silent: [
      [CONTROLLER, 'export class Runs { @Post() @Endpoint({}) @HttpCode(200) start(@Ctx() ctx, @Body() body) {} }'],
    ],
  },
];

const OTHERS: readonly Case[] = [
  {
    rule: 'no-console',
    fires: [
      [SERVICE, "console.log('here');"],
      ['node-packs/core/src/echo.ts', "console.error('here');"],
      ['libs/http/src/serve.spec.ts', "console.warn('here');"],
    ],
    silent: [
      ['test/e2e/http.ts', "console.log('here');"],
      ['scripts/start.mjs', "console.log('here');"],
      [SERVICE, "logger.info('here');"],
    ],
  },
  {
    rule: '@typescript-eslint/no-explicit-any',
    fires: [
      [SERVICE, 'export const run: any = 1;'],
      ['test/e2e/http.ts', 'export const run = {} as any;'],
    ],
    silent: [[SERVICE, 'export const run: unknown = 1;']],
  },
  {
    rule: '@typescript-eslint/max-params',
    fires: [[SERVICE, `export function run(${SIX}, g: G) {}`]],
    silent: [[SERVICE, `export function run(${SIX}) {}`]],
  },
  {
    rule: 'max-lines',
    fires: [[SERVICE, 'x();\n'.repeat(601)]],
    silent: [[SERVICE, 'x();\n'.repeat(600)]],
  },
  { rule: 'eqeqeq', fires: [[SERVICE, 'if (a == null) b();']], silent: [[SERVICE, 'if (a === null) b();']] },
  {
    rule: 'curly',
    fires: [[SERVICE, 'if (a)\n  b();']],
    silent: [[SERVICE, 'if (a) b();\nelse {\n  c();\n}']],
  },
  {
    rule: 'no-undef',
    fires: [['scripts/start.mjs', 'startSuite();']],
    silent: [['scripts/start.mjs', "process.stdout.write('here');"]],
  },
];

const WITH_TYPES: readonly Case[] = [
  {
    rule: '@typescript-eslint/no-floating-promises',
    fires: [[TYPED, 'Promise.resolve(1);']],
    silent: [[TYPED, 'void Promise.resolve(1); await Promise.resolve(1);']],
  },
  {
    rule: '@typescript-eslint/no-misused-promises',
    fires: [[TYPED, 'if (Promise.resolve(true)) Number(1);']],
    silent: [[TYPED, 'if (await Promise.resolve(true)) Number(1);']],
  },
  {
    rule: '@typescript-eslint/consistent-type-imports',
    fires: [[TYPED, "import { Stats } from 'node:fs'; export type S = Stats;"]],
    silent: [[TYPED, "import type { Stats } from 'node:fs'; export type S = Stats;"]],
  },
  {
    rule: '@typescript-eslint/only-throw-error',
    fires: [[TYPED, "throw 'late';"]],
    silent: [[TYPED, "throw new Error('late');"]],
  },
  {
    rule: '@typescript-eslint/switch-exhaustiveness-check',
    fires: [
      [TYPED, "export function f(s: 'a' | 'b') {\n  switch (s) {\n    case 'a':\n      return 1;\n  }\n  return 2;\n}"],
    ],
    silent: [
      [
        TYPED,
        "export function f(s: 'a' | 'b') {\n  switch (s) {\n    case 'a':\n      return 1;\n    case 'b':\n      return 2;\n  }\n}",
      ],
    ],
  },
  {
    rule: '@typescript-eslint/no-unnecessary-type-assertion',
    fires: [[TYPED, 'export const f = (s: string) => s as string;']],
    silent: [[TYPED, 'export const f = (s: unknown) => s as string;']],
  },
];

describe.each([
  ['our own restrictions', OURS, false],
  ['rules of others that this configuration sets up', OTHERS, false],
  ['rules that need types', WITH_TYPES, true],
] as const)('%s', (_title, cases, typed) => {
  const found = new Map<Snippet, string[]>();

  beforeAll(() => {
    const snippets = cases.flatMap(({ fires, silent }) => [...fires, ...silent]);
    const answers = lint(snippets.map(([file, code]) => ({ file, code, typed })));
    snippets.forEach((snippet, index) => found.set(snippet, answers[index] ?? ['fatal: no answer']));
  });

  it.each(cases)('$rule', ({ rule, fires, silent }) => {
    const firedOn = (snippets: readonly Snippet[]) =>
      snippets.filter((snippet) => found.get(snippet)?.includes(rule) === true);
    expect(firedOn(fires)).toEqual(fires);
    expect(firedOn(silent)).toEqual([]);
  });

  it('every snippet is TypeScript', () => {
    expect([...found].filter(([, rules]) => rules.some((rule) => rule.startsWith('fatal')))).toEqual([]);
  });
});

it('no restriction is without a case', () => {
  const names = node(['--input-type=module', '--eval', NAMES_OF_OURS]) as string[];
  expect(OURS.map(({ rule }) => rule)).toEqual(names);
});

/** Run by Node itself: Jest cannot load the configuration. */
const NAMES_OF_OURS = `
  import config from './eslint.config.mjs';
  const names = config.flatMap(({ plugins }) => Object.keys(plugins?.arp?.rules ?? {}));
  process.stdout.write(JSON.stringify(names.map((name) => 'arp/' + name)));
`;

/** For each snippet the ids of the rules that fired. */
function lint(snippets: readonly { file: string; code: string; typed: boolean }[]): string[][] {
  return node(['test/architecture/lint-snippets.mjs'], JSON.stringify(snippets)) as string[][];
}

function node(args: readonly string[], input = ''): unknown {
  return JSON.parse(execFileSync(process.execPath, args, { cwd: REPOSITORY, input, encoding: 'utf8' }));
}
