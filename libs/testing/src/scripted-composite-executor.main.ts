/**
 * The scripted composite executor in a process of its own, for tests that kill it: see `spawnScriptedCompositeExecutor`. It writes
 * its URL to standard output when it listens, and dies by SIGKILL where its script says so.
 */
import { parseArgs } from 'node:util';
import { COMPOSITE_STAGES } from './composite-script.js';
import { COMPOSITE_BEHAVIOURS, startScriptedCompositeExecutor } from './scripted-composite-executor.js';

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    children: { type: 'string', default: '2' },
    'node-type': { type: 'string', default: 'jarvis.core.echo' },
    'node-version': { type: 'string', default: '0.1.0' },
    behaviour: { type: 'string', default: 'run' },
    'die-after': { type: 'string', default: 'children' },
    wait: { type: 'string', default: 'follow' },
    'retry-for-ms': { type: 'string', default: '30000' },
  },
});

const executor = await startScriptedCompositeExecutor({
  host: values.host,
  port: Number(values.port),
  children: Number(values.children),
  childNodeTypeRef: { node_type_id: values['node-type'], version: values['node-version'] },
  behaviour: oneOf(COMPOSITE_BEHAVIOURS, 'behaviour', values.behaviour),
  dieAfter: oneOf(COMPOSITE_STAGES, 'die-after', values['die-after']),
  retryForMs: Number(values['retry-for-ms']),
  wait: oneOf(['follow', 'poll'] as const, 'wait', values.wait),
  die: () => process.kill(process.pid, 'SIGKILL'),
});
process.stdout.write(`${executor.url}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void executor.close().then(() => process.exit(0)));
}

function oneOf<const T extends readonly string[]>(choices: T, flag: string, value: string): T[number] {
  const chosen = choices.find((choice) => choice === value);
  if (chosen === undefined) throw new Error(`--${flag} must be one of ${choices.join(', ')}, not "${value}"`);
  return chosen;
}
