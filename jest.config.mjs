/** Jest in ESM mode; TypeScript is stripped by SWC, `#lib` imports resolve to sources by the `source` condition. */
export default {
  rootDir: '.',
  globalSetup: '<rootDir>/test/jest-global-setup.mjs',
  globalTeardown: '<rootDir>/test/jest-global-teardown.mjs',
  maxWorkers: 2,
  testEnvironment: '<rootDir>/test/jest-environment.mjs',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/node-packs', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  // test/keycloak has a command of its own: npm run test:keycloak.
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '<rootDir>/test/keycloak/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/libs/.*/dist/', '<rootDir>/node-packs/.*/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '@swc/jest' },
  transformIgnorePatterns: ['/node_modules/', '/dist/'],
  moduleNameMapper: { '^jwks-rsa$': '<rootDir>/test/jwks-rsa.mjs', '^(\\.{1,2}/.*)\\.js$': '$1' },
  setupFiles: ['reflect-metadata'],
  testTimeout: 240_000,
};
