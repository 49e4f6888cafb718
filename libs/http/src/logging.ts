import type { LoggerService } from '@nestjs/common';
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { ServiceSettings } from '#config';
import { currentLogFields } from './log-context.js';

/** Paths whose values never reach a log line, wherever an object with them is logged. */
const SECRET_PATHS = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'token',
  'client_secret',
  'assignment_token',
].flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** The logger of one service: JSON lines, or lines for people on a terminal (LOG_FORMAT), on standard error. */
export function createLogger(
  service: string,
  settings: Pick<ServiceSettings, 'LOG_LEVEL' | 'LOG_FORMAT'>,
  destination?: DestinationStream,
): Logger {
  const pretty =
    settings.LOG_FORMAT === 'pretty' ||
    (settings.LOG_FORMAT === 'auto' && process.stderr.isTTY && destination === undefined);
  const options = {
    level: settings.LOG_LEVEL,
    base: { service },
    mixin: () => ({ ...currentLogFields() }),
    redact: { paths: SECRET_PATHS, censor: '[redacted]' },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (pretty) {
    return pino(
      options,
      PinoPretty({ ignore: 'pid,hostname', translateTime: false, singleLine: true, destination: 2 }),
    );
  }
  return pino(options, destination ?? pino.destination({ dest: 2, sync: true }));
}

/** Injection token of the service's logger. */
export const LOGGER = Symbol('logger');

/** Nest's own messages through the service's logger. Nest's start-up chatter is debug. */
export function nestLogger(logger: Logger): LoggerService {
  const contextOf = (parameters: unknown[]) => ({ context: String(parameters.at(-1) ?? 'nest') });
  return {
    log: (message: unknown, ...rest: unknown[]) => logger.debug(contextOf(rest), String(message)),
    debug: (message: unknown, ...rest: unknown[]) => logger.debug(contextOf(rest), String(message)),
    verbose: (message: unknown, ...rest: unknown[]) => logger.trace(contextOf(rest), String(message)),
    warn: (message: unknown, ...rest: unknown[]) => logger.warn(contextOf(rest), String(message)),
    error: (message: unknown, ...rest: unknown[]) =>
      logger.error({ ...contextOf(rest), ...(message instanceof Error ? { err: message } : {}) }, String(message)),
    fatal: (message: unknown, ...rest: unknown[]) => logger.fatal(contextOf(rest), String(message)),
  };
}
