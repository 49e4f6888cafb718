import { Endpoint } from '#http';
import type { EndpointOptions } from '#http';
import { ToolErrorBody } from './tool-error-body.js';

/** A route below `/api`: what `Endpoint` says, with the flat error. */
export function ToolEndpoint(options: Omit<EndpointOptions, 'errorType'>): MethodDecorator {
  return Endpoint({ ...options, errorType: ToolErrorBody });
}
