import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Database } from '#database';
import { LOGGER } from '#http';
import type { Logger } from '#http';
import type { LeaseEntity } from '../tables/lease.entity.js';
import { MembershipRepository } from './membership.repository.js';
import { Silence } from './silence.js';

const BEAT_EVERY_MS = 1_000;
/** How often leases without an owner are looked for, in beats: they are left only by what no rule foresees. */
const LOST_OWNERS_EVERY = 60;
const LEASES_AT_ONCE = 500;

/** A coordinator that is gone. */
export interface DeadCoordinator {
  readonly coordinator_id: string;
  /** Its last heartbeat; absent when it has no row. */
  readonly beat?: string;
}

/**
 * This process among the coordinators of the database: one heartbeat row. A process whose heart stands still loses its row, and with
 * it what it held, to the others; when it wakes, it finds that out and begins again under another name.
 */
@Injectable()
export class MembershipService implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  private id = newId();
  private readonly silence = new Silence();
  private readonly stopping = new AbortController();
  private readonly deathListeners: ((dead: DeadCoordinator) => Promise<void>)[] = [];
  private readonly lossListeners: ((lostOwner: string) => void)[] = [];
  private beating: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly repository: MembershipRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The name of this process in the leases it holds. */
  get owner(): string {
    return this.id;
  }

  onDeath(listener: (dead: DeadCoordinator) => Promise<void>): void {
    this.deathListeners.push(listener);
  }

  /** Hears that this process was taken for dead: what it held under the old name is not its own any more. */
  onLoss(listener: (lostOwner: string) => void): void {
    this.lossListeners.push(listener);
  }

  async onModuleInit(): Promise<void> {
    await this.repository.join(this.database, this.id);
  }

  onApplicationBootstrap(): void {
    this.beating = this.beat();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.beating;
    await this.repository.leave(this.database, this.id).catch((error: unknown) => {
      this.logger.warn({ err: error }, 'this coordinator could not leave; the others will notice its silence');
    });
  }

  leasesOf(owner: string): Promise<LeaseEntity[]> {
    return this.repository.findLeases(this.database, owner, LEASES_AT_ONCE);
  }

  /** The lease of one node run, when it is `owner`'s. */
  leaseOf(nodeRun: Pick<LeaseEntity, 'bucket' | 'node_run_id'>, owner: string): Promise<LeaseEntity | undefined> {
    return this.repository.findLease(this.database, nodeRun, owner);
  }

  async bury(dead: DeadCoordinator): Promise<void> {
    if (dead.beat !== undefined) await this.repository.bury(this.database, { ...dead, beat: dead.beat });
  }

  private async beat(): Promise<void> {
    for (let count = 0; !this.stopping.signal.aborted; count += 1) {
      try {
        await this.beatOnce();
        if (count % LOST_OWNERS_EVERY === 0) await this.takeLostOwners();
      } catch (error) {
        this.silence.forget();
        this.logger.warn({ err: error }, 'heartbeat failed');
      }
      await sleep(BEAT_EVERY_MS, undefined, { signal: this.stopping.signal, ref: false }).catch(() => undefined);
    }
  }

  private async beatOnce(): Promise<void> {
    const peers = await this.repository.beat(this.database.apart, this.id);
    if (peers === undefined) return this.beginAgain();
    for (const dead of this.silence.observe(peers, performance.now())) {
      this.logger.warn({ coordinator_id: dead.coordinator_id }, 'a coordinator is gone; its work is taken over');
      this.announceDeath(dead);
    }
  }

  private async takeLostOwners(): Promise<void> {
    for (const coordinator_id of await this.repository.findLostOwners(this.database)) {
      this.announceDeath({ coordinator_id });
    }
  }

  /** Taking over must not hold up the heart. */
  private announceDeath(dead: DeadCoordinator): void {
    for (const listener of this.deathListeners) {
      listener(dead).catch((error: unknown) => {
        this.logger.error({ err: error, coordinator_id: dead.coordinator_id }, 'taking over failed; it is tried again');
      });
    }
  }

  private async beginAgain(): Promise<void> {
    const lost = this.id;
    const next = newId();
    this.silence.forget();
    await this.repository.join(this.database.apart, next);
    this.id = next;
    this.logger.warn({ lost, coordinator_id: next }, 'this coordinator was taken for dead; it begins again');
    for (const listener of this.lossListeners) listener(lost);
  }
}

function newId(): string {
  return `coordinator_${randomBytes(6).toString('hex')}`;
}
