import { Module } from '@nestjs/common';
import { RunStoreModule } from '../run-store/run-store.module.js';
import { CommitAnnouncementsService } from './commit-announcements.service.js';
import { CommitSignalService } from './commit-signal.service.js';
import { EventPagesService } from './event-pages.service.js';
import { EventStreamsRepository } from './event-streams.repository.js';
import { RecentEventsService } from './recent-events.service.js';
import { RunEventStreamService } from './run-event-stream.service.js';

@Module({
  imports: [RunStoreModule],
  providers: [
    CommitAnnouncementsService,
    EventStreamsRepository,
    CommitSignalService,
    EventPagesService,
    RecentEventsService,
    RunEventStreamService,
  ],
  exports: [RunEventStreamService],
})
export class EventStreamsModule {}
