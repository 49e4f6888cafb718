import { Controller, Get, Inject, Module, Req } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AppError, Health, VersionInfo } from '#contract';
import type { HealthCheck as HealthCheckResult, RequestContext, Status } from '#contract';
import { Endpoint } from './endpoint.decorator.js';
import { Ctx } from './request-context.js';

/** Something a service depends on. */
export interface DependencyCheck {
  readonly name: string;
  /** Without it the service is `down`; otherwise it is `degraded`. */
  readonly essential: boolean;
  /** Resolves when the dependency works; may resolve to details worth showing. Rejects otherwise. */
  check(ctx: RequestContext): Promise<Record<string, unknown> | void>;
}

/** What a service says of itself at /v1/version and in its OpenAPI document. */
export interface ServiceDescription {
  /** `arp-run-gateway`: the name in logs, tokens and /v1/version. */
  readonly name: string;
  /** Title of the OpenAPI document, the standard's. */
  readonly title: string;
  readonly description: string;
  readonly version: string;
}

/**
 * Header with which a service asks another one for its health alone. Without it two services that look after each other would ask in
 * circles: each answer would wait for the next.
 */
export const HEALTH_OF = 'x-arp-health';
export const HEALTH_OF_ITSELF = 'itself';

const CHECK_TIMEOUT_MS = 2_000;
const DESCRIPTION = Symbol('service description');
const CHECKS = Symbol('dependency checks');

@Controller('v1')
export class HealthController {
  constructor(
    @Inject(DESCRIPTION) private readonly description: ServiceDescription,
    @Inject(CHECKS) private readonly checks: readonly DependencyCheck[],
  ) {}

  /** Always 200: the status is in the body, so that a monitor can tell a degraded service from one that does not answer. */
  @Get('health')
  @Endpoint({
    operationId: 'health',
    summary: 'Health',
    tag: 'health',
    access: 'public',
    responds: Health,
    description: 'Health response',
  })
  async health(@Ctx() ctx: RequestContext, @Req() request: FastifyRequest): Promise<Health> {
    const checks = request.headers[HEALTH_OF] === HEALTH_OF_ITSELF ? [] : this.checks;
    const results = await Promise.all(checks.map((check) => run(check, ctx)));
    const statuses = results.map(({ result, essential }): Status => {
      if (result.status === 'ok') return 'ok';
      return essential ? 'down' : 'degraded';
    });
    const status = (['down', 'degraded'] as const).find((worst) => statuses.includes(worst)) ?? 'ok';
    const time = new Date().toISOString();
    return results.length === 0 ? { status, time } : { status, time, checks: results.map(({ result }) => result) };
  }

  @Get('version')
  @Endpoint({
    operationId: 'version',
    summary: 'Version',
    tag: 'version',
    access: 'public',
    responds: VersionInfo,
    description: 'Version response',
  })
  version(): VersionInfo {
    return {
      service_name: this.description.name,
      service_version: this.description.version,
      supported_api_versions: ['v1'],
    };
  }
}

/** A check, or the class of one that is injected. */
type CheckOrClass = DependencyCheck | (new (...dependencies: never[]) => DependencyCheck);

/** /v1/health and /v1/version, which the standard demands of every service. */
@Module({})
export class HealthModule {
  /** @param checks shown in this order */
  static of(
    description: ServiceDescription,
    checks: readonly CheckOrClass[],
    imports: DynamicModule[] = [],
  ): DynamicModule {
    const classes = checks.filter((check) => typeof check === 'function');
    return {
      module: HealthModule,
      imports,
      controllers: [HealthController],
      providers: [
        { provide: DESCRIPTION, useValue: description },
        ...classes,
        {
          provide: CHECKS,
          useFactory: (...injected: DependencyCheck[]) =>
            checks.map((check) => (typeof check === 'function' ? injected[classes.indexOf(check)] : check)),
          inject: classes,
        },
      ],
    };
  }
}

async function run(
  dependency: DependencyCheck,
  ctx: RequestContext,
): Promise<{ result: HealthCheckResult; essential: boolean }> {
  const { name, essential } = dependency;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new AppError('internal_error', { message: 'No answer in 2 seconds.' })),
      CHECK_TIMEOUT_MS,
    );
  });
  try {
    const details = await Promise.race([dependency.check(ctx), timeout]);
    return { essential, result: details ? { name, status: 'ok', details } : { name, status: 'ok' } };
  } catch (error) {
    const message = error instanceof AppError ? error.message : 'The check failed; the log has the cause.';
    return { essential, result: { name, status: 'down', message } };
  } finally {
    clearTimeout(timer);
  }
}
