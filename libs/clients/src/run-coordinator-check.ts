import type { RequestContext, RunsApi } from '#contract';
import type { DependencyCheck } from '#http';

/** Whether the run coordinator behind `runs` answers. */
export class RunCoordinatorCheck implements DependencyCheck {
  readonly name = 'run_coordinator';

  constructor(
    private readonly runs: RunsApi,
    /** Whether the service is of no use without it. */
    readonly essential: boolean,
  ) {}

  check(ctx: RequestContext): Promise<void> {
    return this.runs.ping(ctx);
  }
}
