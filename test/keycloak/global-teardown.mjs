import tearDownPostgres from '../jest-global-teardown.mjs';

export default async function tearDown() {
  if (globalThis.arpTestKeycloak === undefined) return;
  await globalThis.arpTestKeycloak.stop();
  await tearDownPostgres();
}
