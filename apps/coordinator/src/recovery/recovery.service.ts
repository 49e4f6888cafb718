import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { LOGGER } from '#http';
import type { Logger } from '#http';
import { DISPATCH_OPTIONS } from '../dispatch/dispatch-options.js';
import type { DispatchOptions } from '../dispatch/dispatch-options.js';
import { recoverNodeRun } from '../lifecycle/execution.js';
import { MembershipService } from '../membership/membership.service.js';
import type { DeadCoordinator } from '../membership/membership.service.js';
import { RunStoreService } from '../run-store/run-store.service.js';
import type { LeaseEntity } from '../tables/lease.entity.js';

/** Takes over what a coordinator that is gone held: each node run is repeated, or fails as uncertain. */
@Injectable()
export class RecoveryService implements OnModuleInit {
  private readonly busy = new Set<string>();

  constructor(
    private readonly membership: MembershipService,
    private readonly store: RunStoreService,
    @Inject(DISPATCH_OPTIONS) private readonly options: DispatchOptions,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.membership.onDeath((dead) => this.takeOver(dead));
  }

  /** Several coordinators may do the same at once: each node run is recovered once, by its epoch. */
  private async takeOver(dead: DeadCoordinator): Promise<void> {
    const owner = dead.coordinator_id;
    if (this.busy.has(owner)) return;
    this.busy.add(owner);
    try {
      let count = 0;
      for (let progress = true; progress;) {
        const leases = await this.membership.leasesOf(owner);
        const recovered = await Promise.all(leases.map((lease) => this.recover(lease)));
        count += leases.length;
        progress = recovered.includes(true);
      }
      await this.membership.bury(dead);
      this.logger.info({ coordinator_id: owner, node_runs: count }, 'took over');
    } finally {
      this.busy.delete(owner);
    }
  }

  private recover({ run_id, node_run_id, epoch, repeatable }: LeaseEntity): Promise<boolean> {
    return this.store.execute({
      runId: run_id,
      nodeRunIds: [node_run_id],
      open: true,
      documents: true,
      decide: (draft) =>
        recoverNodeRun(draft, { nodeRunId: node_run_id, epoch }, repeatable, this.options.unavailableAttempts),
    });
  }
}
