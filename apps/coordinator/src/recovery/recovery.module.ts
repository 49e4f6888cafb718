import { Module } from '@nestjs/common';
import { MembershipModule } from '../membership/membership.module.js';
import { RunStoreModule } from '../run-store/run-store.module.js';
import { RecoveryService } from './recovery.service.js';

@Module({ imports: [MembershipModule, RunStoreModule], providers: [RecoveryService] })
export class RecoveryModule {}
