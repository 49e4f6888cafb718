import { Controller, Get, Param, StreamableFile } from '@nestjs/common';
import { ownerBorder } from '#auth';
import { AppError } from '#contract';
import type { RequestContext } from '#contract';
import { Ctx, Endpoint } from '#http';
import { ArtifactsService } from './artifacts.service.js';

@Controller('v1')
export class ArtifactsController {
  constructor(private readonly artifacts: ArtifactsService) {}

  @Get('artifacts/:artifact_id')
  @Endpoint({
    operationId: 'get_artifact',
    summary: 'Get the content of an artifact that a node run put (beyond the standard)',
    tag: 'artifacts',
    access: 'artifact.read',
    responds: 'bytes',
    description: 'Its bytes, as a download whatever its media type',
    errors: ['artifact_not_found'],
  })
  async getArtifact(@Ctx() { principal }: RequestContext, @Param('artifact_id') id: string): Promise<StreamableFile> {
    const content = await this.artifacts.open(id, ownerBorder(principal));
    if (content === undefined) throw new AppError('artifact_not_found', { details: { artifact_id: id } });
    // Never shown by a browser: the content is a stranger's.
    return new StreamableFile(content.stream, {
      type: 'application/octet-stream',
      disposition: 'attachment',
      length: content.bytes,
    });
  }
}
