import { Module } from '@nestjs/common';
import { TokensModule } from '../tokens/tokens.module.js';
import { AgentAuthenticationService } from './agent-authentication.service.js';

@Module({
  imports: [TokensModule],
  providers: [AgentAuthenticationService],
  exports: [AgentAuthenticationService],
})
export class AuthenticationModule {}
