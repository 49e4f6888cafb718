import { Injectable } from '@nestjs/common';
@Injectable()
export class AssignmentTokensService {
  async issue(_: { runId: string; nodeRunId: string; epoch: number; ttlMs: number }): Promise<string> {
    return 'x';
  }
}
