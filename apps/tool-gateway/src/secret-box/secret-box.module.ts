import { Module } from '@nestjs/common';
import { TOOL_GATEWAY_OPTIONS } from '../tool-gateway-options.js';
import type { ToolGatewayOptions } from '../tool-gateway-options.js';
import { readMasterKeys } from './master-keys.js';
import { SecretBox } from './secret-box.js';

@Module({
  providers: [
    {
      provide: SecretBox,
      inject: [TOOL_GATEWAY_OPTIONS],
      useFactory: ({ encryptionKeys }: ToolGatewayOptions) => new SecretBox(readMasterKeys(encryptionKeys)),
    },
  ],
  exports: [SecretBox],
})
export class SecretBoxModule {}
