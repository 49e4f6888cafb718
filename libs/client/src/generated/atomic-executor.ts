// Generated from the OpenAPI document as served, by `npm run docs`; a test compares.

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
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
        NodeType: {
            node_type_id: string;
            version: string;
            /** @enum {string} */
            kind: "atomic" | "composite";
            description?: string;
            input_schema?: {
                [key: string]: unknown;
            };
            output_schema?: {
                [key: string]: unknown;
            };
            constraints?: components["schemas"]["ConstraintEnvelope"];
            evaluation?: {
                [key: string]: unknown;
            };
            preferred_executor_types?: string[];
            metadata?: components["schemas"]["Metadata"];
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
        NodePackRefusal: {
            /** @description Stable code; docs/errors.md lists them. */
            code: string;
            /** @description What is wrong and what to do. */
            message: string;
        };
        NodePack: {
            /** @description Name of the npm package; the folder where the name is not known. */
            package_name: string;
            /** @description Absent when the package was refused before its packs were read. */
            pack_id?: string;
            version?: string;
            /** @enum {string} */
            state: "loaded" | "refused";
            /**
             * @description in_process: in the process of the executor. process: in processes of its own.
             * @enum {string}
             */
            isolation?: "in_process" | "process";
            /** @description Node types that this executor can run of it. */
            node_type_ids?: string[];
            /** @description Permissions that the pack asks for. */
            permissions_requested?: string[];
            /** @description Those of them that the operator has granted. */
            permissions_granted?: string[];
            refusal?: components["schemas"]["NodePackRefusal"];
        };
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
        AtomicExecuteRequest: {
            node_run_id: string;
            run_id: string;
            node_type_ref: components["schemas"]["NodeTypeRef"];
            inputs: {
                [key: string]: unknown;
            };
            run_context?: components["schemas"]["RunContext"];
            constraints?: components["schemas"]["ConstraintEnvelope"];
            extensions?: {
                [key: string]: unknown;
            };
        };
        AtomicExecuteResult: {
            node_run_id: string;
            /** @enum {string} */
            state: "queued" | "assigned" | "running" | "succeeded" | "failed" | "canceled";
            outputs?: {
                [key: string]: unknown;
            };
            output_artifacts?: components["schemas"]["ResourceRef"][];
            /** Format: date-time */
            started_at?: string;
            /** Format: date-time */
            ended_at?: string;
            error?: components["schemas"]["ErrorDetail"];
            extensions?: {
                [key: string]: unknown;
            };
        };
        AtomicNodeRunProgress: {
            fraction?: number;
            message?: string;
            /** Format: date-time */
            time: string;
        };
        AtomicNodeRun: {
            node_run_id: string;
            run_id: string;
            node_type_ref: components["schemas"]["NodeTypeRef"];
            /**
             * @description queued: it waits for a place among those that may run at once.
             * @enum {string}
             */
            state: "queued" | "running";
            /** Format: date-time */
            received_at: string;
            progress?: components["schemas"]["AtomicNodeRunProgress"];
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
export type operations = Record<string, never>;
