import { Controller, Get, Header } from '@nestjs/common';
import { Endpoint } from '#http';
import { SigningJwks } from './agent-token-answers.js';
import { SigningKeysService } from './signing-keys.service.js';

@Controller('.well-known')
export class JwksController {
  constructor(private readonly signingKeys: SigningKeysService) {}

  @Get('jwks.json')
  @Header('cache-control', 'public, max-age=60')
  @Endpoint({
    operationId: 'get_signing_keys',
    summary: 'The public keys with which agent tokens can be verified (RFC 7517)',
    tag: 'agent tokens',
    access: 'unguarded',
    responds: SigningJwks,
    description: 'Key set',
    errors: ['database_unavailable'],
  })
  read(): Promise<SigningJwks> {
    return this.signingKeys.jwks();
  }
}
