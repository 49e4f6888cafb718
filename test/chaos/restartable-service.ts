import { setTimeout as sleep } from 'node:timers/promises';
import { startProcess } from '#testing';
import type { ServiceProcess } from '#testing';

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;

/** A service of the suite (the built one) as a process that can be killed, paused and started again on its port. */
export class RestartableService {
  private current: ServiceProcess | undefined;
  private earlier = '';
  private isDown = true;
  private isDismissed = false;

  constructor(
    private readonly main: string,
    private readonly port: number,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Of the process that runs now or ran last. */
  get pid(): number {
    return this.current?.process.pid ?? -1;
  }

  /** Everything that its processes have written. */
  get output(): string {
    return this.earlier + (this.current?.output() ?? '');
  }

  /**
   * Starts it and waits until it answers. What it depends on may be away: its health is not asked for. When it gives up by itself,
   * because the database is away for longer than it waits, it is started again.
   */
  async start(): Promise<void> {
    for (const giveUpAt = Date.now() + START_TIMEOUT_MS; ;) {
      this.launch();
      while (!this.isDown && Date.now() < giveUpAt) {
        const response = await fetch(`${this.url}/v1/version`).catch(() => undefined);
        if (response?.ok === true) return;
        await sleep(25);
      }
      if (this.isDismissed) throw new Error(`the service at ${this.url} was stopped while it started`);
      if (Date.now() >= giveUpAt) {
        await this.kill();
        throw new Error(`the service at ${this.url} did not come up:\n${this.output.slice(-4_000)}`);
      }
    }
  }

  async kill(): Promise<void> {
    await this.current?.stop('SIGKILL');
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** SIGSTOP: its connections stay open, and its clock stands still without its knowledge. */
  pause(): void {
    this.current?.process.kill('SIGSTOP');
  }

  resume(): void {
    this.current?.process.kill('SIGCONT');
  }

  /** Ends it for good, as an operator would, and with `kill -9` when that takes too long. */
  async stop(): Promise<void> {
    this.isDismissed = true;
    if (this.current === undefined || this.isDown) return;
    this.resume();
    const impatient = setTimeout(() => void this.kill(), STOP_TIMEOUT_MS);
    await this.current.stop('SIGTERM');
    clearTimeout(impatient);
  }

  private launch(): void {
    this.earlier = this.output;
    const service = startProcess([this.main, '--port', String(this.port)], this.env);
    this.current = service;
    this.isDown = false;
    void service.ended.then(() => {
      if (this.current === service) this.isDown = true;
    });
  }
}
