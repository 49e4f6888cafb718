import type { Extensions } from '../common/extensions.js';
import { EvaluationResult } from '../core/evaluation-result.js';
import { RecoveryAction } from '../core/recovery-action.js';
import { ExtensionsField, ObjectField } from '../fields/fields.js';

/**
 * Reports an evaluation, and the recovery action decided with it.
 * (`run_coordinator/node_runs/node_run_evaluation_report_request.schema.json`)
 */
export class NodeRunEvaluationReportRequest {
  @ObjectField(() => EvaluationResult)
  evaluation_result!: EvaluationResult;

  @ObjectField(() => RecoveryAction, { optional: true })
  recovery_action?: RecoveryAction;

  @ExtensionsField()
  extensions?: Extensions;
}
