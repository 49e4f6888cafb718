/**
 * Types first (typescript-eslint with the program of tsconfig.json), then this repository's own restrictions.
 *
 * Each restriction is a rule `arp/<name>` of its own instead of an entry of `no-restricted-syntax`: a later
 * configuration replaces all entries of that rule at once, whereas these are switched off one by one, each in the
 * folders where the thing belongs. `test/architecture/lint.spec.ts` proves that each fires.
 */
import eslint from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const SPECS = ['**/*.spec.ts', 'test/**/*.ts'];
/** What plain JavaScript here uses of Node without importing it. */
const NODE_GLOBALS = [
  ...['process', 'console', 'Buffer', 'URL', 'URLSearchParams', 'fetch', 'AbortController', 'AbortSignal'],
  ...['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'performance'],
];
const FROM_NEST = "ImportDeclaration[source.value='@nestjs/common']";
const SQL_PACKAGES = '/^(typeorm|pg|@nestjs\\u002ftypeorm)(\\u002f.*)?$/';
const PROCESS_MODULE = '/^(node:)?process$/';

/**
 * @typedef {object} Restriction
 * @property {string[]} selectors what is forbidden, as ESLint selectors
 * @property {string} message what to do instead
 * @property {string[]} [allowedIn] globs of the files where it belongs
 */

/** @type {Record<string, Restriction>} */
const RESTRICTIONS = {
  'process-env': {
    selectors: [
      ":matches(MemberExpression[object.name='process'], MemberExpression[object.property.name='process'])" +
        ":matches([property.name='env'], [property.value='env'])",
      "VariableDeclarator[init.name='process'] > ObjectPattern > Property[key.name='env']",
      `ImportDeclaration[source.value=${PROCESS_MODULE}] > ImportSpecifier[imported.name='env']`,
    ],
    message: 'Only libs/config reads the environment: declare a setting in the *.config.ts of the service.',
    allowedIn: ['libs/config/**', 'libs/testing/**', 'test/**', 'scripts/**'],
  },
  'http-exception': {
    selectors: [
      `${FROM_NEST} > ImportSpecifier[imported.name=/Exception$/]`,
      `${FROM_NEST} > ImportNamespaceSpecifier`,
    ],
    message: 'Throw AppError with a code of the catalogue: one filter, in libs/http, turns it into HTTP.',
    allowedIn: ['libs/http/**'],
  },
  'sql-packages': {
    selectors: [
      `ImportDeclaration[source.value=${SQL_PACKAGES}]`,
      `ExportNamedDeclaration[source.value=${SQL_PACKAGES}]`,
      `ImportExpression[source.value=${SQL_PACKAGES}]`,
    ],
    message: 'A table has one owner: typeorm and pg only in *.entity.ts, *.repository.ts, libs/database and tests.',
    allowedIn: [
      'libs/database/**',
      'apps/*/src/**/*.entity.ts',
      'apps/*/src/**/*.repository.ts',
      'apps/*/src/**/*.{entity,repository}.spec.ts',
      'libs/testing/**',
      'test/**',
    ],
  },
  'export-all': {
    selectors: ['ExportAllDeclaration'],
    message: 'List what is exported by name.',
  },
  'forward-ref': {
    selectors: [
      `${FROM_NEST} > ImportSpecifier[imported.name='forwardRef']`,
      "MemberExpression[property.name='forwardRef']",
    ],
    message: 'A cycle is cut, not bridged: move what both need to a folder of its own.',
  },
  'global-module': {
    selectors: [
      "Decorator > CallExpression[callee.name='Global']",
      "ObjectExpression:has(> Property[key.name='module']) > Property[key.name='global']",
    ],
    message: 'A module imports what it needs; only the DependenciesModule of an app.module.ts is global.',
    allowedIn: ['apps/*/src/app.module.ts'],
  },
  'global-dependencies': {
    selectors: [
      "ClassDeclaration:not([id.name='DependenciesModule']) > Decorator > CallExpression[callee.name='Global']",
    ],
    message: 'Of an app.module.ts only the DependenciesModule is global.',
  },
  /*
   * The next four together: what a class may extend is either an error or an interface without code. By its name alone
   * an `…Api` could be a base class in disguise, therefore the abstract classes are confined to one file and to
   * abstract methods; and a name in `…Error` must belong to an error.
   */
  inheritance: {
    selectors: [
      ':matches(ClassDeclaration, ClassExpression)[superClass]:not([superClass.name=/Error$|^[A-Z][A-Za-z]*Api$/])',
    ],
    message: 'A class extends Error, an …Error, or an abstract …Api of libs/contract. Compose instead.',
  },
  'error-name': {
    selectors: [':matches(ClassDeclaration, ClassExpression)[id.name=/Error$/]:not([superClass.name=/Error$/])'],
    message: 'A class called …Error extends Error.',
  },
  'abstract-class': {
    selectors: [
      ':matches(ClassDeclaration, ClassExpression)[abstract=true]',
      ':matches(ClassDeclaration, ClassExpression)[id.name=/Api$/]:not([abstract=true])',
    ],
    message: 'Abstract classes, and names in …Api, are the service interfaces of libs/contract/src/services.ts.',
    allowedIn: ['libs/contract/src/services.ts'],
  },
  'service-interface': {
    selectors: [
      'ClassDeclaration:not([abstract=true])',
      'ClassDeclaration:not([id.name=/Api$/])',
      'ClassDeclaration[superClass]',
      'ClassDeclaration[abstract=true] > ClassBody > :not(TSAbstractMethodDefinition)',
    ],
    message: 'A service interface is an abstract class …Api of abstract methods only, and extends nothing.',
  },
  'constructor-parameters': {
    selectors: ["MethodDefinition[kind='constructor'] > FunctionExpression[params.length>6]"],
    message: 'At most 6 constructor parameters: the class does too much.',
  },
  'method-decorators': {
    selectors: ['MethodDefinition[decorators.length>3]'],
    message: 'At most 3 decorators on a method: what belongs to an endpoint goes into @Endpoint.',
  },
};

/** Not everywhere: see `service-interface` at the end of the configuration. */
const CONFINED = ['service-interface'];

const arp = {
  rules: Object.fromEntries(
    Object.entries(RESTRICTIONS).map(([name, { selectors, message }]) => [
      name,
      {
        meta: { type: 'problem', schema: [], messages: { forbidden: message } },
        create: (context) => ({
          [selectors.join(', ')]: (node) => context.report({ node, messageId: 'forbidden' }),
        }),
      },
    ]),
  ),
};

const everywhere = Object.fromEntries(
  Object.keys(RESTRICTIONS)
    .filter((name) => !CONFINED.includes(name))
    .map((name) => [`arp/${name}`, 'error']),
);

const exceptions = Object.entries(RESTRICTIONS).flatMap(([name, { allowedIn }]) =>
  allowedIn === undefined ? [] : [{ files: allowedIn, rules: { [`arp/${name}`]: 'off' } }],
);

export default defineConfig(
  { ignores: ['**/dist/', '**/node_modules/', '.cache/', '.data/', 'coverage/', '**/generated/'] },
  eslint.configs.recommended,
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: {
      globals: Object.fromEntries(NODE_GLOBALS.map((name) => [name, 'readonly'])),
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { arp },
    rules: {
      ...everywhere,
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      // An implementation of an asynchronous interface may have nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      // tsc reports them, with the same exception for a leading underscore.
      '@typescript-eslint/no-unused-vars': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allow: [{ from: 'lib', name: ['URL', 'URLSearchParams'] }] },
      ],
      // Of what it reported here, nothing was an object: it judges `{}`, the type of a validated setting, by its name.
      '@typescript-eslint/no-base-to-string': 'off',
      eqeqeq: 'error',
      curly: ['error', 'multi-line'],
      'no-console': 'error',
      'max-lines': ['error', 600],
      '@typescript-eslint/max-params': ['error', { max: 6 }],
    },
  },
  {
    files: SPECS,
    rules: {
      // `expect(service.method)` names a method, it does not call it.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Jest's matchers and parsed answers are `any`.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      // Numbers beyond what a double holds are among the inputs.
      'no-loss-of-precision': 'off',
    },
  },
  { files: ['test/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    // It runs in browsers too; test/packs/published-client.spec.ts looks at what is built.
    files: ['libs/client/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-globals': ['error', 'process', 'Buffer', 'global', 'require', 'setImmediate', '__dirname'],
      'no-restricted-imports': ['error', { patterns: ['node:*', '#*'] }],
    },
  },
  ...exceptions,
  { files: ['libs/contract/src/services.ts'], rules: { 'arp/service-interface': 'error' } },
);
