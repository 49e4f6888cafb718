import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { completeSchemas } from '#contract';
import type { ServiceDescription } from './health.controller.js';

/** The OpenAPI document of a service, with the standard's title, version and security. */
export function openApiDocument(app: NestFastifyApplication, service: ServiceDescription): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle(service.title)
    .setDescription(service.description)
    .setVersion('v1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'ArpBearerJWT')
    .addSecurityRequirements('ArpBearerJWT')
    .build();
  return completeSchemas(SwaggerModule.createDocument(app, config));
}

/** Serves the document at /openapi.json and Swagger UI at /docs. */
export function serveOpenApi(app: NestFastifyApplication, document: OpenAPIObject): void {
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: document.info.title,
  });
}
