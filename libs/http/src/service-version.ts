import { createRequire } from 'node:module';

const manifest = createRequire(import.meta.url)('#package.json') as { version: string };

/** The version of the suite, from the root package.json. All services are released together. */
export const SERVICE_VERSION: string = manifest.version;
