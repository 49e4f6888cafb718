import { Controller, Get, Module, Post } from '@nestjs/common';
import { request as httpRequest } from 'node:http';
import { ASSIGNMENT_VERIFIER, AuthModule, authSettings, loginOf, resolveAuth, sayWhatHolds } from '#auth';
import type { AssignmentVerifier } from '#auth';
import { defineSettings, readSettings, serviceSettings } from '#config';
import type { ErrorEnvelope, Permission, RequestContext } from '#contract';
import { createApp, createLogger, Ctx, Endpoint, HealthModule, listen } from '#http';

/** What a guarded service says of its caller. */
export interface WhoAmI {
  readonly subject: string;
  readonly owner?: string;
  readonly tenantId?: string;
  readonly clientId?: string;
  readonly isService?: boolean;
  readonly permissions: readonly Permission[];
  readonly assignment?: unknown;
  readonly hasToken: boolean;
}

/** A service with the guard and nothing else worth guarding. */
export interface GuardedService {
  readonly url: string;
  /** Everything it has logged. */
  log(): string;
  stop(): Promise<void>;
}

const SETTINGS = defineSettings({ ...serviceSettings.specs, ...authSettings.specs });
const SERVICE = { name: 'guarded', title: 'Guarded', description: 'A service for tests.', version: '0.0.0' };

function whoAmI({ principal }: RequestContext): WhoAmI {
  const { token, permissions, ...rest } = principal;
  return { ...rest, permissions: [...(permissions ?? [])].sort(), hasToken: token !== undefined };
}

@Controller('v1')
class WhoAmIController {
  @Get('whoami')
  @Endpoint({
    operationId: 'whoami',
    summary: 'Who asks',
    tag: 'test',
    access: 'run.read',
    responds: 'bytes',
    description: 'The principal',
  })
  read(@Ctx() ctx: RequestContext): WhoAmI {
    return whoAmI(ctx);
  }

  @Post('report')
  @Endpoint({
    operationId: 'report',
    summary: 'Who reports',
    tag: 'test',
    access: 'node_run.report',
    assignment: true,
    responds: 'bytes',
    description: 'The principal',
  })
  report(@Ctx() ctx: RequestContext): WhoAmI {
    return whoAmI(ctx);
  }

  @Get('own-rules')
  @Endpoint({
    operationId: 'own_rules',
    summary: 'A route that says itself who may',
    tag: 'test',
    access: 'unguarded',
    responds: 'bytes',
    description: 'The principal',
  })
  ownRules(@Ctx() ctx: RequestContext): WhoAmI {
    return whoAmI(ctx);
  }

  /** A route that somebody forgot to say anything about. */
  @Get('forgotten')
  forgotten(@Ctx() ctx: RequestContext): WhoAmI {
    return whoAmI(ctx);
  }
}

/** @param assignments as the coordinator's; without it the service hands out none */
export async function startGuarded(
  env: Readonly<Record<string, string>>,
  assignments?: AssignmentVerifier,
): Promise<GuardedService> {
  const lines: string[] = [];
  const settings = readSettings(SETTINGS, { LOG_LEVEL: 'trace', LOG_FORMAT: 'json', ...env });
  const logger = createLogger(SERVICE.name, settings, { write: (line: string) => void lines.push(line) });
  const rules = resolveAuth(settings, { audiences: ['me'], mode: 'required' });
  sayWhatHolds(rules, logger);
  const module = {
    module: class Guarded {},
    imports: [
      AuthModule.of(rules, logger, assignments === undefined ? [] : [moduleWith(assignments)]),
      HealthModule.of(SERVICE, []),
    ],
    controllers: [WhoAmIController],
  };
  const service = await createApp(module, SERVICE, settings, logger, { login: loginOf(rules) });
  const url = await listen(service, { host: '127.0.0.1', port: 0, portSetting: 'none' });
  return { url, log: () => lines.join(''), stop: () => service.stop() };
}

function moduleWith(assignments: AssignmentVerifier) {
  @Module({ providers: [{ provide: ASSIGNMENT_VERIFIER, useValue: assignments }], exports: [ASSIGNMENT_VERIFIER] })
  class Assignments {}
  return Assignments;
}

/** An answer, with what it says to whoever lacks a token. */
export interface GuardAnswer {
  readonly status: number;
  readonly challenge: string | undefined;
  readonly retryAfter: string | undefined;
  readonly body: Partial<WhoAmI> & Partial<ErrorEnvelope>;
  readonly text: string;
}

/** @param authorization several values are as many headers, which fetch cannot send */
export function ask(url: string, authorization: string | readonly string[] = [], method = 'GET'): Promise<GuardAnswer> {
  return new Promise((settle, reject) => {
    const values = [authorization].flat().flatMap((value) => ['authorization', value]);
    const headers = ['host', new URL(url).host, 'connection', 'close', 'content-length', '0', ...values];
    const request = httpRequest(url, { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        settle({
          status: response.statusCode ?? 0,
          challenge: response.headers['www-authenticate'],
          retryAfter: response.headers['retry-after'],
          body: JSON.parse(text) as GuardAnswer['body'],
          text,
        });
      });
    });
    request.on('error', reject);
    request.end();
  });
}
