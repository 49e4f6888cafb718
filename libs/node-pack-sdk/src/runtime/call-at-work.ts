import type { CredentialMask } from './credential-mask.js';
import type { CallMessage, PortAnswer } from './protocol.js';
import { latestWins } from './latest-wins.js';
import type { HandlerCall, HandlerEnd, HandlerError, Usage } from './pack-host.js';
import { reasonOf } from './pack-module.js';
import type { ProcessChannel } from './process-channel.js';

const PROGRESS_EVERY_MS = 100;
/** Log lines and lines of output in one node run; a node run that says more than this is not read by anybody. */
export const LINES_AT_MOST = 1_000;
/** Requests for artifacts and credentials that are answered at the same time; while more wait, nothing is read of the pipe. */
const REQUESTS_AT_ONCE = 16;
/** What they may hold at the same time, in bytes of base64; one alone may hold more. */
const HELD_AT_MOST = 16_777_216;

type Request = CallMessage & { readonly type: 'put' | 'get' | 'credential' };

/** A node run in the process of a pack: what the process says of it goes to the ports of the call. */
export class CallAtWork {
  readonly id: number;
  readonly end: Promise<HandlerEnd>;
  private readonly call: HandlerCall;
  private readonly channel: ProcessChannel;
  private readonly mask: CredentialMask;
  private readonly progress;
  private settle: (end: HandlerEnd) => void = () => undefined;
  private usage: Usage = { external_calls: 0, cost: 0 };
  private ended = false;
  private lines = 0;
  private waiting: Request[] = [];
  private requests = 0;
  private held = 0;
  private isHolding = false;

  /**
   * @param mask learns what the process was told
   * @param readOutputs reads what was printed before the end and is still in the pipes
   */
  constructor(
    id: number,
    call: HandlerCall,
    channel: ProcessChannel,
    mask: CredentialMask,
    private readonly readOutputs: () => Promise<void>,
  ) {
    this.id = id;
    this.call = call;
    this.channel = channel;
    this.mask = mask;
    this.progress = latestWins(PROGRESS_EVERY_MS, call.ports.progress.bind(call.ports));
    this.end = new Promise((settle) => {
      this.settle = settle;
    });
  }

  receive(message: CallMessage): void {
    if (this.ended) return;
    switch (message.type) {
      case 'log':
        this.log(message.level, message.message, message.fields);
        return;
      case 'progress':
        this.progress.give(message.progress);
        return;
      case 'usage':
        this.usage = message.usage;
        return;
      case 'put':
      case 'get':
      case 'credential':
        this.waiting.push(message);
        this.answerNext();
        return;
      case 'end':
        this.finish(message.end);
        return;
    }
  }

  log(level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void {
    this.lines += 1;
    if (this.lines <= LINES_AT_MOST) this.call.ports.log(level, message, fields);
  }

  /** The process has ended, or has to. */
  fail(error: HandlerError, cause?: string): void {
    this.finish({ state: 'failed', error, usage: this.usage, ...(cause === undefined ? {} : { cause }) });
  }

  private finish(end: HandlerEnd): void {
    if (this.ended) return;
    this.ended = true;
    this.waiting = [];
    this.answerNext();
    void this.readOutputs().then(() => {
      this.progress.flush();
      const dropped = this.lines - LINES_AT_MOST;
      if (dropped > 0) this.call.ports.log('warn', `${dropped} more lines of this node run were dropped`);
      this.settle(end);
    });
  }

  /** Answers what can be answered now; reads on when nothing is left. */
  private answerNext(): void {
    for (let next = this.waiting[0]; next !== undefined && this.hasRoomFor(next); next = this.waiting[0]) {
      this.waiting.shift();
      void this.request(next);
    }
    const isFull = this.waiting.length > 0;
    if (isFull === this.isHolding) return;
    this.isHolding = isFull;
    if (isFull) this.channel.pace.hold();
    else this.channel.pace.unhold();
  }

  private hasRoomFor(message: Request): boolean {
    return this.requests === 0 || (this.requests < REQUESTS_AT_ONCE && this.held + weightOf(message) <= HELD_AT_MOST);
  }

  /** It is over when the process has taken the answer: one that does not read must not make us keep more and more for it. */
  private async request(message: Request): Promise<void> {
    const weight = weightOf(message);
    this.requests += 1;
    this.held += weight;
    const answer = await this.answer(message);
    if (!this.ended) {
      await new Promise<void>((settle) => {
        this.channel.send({ type: 'answer', call: this.id, request: message.request, ...answer }, settle);
      });
    }
    this.requests -= 1;
    this.held -= weight;
    this.answerNext();
  }

  private async answer(message: Request): Promise<PortAnswer> {
    const { ports } = this.call;
    try {
      if (message.type === 'get') {
        const content = await ports.getArtifact(message.id);
        return { content: content === undefined ? null : Buffer.from(content).toString('base64') };
      }
      if (message.type === 'credential') {
        const secret = await ports.getCredential(message.name);
        if (secret !== undefined) this.mask.add(secret);
        return { secret: secret ?? null };
      }
      const { name, mediaType, content } = message;
      return { ref: await ports.putArtifact(Buffer.from(content, 'base64'), { name, mediaType }) };
    } catch (error) {
      return { error: this.refusal(error, message.type === 'credential' ? 'a credential' : 'an artifact') };
    }
  }

  /** An error of the SDK goes on as it is; of another one, which is the executor's own, only its log is told. */
  private refusal(error: unknown, what: string): { message: string; code: string; retryable: boolean } {
    const { kind, code, message } = (error ?? {}) as { kind?: unknown; code?: unknown; message?: unknown };
    if ((kind === 'terminal' || kind === 'retryable') && typeof code === 'string' && typeof message === 'string') {
      return { message, code, retryable: kind === 'retryable' };
    }
    this.call.ports.log('error', `${what} could not be handled: ${reasonOf(error)}`);
    return {
      message: `The executor could not handle ${what.replace(/^an?/, 'the')}.`,
      code: 'handler_error',
      retryable: false,
    };
  }
}

/** The length of an artifact is known when it was read: a request for one is answered alone. */
function weightOf(message: Request): number {
  if (message.type === 'credential') return 0;
  return message.type === 'put' ? message.content.length : HELD_AT_MOST;
}
