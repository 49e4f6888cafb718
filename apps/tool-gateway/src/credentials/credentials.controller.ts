import { Body, Controller, Header, Post } from '@nestjs/common';
import { AppError, Credential, CredentialQuery } from '#contract';
import type { RequestContext } from '#contract';
import { BODY_ERRORS, Ctx, Endpoint } from '#http';
import { CredentialsService } from './credentials.service.js';

/** The only route that a secret leaves by: to executors. */
@Controller('v1')
export class CredentialsController {
  constructor(private readonly credentials: CredentialsService) {}

  @Post('credentials::read')
  @Header('cache-control', 'no-store')
  @Endpoint({
    operationId: 'read_credential',
    summary: 'Get the secret that a node run may use, for executors (beyond the standard)',
    tag: 'credentials',
    access: 'credential.use',
    responds: Credential,
    description: 'The secret',
    errors: [...BODY_ERRORS, 'database_unavailable', 'credential_not_found'],
  })
  async read(@Ctx() ctx: RequestContext, @Body() body: CredentialQuery): Promise<Credential> {
    const found = await this.credentials.readCredential(ctx, body);
    if (found !== undefined) return found;
    throw new AppError('credential_not_found', { details: { name: body.name } });
  }
}
