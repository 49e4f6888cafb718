import type { FastifyInstance } from 'fastify';
import findMyWay from 'find-my-way';
import type { HTTPMethod } from 'find-my-way';

/** Knows which methods a path accepts, which Fastify's router does not tell: it answers 404 for a wrong method. */
export class AllowedMethods {
  private readonly router = findMyWay({ maxParamLength: 1_024 });
  private readonly methods = new Set<HTTPMethod>();

  constructor(instance: FastifyInstance) {
    instance.addHook('onRoute', (route) => {
      for (const method of [route.method].flat() as HTTPMethod[]) {
        if (method === 'OPTIONS' || this.router.hasRoute(method, route.url)) continue;
        this.router.on(method, route.url, () => undefined);
        this.methods.add(method);
      }
    });
  }

  /** The methods accepted at `path` (no query), sorted; empty when there is no such path. */
  of(path: string): string[] {
    return [...this.methods].filter((method) => this.router.find(method, path) !== null).sort();
  }
}
