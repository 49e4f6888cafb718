import { Module } from '@nestjs/common';
import { AgentsModule } from '../agents/agents.module.js';
import { SecretBoxModule } from '../secret-box/secret-box.module.js';
import { AgentTokensController } from './agent-tokens.controller.js';
import { AgentTokensRepository } from './agent-tokens.repository.js';
import { AgentTokensService } from './agent-tokens.service.js';
import { JwksController } from './jwks.controller.js';
import { MintingService } from './minting.service.js';
import { SigningKeysRepository } from './signing-keys.repository.js';
import { SigningKeysService } from './signing-keys.service.js';
import { TokenSweepService } from './token-sweep.service.js';

@Module({
  imports: [AgentsModule, SecretBoxModule],
  controllers: [AgentTokensController, JwksController],
  providers: [
    AgentTokensRepository,
    SigningKeysRepository,
    SigningKeysService,
    MintingService,
    AgentTokensService,
    TokenSweepService,
  ],
  exports: [AgentTokensService],
})
export class TokensModule {}
