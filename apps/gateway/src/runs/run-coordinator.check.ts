import { Injectable } from '@nestjs/common';
import { RunsApi } from '#contract';
import type { RequestContext } from '#contract';
import type { DependencyCheck } from '#http';

/** Nothing can be forwarded while the coordinator does not answer. */
@Injectable()
export class RunCoordinatorCheck implements DependencyCheck {
  readonly name = 'run_coordinator';
  readonly essential = true;

  constructor(private readonly runs: RunsApi) {}

  check(ctx: RequestContext): Promise<void> {
    return this.runs.ping(ctx);
  }
}
