import { AppError } from '#contract';
import type { Assignment, RequestContext } from '#contract';

/**
 * The assignment of a caller who has one.
 *
 * @param nodeRunId the node run that the request is about
 * @throws AppError assignment_mismatch when it is for another node run
 */
export function assignmentFor({ principal }: RequestContext, nodeRunId: string): Assignment | undefined {
  const { assignment } = principal;
  if (assignment === undefined || assignment.nodeRunId === nodeRunId) return assignment;
  throw new AppError('assignment_mismatch', {
    message: `The assignment token is for the node run ${assignment.nodeRunId}, not for ${nodeRunId}.`,
    details: { assigned_node_run_id: assignment.nodeRunId },
  });
}
