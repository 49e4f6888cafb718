import { ERROR_CATALOGUE, NODE_RUN_ERROR_CATALOGUE } from '#contract';
import { REFUSAL_CODES } from '@arp-jarvis/node-pack-sdk/runtime';
import { call } from '../e2e/http.js';
import { startPdp } from '../e2e/pdp.js';
import type { StartedPdp } from '../e2e/pdp.js';
import { inOneProcess } from '../e2e/suites.js';
import type { SuiteUnderTest } from '../e2e/suites.js';
import { expectCheckedIn } from './checked-in.js';
import { settingsByService } from './settings.js';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly 'x-error-codes': string[];
  readonly 'x-permission'?: string;
}
interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
}

/**
 * Thrown by clients of the coordinator and the executor only: they make it an error of the node run, a denial, or a message of their
 * health.
 */
const NEVER_ANSWERED = ['composite_executor_unavailable', 'pdp_unavailable', 'tool_gateway_unavailable'];

const GENERATED = '<!-- Generated from the code by `npm run docs`; a test compares. -->\n';

describe('documents that must say what the code does', () => {
  let suite: SuiteUnderTest;
  let pdp: StartedPdp;
  const documents = new Map<string, Document>();
  beforeAll(async () => {
    suite = await inOneProcess();
    pdp = await startPdp();
    for (const [name, base] of [
      ['gateway', suite.gateway],
      ['coordinator', suite.coordinator],
      ['atomic-executor', suite.executor],
      ['pdp', pdp.url],
      ['tool-gateway', suite.toolGateway ?? ''],
    ] as const) {
      documents.set(name, (await call<Document>('GET', `${base}/openapi.json`)).body);
    }
  });
  afterAll(async () => {
    await pdp.stop();
    await suite.stop();
  });

  it('docs/openapi/*.json: the OpenAPI documents as served', () => {
    for (const [name, document] of documents) {
      expectCheckedIn(`docs/openapi/${name}.openapi.json`, `${JSON.stringify(document, null, 2)}\n`);
    }
  });

  it('docs/routes.md', () => {
    const sections = [...documents].map(([name, document]) => {
      const rows = operations(document).map(
        ([method, path, operation]) =>
          `| \`${method} ${path}\` | ${operation.operationId} | ${operation['x-permission'] ?? 'public'} | ${operation.summary} |`,
      );
      return `## ${name}\n\n| route | operationId | permission | |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
    });
    expectCheckedIn(
      'docs/routes.md',
      `# Routes\n\n${GENERATED}\nEvery service also serves Swagger UI at \`/docs\` and its OpenAPI document at \`/openapi.json\`. Errors: [errors.md](errors.md).\n\n${sections.join('\n')}`,
    );
  });

  it('docs/errors.md: both catalogues and the refusal codes of node packs', () => {
    const http = Object.entries(ERROR_CATALOGUE).map(
      ([code, { status, retryable, message }]) =>
        `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${message} |`,
    );
    const nodeRun = Object.entries(NODE_RUN_ERROR_CATALOGUE).map(
      ([code, { retryable, message }]) => `| \`${code}\` | ${retryable ? 'yes' : 'no'} | ${message} |`,
    );
    expectCheckedIn(
      'docs/errors.md',
      [
        `# Errors\n\n${GENERATED}`,
        'Every response that is not a success has an ErrorEnvelope: `{"error": {"code", "message", "retryable", "details"?}}`. The code is stable and never reused for another meaning.\n',
        '## Of a request\n\n| code | status | retryable | default message |\n| --- | ---: | --- | --- |',
        ...http,
        '\n## Of a node run\n\nOn a node run that failed or was canceled: `error` of an execution result, `extensions["jarvis.completion_error"]` of a NodeRun. A handler may add codes of its own.\n\n| code | retryable | default message |\n| --- | --- | --- |',
        ...nodeRun,
        `\n## Of a node pack that is refused\n\nIn the log, in \`/v1/health\` and in \`/v1/node-packs\` of the executor, with a sentence; [node-packs.md](node-packs.md) says what to do: ${REFUSAL_CODES.map((code) => `\`${code}\``).join(', ')}.\n`,
      ].join('\n'),
    );
  });

  it('the OpenAPI documents name every error code and no other', () => {
    const named = new Set(
      [...documents.values()].flatMap((document) =>
        operations(document).flatMap(([, , operation]) => operation['x-error-codes']),
      ),
    );
    expect([...named, ...NEVER_ANSWERED].sort()).toEqual(Object.keys(ERROR_CATALOGUE).sort());
  });

  it('docs/configuration.md: every setting', () => {
    const sections = settingsByService().map(([service, settings]) => {
      const rows = settings.map(({ name, aliases, fallback, description, choices, file }) => {
        const also = aliases.length === 0 ? '' : ` Also read as ${aliases.map((alias) => `\`${alias}\``).join(', ')}.`;
        const values = choices.length === 0 ? '' : ` One of ${choices.map((choice) => `\`${choice}\``).join(', ')}.`;
        const orFile = file === undefined ? '' : ` Or \`${file}\`: the path of a file that holds it.`;
        return `| \`${name}\` | ${fallback === '' ? '' : `\`${fallback}\``} | ${description}${values}${also}${orFile} |`;
      });
      return `## ${service}\n\n| setting | default | |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
    });
    expectCheckedIn(
      'docs/configuration.md',
      `# Configuration\n\n${GENERATED}\nA flag (\`--host\`, \`--port\`) wins over the environment, which wins over \`.env.local\`, which wins over \`.env\`. An empty value counts as not given, except where a setting says otherwise. A secret may be kept in a file whose path is its setting with \`_FILE\` at the end of the name; one line break at the end of the file is not part of it, and setting both is an error. A service that finds a setting wrong lists all that are and does not start. \`npm start\` assumes \`ARP_AUTH_PROFILE=dev-insecure\`, \`LOG_LEVEL=warn\` and, without \`JARVIS_POLICY_PATH\` and \`JARVIS_PDP_URL\`, \`JARVIS_POLICY_PROFILE=dev-allow\` where nothing else is said.\n\n${sections.join('\n')}`,
    );
  });

  it('.env.example: every setting', () => {
    const seen = new Set<string>();
    const sections = settingsByService().map(([service, settings]) => {
      const lines = settings
        .filter(({ name }) => !seen.has(name) && seen.add(name))
        .map(({ name, fallback, description, example, file }) => {
          const orFile = file === undefined ? '' : ` Or ${file}: the path of a file that holds it.`;
          return `# ${description}${orFile}\n#${name}=${example ?? fallback}\n`;
        });
      return `# --- ${service} ---\n\n${lines.join('\n')}`;
    });
    expectCheckedIn(
      '.env.example',
      `# Copy to .env.local (or .env) and uncomment what you change. Generated from the code by npm run docs.\n\n${sections.join('\n')}`,
    );
  });
});

function operations(document: Document): [string, string, Operation][] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, string, Operation] => [
      method.toUpperCase(),
      path,
      operation,
    ]),
  );
}
