import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { map } from 'rxjs';
import type { Observable } from 'rxjs';
import { toWire } from '#contract';
import type { ContractClass } from '#contract';
import { RESPONDS } from './endpoint.decorator.js';

/** Nothing leaves with a null or undefined where the standard says that a field is absent. */
export class WireInterceptor implements NestInterceptor {
  private readonly reflector = new Reflector();

  intercept(context: ExecutionContext, next: CallHandler<object>): Observable<object> {
    const contractClass = this.reflector.get<ContractClass | undefined>(RESPONDS, context.getHandler());
    return contractClass === undefined
      ? next.handle()
      : next.handle().pipe(map((value) => toWire(value, contractClass)));
  }
}
