import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CompositeBeginRequest, ContractViolation, readRequest } from '#contract';
import type { CompositeBeginResponse, ErrorEnvelope, Health, VersionInfo } from '#contract';
import { CompositeAssignment } from './composite-assignment.js';
import type { AssignmentOptions } from './composite-assignment.js';
import { childrenScript } from './composite-script.js';
import type { ChildrenScriptOptions, CompositeScript, CompositeStage } from './composite-script.js';

/** What the executor does with a begin request. */
export const COMPOSITE_BEHAVIOURS = [
  /** Accepts and runs the script. */
  'run',
  /** Answers `accepted: false`. */
  'reject',
  /** Answers 500. */
  'error',
  /** Does not answer. */
  'hang',
  /** Accepts and does nothing more. */
  'stall',
  /** Accepts, runs the script up to `dieAfter`, and dies. */
  'die',
] as const;
export type CompositeBehaviour = (typeof COMPOSITE_BEHAVIOURS)[number];

export interface ScriptedCompositeExecutorOptions extends ChildrenScriptOptions, Partial<AssignmentOptions> {
  /** Default 127.0.0.1 */
  readonly host?: string;
  /** Default 0: any that is free. */
  readonly port?: number;
  /** Default `run`; a function is asked at each begin. */
  readonly behaviour?: CompositeBehaviour | ((request: CompositeBeginRequest) => CompositeBehaviour);
  /** Replaces the default script, `childrenScript(options)`. */
  readonly script?: CompositeScript;
  /** The stage at which it dies. Default `children`: they are created, and nobody waits for them. */
  readonly dieAfter?: CompositeStage;
  /** How it dies. Default: it stops listening, cuts every connection and abandons every script. */
  readonly die?: () => void;
}

/** How the script of a node run ended; an error when it could not be completed. */
export type ScriptEnd = 'completed' | 'canceled' | 'abandoned' | Error;

/** A Composite Executor for tests. */
export interface ScriptedCompositeExecutor {
  /** Base URL without `/v1`. */
  readonly url: string;
  /** Every begin request that was valid, in the order in which they came, repetitions included. */
  readonly begins: readonly CompositeBeginRequest[];
  /** The node run id of every cancel request. */
  readonly cancels: readonly string[];
  /** Resolves when the script of a node run has ended, whether or not that was begun yet. */
  ended(nodeRunId: string): Promise<ScriptEnd>;
  /** Stops listening and abandons every script. */
  close(): Promise<void>;
}

const CANCELED = new Error('canceled');
const ABANDONED = new Error('the executor has ended');

/**
 * Starts a Composite Executor as the standard describes it (composite-executor.openapi.yaml), which runs a script for every node run
 * that is begun. Begun again, a node run keeps its script, which goes on with the token of the newer request. `GET /records` answers
 * `{ begins, cancels }`, for tests that run it in a process of its own.
 */
export async function startScriptedCompositeExecutor(
  options: ScriptedCompositeExecutorOptions = {},
): Promise<ScriptedCompositeExecutor> {
  const executor = new ScriptedServer(options);
  await executor.listen();
  return executor;
}

interface Ending {
  readonly promise: Promise<ScriptEnd>;
  readonly settle: (end: ScriptEnd) => void;
}

class ScriptedServer implements ScriptedCompositeExecutor {
  readonly begins: CompositeBeginRequest[] = [];
  readonly cancels: string[] = [];
  private readonly assignments = new Map<string, CompositeAssignment>();
  private readonly endings = new Map<string, Ending>();
  private readonly script: CompositeScript;
  private readonly server: Server;

  constructor(private readonly options: ScriptedCompositeExecutorOptions) {
    this.script = options.script ?? childrenScript(options);
    this.server = createServer((request, response) => {
      this.serve(request, response).catch((error: unknown) => {
        if (error instanceof ContractViolation) refuse(response, 400, 'invalid_request', error.message);
        else response.destroy();
      });
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((settle, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.options.port ?? 0, this.options.host ?? '127.0.0.1', settle);
    });
  }

  get url(): string {
    const { address, port } = this.server.address() as AddressInfo;
    return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
  }

  ended(nodeRunId: string): Promise<ScriptEnd> {
    return this.endingOf(nodeRunId).promise;
  }

  async close(): Promise<void> {
    const closed = new Promise((settle) => this.server.close(settle));
    this.abandon();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const route = `${request.method} ${request.url}`;
    const text = await bodyOf(request);
    const canceled = /^POST \/v1\/composite-node-runs\/([^/]+):cancel$/.exec(route)?.[1];
    if (route === 'POST /v1/composite-node-runs:begin') {
      this.begin(readRequest(CompositeBeginRequest, parse(text)), response);
    } else if (canceled !== undefined) {
      this.cancel(decodeURIComponent(canceled));
      response.writeHead(204).end();
    } else if (route === 'GET /v1/health') {
      answer(response, 200, { status: 'ok', time: new Date().toISOString() } satisfies Health);
    } else if (route === 'GET /v1/version') {
      answer(response, 200, {
        service_name: 'scripted-composite-executor',
        service_version: '0.0.0',
        supported_api_versions: ['v1'],
      } satisfies VersionInfo);
    } else if (route === 'GET /records') {
      answer(response, 200, { begins: this.begins, cancels: this.cancels });
    } else {
      refuse(response, 404, 'route_not_found', `There is no ${route}.`);
    }
  }

  private begin(request: CompositeBeginRequest, response: ServerResponse): void {
    this.begins.push(request);
    const { behaviour = 'run' } = this.options;
    const chosen = typeof behaviour === 'function' ? behaviour(request) : behaviour;
    if (chosen === 'hang') return;
    if (chosen === 'error') return refuse(response, 500, 'internal_error', 'The script says so.');
    if (chosen === 'reject') {
      return answer(response, 200, {
        accepted: false,
        message: 'The script says so.',
      } satisfies CompositeBeginResponse);
    }
    const known = this.assignments.get(request.node_run_id);
    if (known !== undefined) known.request = request;
    response.once('finish', () => {
      if (known === undefined && chosen !== 'stall') void this.run(request.node_run_id, chosen);
    });
    if (known === undefined) this.assignments.set(request.node_run_id, this.assignmentOf(request));
    answer(response, 200, { accepted: true } satisfies CompositeBeginResponse);
  }

  private assignmentOf(request: CompositeBeginRequest): CompositeAssignment {
    const { wait = 'follow', pollEveryMs = 20, retryForMs = 30_000 } = this.options;
    return new CompositeAssignment(request, { wait, pollEveryMs, retryForMs });
  }

  private async run(nodeRunId: string, behaviour: 'run' | 'die'): Promise<void> {
    const assignment = this.assignments.get(nodeRunId);
    if (assignment === undefined) return;
    const reached = (stage: CompositeStage) => {
      if (behaviour === 'die' && stage === (this.options.dieAfter ?? 'children')) this.die();
      assignment.signal.throwIfAborted();
    };
    const { settle } = this.endingOf(nodeRunId);
    try {
      reached('begin');
      await this.script(assignment, reached);
      settle('completed');
    } catch (error) {
      const reason: unknown = assignment.signal.reason;
      if (reason === CANCELED) settle('canceled');
      else if (reason === ABANDONED) settle('abandoned');
      else settle(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private cancel(nodeRunId: string): void {
    this.cancels.push(nodeRunId);
    this.assignments.get(nodeRunId)?.stop(CANCELED);
    if (this.assignments.has(nodeRunId)) this.endingOf(nodeRunId).settle('canceled');
  }

  private die(): void {
    if (this.options.die !== undefined) return this.options.die();
    this.server.close();
    this.abandon();
  }

  private abandon(): void {
    for (const [nodeRunId, assignment] of this.assignments) {
      assignment.stop(ABANDONED);
      this.endingOf(nodeRunId).settle('abandoned');
    }
    this.server.closeAllConnections();
  }

  private endingOf(nodeRunId: string): Ending {
    let ending = this.endings.get(nodeRunId);
    if (ending === undefined) {
      let settle: (end: ScriptEnd) => void = () => undefined;
      const promise = new Promise<ScriptEnd>((resolve) => {
        settle = resolve;
      });
      ending = { promise, settle };
      this.endings.set(nodeRunId, ending);
    }
    return ending;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  answer(response, status, { error: { code, message, retryable: false } } satisfies ErrorEnvelope);
}
