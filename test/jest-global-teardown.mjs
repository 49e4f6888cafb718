import { rm } from 'node:fs/promises';

export default async function tearDown() {
  const server = globalThis.arpTestServer;
  if (server === undefined) return;
  await server.stop();
  await rm(server.dataDir, { recursive: true, force: true });
}
