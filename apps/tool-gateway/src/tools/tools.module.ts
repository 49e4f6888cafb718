import { Module } from '@nestjs/common';
import { ToolCatalogueService } from './tool-catalogue.service.js';
import { ToolParamsService } from './tool-params.service.js';

const PROVIDERS = [ToolCatalogueService, ToolParamsService];

@Module({ providers: PROVIDERS, exports: PROVIDERS })
export class ToolsModule {}
