import { Module } from '@nestjs/common';
import { MembershipRepository } from './membership.repository.js';
import { MembershipService } from './membership.service.js';

@Module({ providers: [MembershipRepository, MembershipService], exports: [MembershipService] })
export class MembershipModule {}
