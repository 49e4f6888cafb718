import { createLogger } from './logging.js';
import { withLogFields } from './log-context.js';

function logged(write: (logger: ReturnType<typeof createLogger>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  write(
    createLogger('test', { LOG_LEVEL: 'info', LOG_FORMAT: 'json' }, { write: (line: string) => void lines.push(line) }),
  );
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the log', () => {
  it('is one JSON object a line, with the service and what it is about', () => {
    const [line] = logged((logger) => withLogFields({ run_id: 'r1' }, () => logger.info({ n: 1 }, 'hello')));
    expect(line).toMatchObject({ level: 'info', service: 'test', run_id: 'r1', n: 1, msg: 'hello' });
    expect(new Date(String(line?.['time'])).toISOString()).toBe(line?.['time']);
  });

  it('keeps secrets out, at the top and below', () => {
    const secret = 'canary-5e1f';
    const text = JSON.stringify(
      logged((logger) => {
        logger.warn({
          authorization: secret,
          headers: { authorization: secret, cookie: secret },
          a: { b: { token: secret } },
          client_secret: secret,
        });
      }),
    );
    expect(text).not.toContain(secret);
    expect(text).toContain('[redacted]');
  });
});
