import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { RunStoreService } from '../run-store/run-store.service.js';
import { CommitSignalService } from './commit-signal.service.js';
import { RecentEventsService } from './recent-events.service.js';

/** Announces what this process commits to the followers in this process. */
@Injectable()
export class CommitAnnouncementsService implements OnModuleInit {
  constructor(
    private readonly store: RunStoreService,
    private readonly commits: CommitSignalService,
    private readonly recent: RecentEventsService,
  ) {}

  onModuleInit(): void {
    this.store.onCommitted((draft) => {
      this.recent.keep(draft);
      this.commits.announce(draft.runId, draft.head.last_seq);
    });
  }
}
