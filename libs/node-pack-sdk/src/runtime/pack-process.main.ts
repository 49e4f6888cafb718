/**
 * The process of a pack: `node pack-process.main.js`, started by pack-process.ts with the protocol on file descriptor 3. It lives as long
 * as that pipe is open.
 */
import { Socket } from 'node:net';
import { inspect } from 'node:util';
import type { ValidateFunction } from 'ajv';
import { MOCK_CREDENTIAL, mockUpstreamOf } from '../http/mock-upstream.js';
import type { MockUpstream } from '../http/mock-upstream.js';
import { openChildPorts } from './child-ports.js';
import type { ChildPorts } from './child-ports.js';
import { encodeFrame, FrameReader } from './frames.js';
import { closeLoopholes } from './loopholes.js';
import type { HandlerEnd } from './pack-host.js';
import { importPack, reasonOf } from './pack-module.js';
import type { PackModule } from './pack-module.js';
import { DETAILS_AT_MOST, TEXT_AT_MOST } from './protocol.js';
import type { FromProcess, ToProcess } from './protocol.js';
import { runHandler } from './run-handler.js';
import { compileSchema, schemaRefusal } from './schema-check.js';

interface WithHandle {
  readonly _handle?: { setBlocking?(isBlocking: boolean): void };
}

interface Checks {
  readonly inputs: ValidateFunction;
  readonly outputs: ValidateFunction;
}

type Message<T> = ToProcess & { readonly type: T };

const channel = new Socket({ fd: 3 });
const reader = new FrameReader(Number.MAX_SAFE_INTEGER);
const endAll = endOfGroup();
/** By node id; compiled when they are used first. */
const checks = new Map<string, Checks>();
let limits: Message<'load'> | undefined;
let pack: PackModule | undefined;
let mockUpstream: MockUpstream | undefined;
let current: { readonly call: number; readonly abort: AbortController; readonly ports: ChildPorts } | undefined;

channel.on('data', (chunk: Buffer) => {
  for (const [message] of reader.read(chunk)) receive(message as ToProcess);
});
channel.on('close', endAll);
channel.on('error', endAll);
// What is printed is written before the code goes on: it comes before the end of its node run, and is not lost when the process ends.
for (const stream of [process.stdout, process.stderr] as readonly WithHandle[]) stream._handle?.setBlocking?.(true);
// Whoever stops the host by a signal to all its processes lets it finish its node runs: the host ends us.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
// Rejections that nobody handles come here too.
process.on('uncaughtException', (error) => {
  channel.write(encodeFrame({ type: 'crash', cause: described(error) } satisfies FromProcess), () => process.exit(1));
});

function receive(message: ToProcess): void {
  switch (message.type) {
    case 'load':
      void load(message);
      return;
    case 'run':
      void run(message);
      return;
    case 'abort':
      if (current?.call === message.call) current.abort.abort(message.reason);
      return;
    case 'ping':
      send({ type: 'pong' });
      return;
    case 'answer':
      if (current?.call === message.call) current.ports.answer(message.request, message);
  }
}

async function load(message: Message<'load'>): Promise<void> {
  limits = message;
  closeLoopholes(message.mayKill);
  try {
    pack = await importPack(message.entryFile, message.packId, message.timeoutMs);
    mockUpstream = mockUpstreamOf(message.upstream, pack.pack);
    send({ type: 'ready', handlerIds: [...pack.handlers.keys()] });
  } catch (error) {
    send({ type: 'refused', reason: reasonOf(error) });
  }
}

async function run({ call, inputs, facts }: Message<'run'>): Promise<void> {
  const handler = pack?.handlers.get(facts.nodeTypeId);
  if (handler === undefined || limits === undefined) throw new Error(`there is no handler for ${facts.nodeTypeId}`);
  const { maxOutputBytes, maxArtifactBytes } = limits;
  const abort = new AbortController();
  const toHost = openChildPorts(call, maxArtifactBytes, send);
  const ports = mockUpstream === undefined ? toHost : { ...toHost, getCredential: async () => MOCK_CREDENTIAL };
  const mock = mockUpstream === undefined ? {} : { mockUpstream };
  current = { call, abort, ports };
  const onUsage = ports.usage.bind(ports);
  const check = checksOf(facts.nodeTypeId);
  const refusal = check && schemaRefusal(check.inputs, inputs, 'invalid_inputs');
  const end: HandlerEnd =
    refusal === undefined
      ? withOutputsChecked(
          await runHandler(handler, { inputs, facts, ports, signal: abort.signal, maxOutputBytes, onUsage, ...mock }),
          check,
        )
      : { state: 'failed', error: refusal, usage: { external_calls: 0, cost: 0 } };
  current = undefined;
  ports.close();
  send({ type: 'end', call, end: forTheWay(end) });
}

function checksOf(nodeId: string): Checks | undefined {
  const schemas = limits?.schemas[nodeId];
  if (schemas === undefined) return undefined;
  const known = checks.get(nodeId);
  if (known !== undefined) return known;
  const compiled = { inputs: compileSchema(schemas.input), outputs: compileSchema(schemas.output) };
  checks.set(nodeId, compiled);
  return compiled;
}

function withOutputsChecked(end: HandlerEnd, check: Checks | undefined): HandlerEnd {
  if (end.state !== 'succeeded' || check === undefined) return end;
  const refusal = schemaRefusal(check.outputs, end.outputs, 'invalid_outputs');
  return refusal === undefined ? end : { state: 'failed', error: refusal, usage: end.usage };
}

function send(message: FromProcess): void {
  channel.write(encodeFrame(message));
}

/** The cause as text, details only when they are not too long, and a message that is cut. */
function forTheWay(end: HandlerEnd): HandlerEnd {
  if (end.state === 'succeeded') return end;
  const { cause, error, ...rest } = end;
  const { details, ...others } = error;
  const said = { ...others, message: error.message.slice(0, TEXT_AT_MOST) };
  const isShort = details !== undefined && JSON.stringify(details).length <= DETAILS_AT_MOST;
  return {
    ...rest,
    error: isShort ? { ...said, details } : said,
    ...(cause === undefined ? {} : { cause: described(cause) }),
  };
}

function described(error: unknown): string {
  try {
    return inspect(error).slice(0, TEXT_AT_MOST);
  } catch {
    return 'an error that cannot be shown';
  }
}

/** Ends this process and those it has started; made before the pack can change what it is made of. */
function endOfGroup(): () => void {
  const { pid, platform } = process;
  const kill = process.kill.bind(process);
  const exit = process.exit.bind(process);
  return () => {
    try {
      if (platform !== 'win32') kill(-pid, 'SIGKILL');
    } finally {
      exit(0);
    }
  };
}
