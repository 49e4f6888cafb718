import { Module } from '@nestjs/common';
import { CommitSignalService } from './commit-signal.service.js';
import { EventPagesService } from './event-pages.service.js';
import { EventStreamsRepository } from './event-streams.repository.js';
import { RunEventStreamService } from './run-event-stream.service.js';

@Module({
  providers: [EventStreamsRepository, CommitSignalService, EventPagesService, RunEventStreamService],
  exports: [CommitSignalService, RunEventStreamService],
})
export class EventStreamsModule {}
