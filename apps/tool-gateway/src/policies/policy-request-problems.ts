import type { Issue } from '#contract';
import { problemsOfSpec } from './spec-problems.js';
import { problemOfText } from './text-problem.js';
import type { ToolPolicyChange, ToolPolicyRequest } from './tool-policy.js';

const LONGEST_NAME = 200;
const LONGEST_DESCRIPTION = 2_000;

/** What is wrong with a policy that is to be made, beyond the types of its fields. */
export function problemsOfRequest(request: ToolPolicyRequest): Issue[] {
  const { agentId, role } = request;
  return [
    ...(agentId === undefined && role === undefined
      ? [{ path: '', message: 'must have agentId or role: whom the policy is for' }]
      : []),
    ...(agentId !== undefined && role !== undefined
      ? [{ path: '', message: 'must not have both agentId and role: a policy is for one of them' }]
      : []),
    ...problemsOfText(agentId, 'agentId', LONGEST_NAME),
    ...problemsOfText(role, 'role', LONGEST_NAME),
    ...problemsOfChange(request),
  ];
}

/** What is wrong with a change of a policy, beyond the types of its fields. */
export function problemsOfChange({ name, description, spec }: ToolPolicyChange): Issue[] {
  return [
    ...problemsOfText(name, 'name', LONGEST_NAME),
    // It may be empty: that is how it is taken away.
    ...(description === '' ? [] : problemsOfText(description, 'description', LONGEST_DESCRIPTION)),
    ...(spec === undefined ? [] : problemsOfSpec(spec, 'spec')),
  ];
}

function problemsOfText(text: string | undefined, path: string, longest: number): Issue[] {
  const message = text === undefined ? undefined : problemOfText(text, longest);
  return message === undefined ? [] : [{ path, message }];
}
