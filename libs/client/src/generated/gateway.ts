// Generated from the OpenAPI document as served, by `npm run docs`; a test compares.

export interface paths {
    "/v1/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List runs, newest first (beyond the standard) */
        get: operations["list_runs"];
        put?: never;
        /** Start run */
        post: operations["start_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{run_id}/node-runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the NodeRuns of a run, oldest first (beyond the standard) */
        get: operations["list_node_runs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List approvals, newest first (beyond the standard) */
        get: operations["list_approvals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        NodeTypeRef: {
            node_type_id: string;
            version: string;
            extensions?: {
                [key: string]: unknown;
            };
        };
        ResourceRef: {
            type: string;
            id: string;
            /** Format: uri */
            uri?: string;
            extensions?: {
                [key: string]: unknown;
            };
        };
        RunTrace: {
            trace_id?: string;
            span_id?: string;
            request_id?: string;
        };
        RunContext: {
            tenant_id?: string;
            actor?: components["schemas"]["ResourceRef"];
            identity?: {
                [key: string]: unknown;
            };
            trace?: components["schemas"]["RunTrace"];
            policy?: {
                [key: string]: unknown;
            };
            budgets?: {
                [key: string]: unknown;
            };
            extensions?: {
                [key: string]: unknown;
            };
        };
        StructuralConstraints: {
            /** @description The root has depth 0. */
            max_depth?: number;
            max_children_per_composite?: number;
            max_total_nodes_per_run?: number;
            max_decomposition_rounds_per_node?: number;
        };
        CandidateConstraints: {
            max_candidates_per_subtask?: number;
            allowed_node_type_ids?: string[];
            denied_node_type_ids?: string[];
        };
        BudgetConstraints: {
            /** @description Milliseconds from the start of the run. */
            max_wall_time_ms?: number;
            max_steps?: number;
            max_external_calls?: number;
            /** @description In the unit that results report. */
            max_cost?: number;
        };
        GateConstraints: {
            /**
             * @description The most that is allowed.
             * @enum {string}
             */
            side_effect_class?: "read" | "write" | "irreversible";
            require_approval?: boolean;
        };
        ConstraintEnvelope: {
            structural?: components["schemas"]["StructuralConstraints"];
            candidates?: components["schemas"]["CandidateConstraints"];
            budgets?: components["schemas"]["BudgetConstraints"];
            gates?: components["schemas"]["GateConstraints"];
            extensions?: {
                [key: string]: unknown;
            };
        };
        Metadata: {
            labels?: {
                [key: string]: string;
            };
            annotations?: {
                [key: string]: string;
            };
            extensions?: {
                [key: string]: unknown;
            };
        };
        RunStartRequest: {
            /** @description Chosen by the caller to make the start idempotent; made by the service when absent. */
            run_id?: string;
            root_node_type_ref: components["schemas"]["NodeTypeRef"];
            input: {
                [key: string]: unknown;
            };
            run_context?: components["schemas"]["RunContext"];
            constraints?: components["schemas"]["ConstraintEnvelope"];
            metadata?: components["schemas"]["Metadata"];
            extensions?: {
                [key: string]: unknown;
            };
        };
        Run: {
            run_id: string;
            /** @enum {string} */
            state: "queued" | "running" | "succeeded" | "failed" | "canceled";
            root_node_run_id: string;
            run_context?: components["schemas"]["RunContext"];
            /** Format: date-time */
            started_at?: string;
            /** Format: date-time */
            ended_at?: string;
            extensions?: {
                [key: string]: unknown;
            };
        };
        ErrorCause: {
            code?: string;
            message: string;
            details?: {
                [key: string]: unknown;
            };
            extensions?: {
                [key: string]: unknown;
            };
        };
        ErrorDetail: {
            code: string;
            message: string;
            details?: {
                [key: string]: unknown;
            };
            /** @description Whether the same request may succeed later without a change. */
            retryable?: boolean;
            cause?: components["schemas"]["ErrorCause"];
            extensions?: {
                [key: string]: unknown;
            };
        };
        ErrorEnvelope: {
            error: components["schemas"]["ErrorDetail"];
            extensions?: {
                [key: string]: unknown;
            };
        };
        Pagination: {
            next_page_token?: string;
            /** @description From 1 to 1000. */
            page_size?: number;
            extensions?: {
                [key: string]: unknown;
            };
        };
        RunList: {
            runs: components["schemas"]["Run"][];
            pagination: components["schemas"]["Pagination"];
        };
        ExecutorBinding: {
            executor_instance_id: string;
            /** Format: uri */
            endpoint: string;
            audience?: string;
            extensions?: {
                [key: string]: unknown;
            };
        };
        EvaluationResult: {
            /** @enum {string} */
            status: "success" | "fail" | "unknown";
            reason_code?: string;
            message?: string;
            details?: {
                [key: string]: unknown;
            };
            /** @description From 0 to 1. */
            confidence?: number;
            extensions?: {
                [key: string]: unknown;
            };
        };
        RecoveryAction: {
            /** @enum {string} */
            type: "retry" | "remap" | "decompose_further" | "ask_user" | "abort";
            target_node_run_id?: string;
            target_node_type_ref?: components["schemas"]["NodeTypeRef"];
            message?: string;
            extensions?: {
                [key: string]: unknown;
            };
        };
        NodeRun: {
            node_run_id: string;
            run_id: string;
            node_type_ref: components["schemas"]["NodeTypeRef"];
            /** @enum {string} */
            kind?: "atomic" | "composite";
            parent_node_run_id?: string;
            /** @enum {string} */
            state: "queued" | "assigned" | "running" | "succeeded" | "failed" | "canceled";
            /** Format: date-time */
            created_at?: string;
            /** Format: date-time */
            started_at?: string;
            /** Format: date-time */
            ended_at?: string;
            inputs?: {
                [key: string]: unknown;
            };
            outputs?: {
                [key: string]: unknown;
            };
            output_artifacts?: components["schemas"]["ResourceRef"][];
            executor_binding?: components["schemas"]["ExecutorBinding"];
            evaluation_result?: components["schemas"]["EvaluationResult"];
            recovery_actions?: components["schemas"]["RecoveryAction"][];
            extensions?: {
                [key: string]: unknown;
            };
        };
        NodeRunList: {
            node_runs: components["schemas"]["NodeRun"][];
            pagination: components["schemas"]["Pagination"];
        };
        Approval: {
            approval_id: string;
            /** @enum {string} */
            state: "pending" | "approved" | "denied" | "expired" | "withdrawn";
            action: string;
            run_id: string;
            node_run_id: string;
            node_type_ref: components["schemas"]["NodeTypeRef"];
            requested_by?: components["schemas"]["ResourceRef"];
            /** Format: date-time */
            requested_at: string;
            /** Format: date-time */
            expires_at: string;
            approver_roles?: string[];
            reason_code?: string;
            message?: string;
            inputs: {
                [key: string]: unknown;
            };
            decided_by?: components["schemas"]["ResourceRef"];
            /** Format: date-time */
            decided_at?: string;
            comment?: string;
        };
        ApprovalList: {
            approvals: components["schemas"]["Approval"][];
            pagination: components["schemas"]["Pagination"];
        };
        ApprovalDecisionRequest: {
            comment?: string;
        };
        HealthCheck: {
            name: string;
            /** @enum {string} */
            status: "ok" | "degraded" | "down";
            message?: string;
            details?: {
                [key: string]: unknown;
            };
        };
        Health: {
            /** @enum {string} */
            status: "ok" | "degraded" | "down";
            /** Format: date-time */
            time: string;
            checks?: components["schemas"]["HealthCheck"][];
            extensions?: {
                [key: string]: unknown;
            };
        };
        VersionBuild: {
            commit?: string;
            /** Format: date-time */
            built_at?: string;
            dirty?: boolean;
        };
        VersionInfo: {
            service_name: string;
            service_version: string;
            supported_api_versions: string[];
            build?: components["schemas"]["VersionBuild"];
            extensions?: {
                [key: string]: unknown;
            };
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    list_runs: {
        parameters: {
            query?: {
                /** @description Only those in this state. Several are separated by commas, or the parameter is repeated. */
                state?: ("queued" | "running" | "succeeded" | "failed" | "canceled")[];
                /** @description Node type id of the root node run. */
                node_type_id?: string;
                /** @description Only runs created at this time or later (inclusive). */
                created_after?: string;
                /** @description Only runs created before this time (exclusive). */
                created_before?: string;
                /** @description Most items on the page. Default 50. */
                limit?: number;
                /** @description pagination.next_page_token of the page before, with the same filters. Without it: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page of runs */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunList"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorEnvelope"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorEnvelope"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorEnvelope"];
                };
            };
        };
    };
    start_run: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is the same run or call; a string in quotes, or bare. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RunStartRequest"];
            };
        };
        responses: {
            /** @description Run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorEnvelope"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorEnvelope"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorEnvelope"];
                };
            };
        };
    };
    list_node_runs: {
        parameters: {
            query?: {
                /** @description Only those in this state. Several are separated by commas, or the parameter is repeated. */
                state?: ("queued" | "assigned" | "running" | "succeeded" | "failed" | "canceled")[];
                /** @description Only node runs of this node type id. */
                node_type_id?: string;
                /** @description Only the children of this node run, not those further below. */
                parent_node_run_id?: string;
                /** @description Only node runs of this kind; one whose kind is not known yet is of neither. */
                kind?: "atomic" | "composite";
                /** @description Most items on the page. Default 50. */
                limit?: number;
                /** @description pagination.next_page_token of the page before, with the same filters. Without it: the first page. */
                page_token?: string;
            };
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page of NodeRuns */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NodeRunList"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorEnvelope"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorEnvelope"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorEnvelope"];
                };
            };
        };
    };
    list_approvals: {
        parameters: {
            query?: {
                /** @description Only those in this state. Several are separated by commas, or the parameter is repeated. */
                state?: ("pending" | "approved" | "denied" | "expired" | "withdrawn")[];
                /** @description Only approvals of this run. */
                run_id?: string;
                /** @description Most items on the page. Default 50. */
                limit?: number;
                /** @description pagination.next_page_token of the page before, with the same filters. Without it: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page of approvals */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalList"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorEnvelope"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorEnvelope"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorEnvelope"];
                };
            };
        };
    };
}
