import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { completeSchemas } from '#contract';
import type { ServiceDescription } from './health.controller.js';

/** How a person may log in to try a service. */
export interface OpenApiLogin {
  /** Of the identity provider, as browsers reach it. */
  readonly openIdConnectUrl: string;
  /** Public client that may use authorization code with PKCE. */
  readonly clientId: string;
}

const LOGIN_SCHEME = 'ArpOpenIdConnect';

/**
 * The OpenAPI document of a service, with the standard's title, version and security.
 *
 * @param login beyond the standard: another way to get the token, instead of bringing one
 */
export function openApiDocument(
  app: NestFastifyApplication,
  service: ServiceDescription,
  login?: OpenApiLogin,
): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle(service.title)
    .setDescription(service.description)
    .setVersion('v1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'ArpBearerJWT')
    .addSecurityRequirements('ArpBearerJWT');
  if (login !== undefined) {
    const { openIdConnectUrl } = login;
    builder
      .addSecurity(LOGIN_SCHEME, { type: 'openIdConnect', openIdConnectUrl })
      .addSecurityRequirements(LOGIN_SCHEME);
  }
  return completeSchemas(SwaggerModule.createDocument(app, builder.build()));
}

/**
 * An expression of the page: only the browser knows under which address it has Swagger UI. Swagger UI itself looks beside `/docs`,
 * where the redirect page is below it.
 */
const REDIRECT_URL = Object.assign(() => '', {
  toString: () => "window.location.origin + window.location.pathname.replace(/\\/+$/, '') + '/oauth2-redirect.html'",
});

/** Serves the document at /openapi.json and Swagger UI at /docs, which can log in where `login` is given. */
export function serveOpenApi(app: NestFastifyApplication, document: OpenAPIObject, login?: OpenApiLogin): void {
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: document.info.title,
    ...(login === undefined
      ? {}
      : {
          swaggerOptions: {
            oauth2RedirectUrl: REDIRECT_URL,
            initOAuth: { clientId: login.clientId, scopes: ['openid'], usePkceWithAuthorizationCodeGrant: true },
          },
        }),
  });
}
