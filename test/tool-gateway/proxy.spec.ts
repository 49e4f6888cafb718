import { ToolSuite, flatError } from './tool-suite.js';

describe('POST /api/proxy-request', () => {
  const suite = new ToolSuite();
  let gateway: string;
  beforeAll(async () => {
    await suite.start();
    gateway = await suite.gateway();
  });
  afterAll(() => suite.stop());

  it('answers with the outputs of the action, and says what it was', async () => {
    const agent = await suite.agent(gateway);
    const answer = await suite.call(gateway, agent, 'first', { headers: { 'x-correlation-id': 'req_1' } });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        success: true,
        data: { key: 'first', count: 1 },
        metadata: {
          agent_id: agent.id,
          agent_name: 'prepared',
          tool: 'test.up',
          action: 'read',
          response_time_ms: expect.any(Number),
          correlation_id: 'req_1',
        },
      },
    });
    expect(answer.headers.get('x-correlation-id')).toBe('req_1');
  });

  it('takes an asynchronous call on', async () => {
    const agent = await suite.agent(gateway);
    const answer = await suite.call(gateway, agent, 'later', { rest: { async: true } });
    expect(answer).toMatchObject({ status: 202, body: { job_id: expect.stringMatching(/^job_/), status: 'queued' } });
    const job = answer.body as unknown as { job_id: string };
    let body: Record<string, unknown> = {};
    while (!['done', 'failed'].includes(String(body['status']))) {
      body = (await (await fetch(`${gateway}/api/jobs/${job.job_id}`)).json()) as Record<string, unknown>;
    }
    expect(body).toMatchObject({ status: 'done', result: { key: 'later', count: 1 } });
  });
});
void flatError;
