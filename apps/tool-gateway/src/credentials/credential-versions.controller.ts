import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import type { RequestContext } from '#contract';
import { BODY_ERRORS, Ctx, invalidRequest, PAGE_PARAMETERS, readPageQuery } from '#http';
import type { ListingQuery } from '#http';
import { ToolEndpoint } from '../wire/tool-endpoint.decorator.js';
import { ActivateCredentialRequest, SetCredentialRequest } from './credential-requests.js';
import { CredentialVersionsService } from './credential-versions.service.js';
import { StoredCredential, StoredCredentialList } from './stored-credential.js';

const TAG = 'credentials';
const STORED = ['database_unavailable'] as const;

@Controller('api/admin/creds')
export class CredentialVersionsController {
  constructor(private readonly credentials: CredentialVersionsService) {}

  @Post('set')
  @ToolEndpoint({
    operationId: 'set_credential',
    summary: 'Keep a version of a credential, encrypted; it is not used until it is activated',
    tag: TAG,
    access: 'credential.write',
    responds: StoredCredential,
    status: 201,
    description: 'The version is kept',
    errors: [...BODY_ERRORS, ...STORED, 'credential_version_exists'],
  })
  set(@Ctx() ctx: RequestContext, @Body() body: SetCredentialRequest): Promise<StoredCredential> {
    return this.credentials.set(ctx, body);
  }

  @Post('rotate')
  @ToolEndpoint({
    operationId: 'rotate_credential',
    summary: 'Keep a version of a credential and use it from now on',
    tag: TAG,
    access: 'credential.write',
    responds: StoredCredential,
    status: 201,
    description: 'The version is kept and active',
    errors: [...BODY_ERRORS, ...STORED, 'credential_version_exists'],
  })
  rotate(@Ctx() ctx: RequestContext, @Body() body: SetCredentialRequest): Promise<StoredCredential> {
    return this.credentials.rotate(ctx, body);
  }

  @Post('activate')
  @ToolEndpoint({
    operationId: 'activate_credential',
    summary: 'Use a version of a credential from now on',
    tag: TAG,
    access: 'credential.write',
    responds: StoredCredential,
    description: 'The version is active',
    errors: [...BODY_ERRORS, ...STORED, 'credential_not_found'],
  })
  activate(@Ctx() ctx: RequestContext, @Body() body: ActivateCredentialRequest): Promise<StoredCredential> {
    return this.credentials.activate(ctx, body.id);
  }

  @Get()
  @ToolEndpoint({
    operationId: 'list_credentials',
    summary: 'List credentials, newest first; never the secrets',
    tag: TAG,
    access: 'credential.read',
    responds: StoredCredentialList,
    description: 'One page of versions',
    errors: STORED,
    query: PAGE_PARAMETERS,
  })
  list(@Ctx() ctx: RequestContext, @Query() query: ListingQuery): Promise<StoredCredentialList> {
    return this.credentials.list(ctx, undefined, readPageQuery(query));
  }

  @Get(':tool')
  @ToolEndpoint({
    operationId: 'get_active_credential',
    summary: 'Get the active version of the credential of a tool; never the secret',
    tag: TAG,
    access: 'credential.read',
    responds: StoredCredential,
    description: 'Version',
    errors: [...STORED, 'credential_not_found'],
  })
  getActive(@Ctx() ctx: RequestContext, @Param('tool') tool: string): Promise<StoredCredential> {
    return this.credentials.getActive(ctx, tool);
  }

  @Get(':tool/versions')
  @ToolEndpoint({
    operationId: 'list_credential_versions',
    summary: 'List the versions of the credential of a tool, newest first; never the secrets',
    tag: TAG,
    access: 'credential.read',
    responds: StoredCredentialList,
    description: 'One page of versions',
    errors: STORED,
    query: PAGE_PARAMETERS,
  })
  listVersions(
    @Ctx() ctx: RequestContext,
    @Param('tool') tool: string,
    @Query() query: ListingQuery,
  ): Promise<StoredCredentialList> {
    return this.credentials.list(ctx, tool, readPageQuery(query));
  }

  @Delete(':id')
  @ToolEndpoint({
    operationId: 'delete_credential',
    summary: 'Delete a version of a credential',
    tag: TAG,
    access: 'credential.write',
    responds: 'nothing',
    description: 'The version is gone',
    errors: [...STORED, 'credential_not_found', 'credential_in_use'],
    query: [
      {
        name: 'force',
        description: 'true: also the active version, without which the tool has no credential.',
        schema: { type: 'string', enum: ['true', 'false'] },
      },
    ],
  })
  remove(@Ctx() ctx: RequestContext, @Param('id') id: string, @Query('force') force: unknown): Promise<void> {
    if (force !== undefined && force !== 'true' && force !== 'false') {
      throw invalidRequest([{ path: 'force', message: 'must be true or false' }]);
    }
    return this.credentials.remove(ctx, id, force === 'true');
  }
}
