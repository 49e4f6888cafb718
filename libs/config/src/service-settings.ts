import { defineSettings, list, text, wholeNumber, yesNo } from './settings.js';
import type { SettingsOf } from './settings.js';

/** Settings that every service has. */
export const serviceSettings = defineSettings({
  ARP_HOST: text({
    default: '127.0.0.1',
    desc: 'Address to listen on. Loopback unless you say otherwise: set 0.0.0.0 only behind something that authenticates.',
  }),
  ARP_CORS_ORIGINS: list({
    default: undefined,
    desc: 'Origins whose pages may call the service from a browser, separated by commas. Without it none may.',
    example: 'https://console.example.org',
  }),
  ARP_BODY_LIMIT_BYTES: wholeNumber({ min: 1_024, max: 104_857_600 })({
    default: 1_048_576,
    desc: 'Largest accepted request body in bytes; a larger one is 413 payload_too_large.',
  }),
  ARP_EVENT_STREAM_KEEP_ALIVE_MS: wholeNumber({ min: 10, max: 3_600_000 })({
    default: 15_000,
    desc: 'Silence after which a followed event stream gets a keep-alive (a blank line), in milliseconds.',
  }),
  ARP_SHUTDOWN_GRACE_MS: wholeNumber({ min: 0, max: 600_000 })({
    default: 10_000,
    desc: 'How long a stopping service waits for work in progress, in milliseconds.',
  }),
  ARP_SWAGGER_UI: yesNo({
    default: true,
    desc: 'Serve Swagger UI at /docs and the OpenAPI document at /openapi.json.',
  }),
  LOG_LEVEL: text({
    default: 'info',
    choices: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const,
    desc: 'Least severe level that is logged.',
  }),
  LOG_FORMAT: text({
    default: 'auto',
    choices: ['auto', 'json', 'pretty'] as const,
    desc: 'One JSON object a line, or lines for people; auto is pretty on a terminal and JSON elsewhere.',
  }),
});

export type ServiceSettings = SettingsOf<typeof serviceSettings>;
