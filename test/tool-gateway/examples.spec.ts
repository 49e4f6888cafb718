import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inOneProcess } from '../e2e/suites.js';
import type { SuiteUnderTest } from '../e2e/suites.js';

const FOLDER = join(process.cwd(), 'examples/tool-gateway');
const run = promisify(execFile);

/** Each example as a person runs it: a process of its own, with the built client. */
describe('examples/tool-gateway', () => {
  let suite: SuiteUnderTest;
  const example = async (name: string): Promise<string> => {
    const { stdout, stderr } = await run(process.execPath, [join(FOLDER, name)], {
      env: {
        PATH: process.env['PATH'],
        GATEWAY_URL: suite.toolGateway,
        ARP_URL: suite.gateway,
        ARP_EXECUTOR_URL: suite.executor,
      },
    });
    expect(stderr).toBe('');
    return stdout;
  };
  afterEach(() => suite.stop());

  it('the lead scraper, the data enricher and the email engager run as they stand', async () => {
    suite = await inOneProcess({ UPSTREAM_MODE: 'mock' });
    expect(await example('lead-scraper.mjs')).toMatch(/^Found 10 leads\n(.+\n){10}$/);
    expect(await example('data-enricher.mjs')).toContain('Summarize this content: <!doctype html>');
    expect(await example('email-engager.mjs')).toMatch(
      /^Sent (mock-\w+); asked again: the same mail\nJob done: (?!\1)mock-\w+\n$/,
    );
  });

  it('the same work as runs: the mail waits for its approval', async () => {
    suite = await inOneProcess({
      UPSTREAM_MODE: 'mock',
      JARVIS_POLICY_PROFILE: '',
      JARVIS_POLICY_PATH: join(FOLDER, 'approve-mails.json'),
    });
    const said = await example('arp-run.mjs');
    expect(said).toMatch(/policy_decided {2}require_approval\n {2}approved approval_\w+\n/);
    expect(said).toMatch(/\nSent mock-\w+\n$/);
    expect(said.match(/run_completed {2}succeeded/g)).toHaveLength(4);
  });
});
