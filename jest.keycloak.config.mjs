/** `npm run test:keycloak`: the tests against a real Keycloak, one server for all of them. */
import base from './jest.config.mjs';

export default {
  ...base,
  globalSetup: '<rootDir>/test/keycloak/global-setup.mjs',
  globalTeardown: '<rootDir>/test/keycloak/global-teardown.mjs',
  maxWorkers: 1,
  roots: ['<rootDir>/test/keycloak'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
};
