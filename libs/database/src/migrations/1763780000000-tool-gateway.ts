import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the tool gateway keeps: agents and their keys, tokens, policies, credentials, calls, jobs, and the answers of idempotency keys.
 * None has a bucket: nothing of it is written for the steps of a run.
 */
export class ToolGateway1763780000000 implements MigrationInterface {
  readonly name = 'ToolGateway1763780000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}

const UP = [
  `create table "tool_agents" (
     "agent_id" text not null,
     "owner" text,
     "name" text not null,
     "role" text not null,
     "created_by" text,
     "status" text not null,
     "created_at" timestamptz not null,
     "updated_at" timestamptz not null,
     constraint "tool_agents_pkey" primary key ("agent_id")
   )`,
  `create index "tool_agents_owner" on "tool_agents" ("owner", "created_at", "agent_id")`,
  `create table "tool_agent_keys" (
     "agent_id" text not null,
     "key_id" text not null,
     "algorithm" text not null,
     "public_jwk" jsonb not null,
     "created_at" timestamptz not null,
     constraint "tool_agent_keys_pkey" primary key ("agent_id", "key_id"),
     constraint "tool_agent_keys_agent_fkey" foreign key ("agent_id") references "tool_agents" ("agent_id") on delete cascade
   )`,
  `create table "tool_signing_keys" (
     "key_id" text not null,
     "public_jwk" jsonb not null,
     "private_key" text not null,
     "created_at" timestamptz not null,
     "retired_at" timestamptz,
     constraint "tool_signing_keys_pkey" primary key ("key_id")
   )`,
  `create table "tool_tokens" (
     "token_id" text not null,
     "agent_id" text not null,
     "token_hash" text not null,
     "tools" text[] not null,
     "permissions" text[] not null,
     "intent" text,
     "dpop_jkt" text,
     "issued_at" timestamptz not null,
     "expires_at" timestamptz not null,
     "revoked_at" timestamptz,
     constraint "tool_tokens_pkey" primary key ("token_id"),
     constraint "tool_tokens_agent_fkey" foreign key ("agent_id") references "tool_agents" ("agent_id") on delete cascade
   )`,
  `create index "tool_tokens_agent" on "tool_tokens" ("agent_id", "issued_at", "token_id")`,
  `create index "tool_tokens_expiry" on "tool_tokens" ("expires_at")`,
  `create table "tool_used_ids" (
     "kind" text not null,
     "id_hash" text not null,
     "expires_at" timestamptz not null,
     constraint "tool_used_ids_pkey" primary key ("kind", "id_hash")
   )`,
  `create index "tool_used_ids_expiry" on "tool_used_ids" ("expires_at")`,
  `create table "tool_policies" (
     "policy_id" text not null,
     "owner" text,
     "agent_id" text,
     "role" text,
     "name" text not null,
     "description" text,
     "spec" jsonb not null,
     "spec_hash" text not null,
     "active" boolean not null,
     "created_at" timestamptz not null,
     "updated_at" timestamptz not null,
     constraint "tool_policies_pkey" primary key ("policy_id"),
     constraint "tool_policies_agent_fkey" foreign key ("agent_id") references "tool_agents" ("agent_id") on delete cascade
   )`,
  `create index "tool_policies_agent" on "tool_policies" ("agent_id") where agent_id is not null`,
  `create index "tool_policies_role" on "tool_policies" ("role") where role is not null`,
  `create table "tool_policy_decisions" (
     "decision_id" bigint generated always as identity not null,
     "at" timestamptz not null,
     "owner" text,
     "agent_id" text not null,
     "policy_ids" text[] not null,
     "tool" text not null,
     "action" text not null,
     "decision" text not null,
     "code" text,
     "reason" text,
     "facts" jsonb not null,
     constraint "tool_policy_decisions_pkey" primary key ("decision_id")
   )`,
  `create index "tool_policy_decisions_agent" on "tool_policy_decisions" ("agent_id", "decision_id")`,
  `create index "tool_policy_decisions_at" on "tool_policy_decisions" ("at")`,
  `create table "tool_quota_uses" (
     "agent_id" text not null,
     "scope" text not null,
     "at" timestamptz not null,
     "use_id" text not null,
     constraint "tool_quota_uses_pkey" primary key ("agent_id", "scope", "at", "use_id")
   )`,
  `create index "tool_quota_uses_at" on "tool_quota_uses" ("at")`,
  `create table "tool_credentials" (
     "credential_id" text not null,
     "owner" text not null,
     "tool" text not null,
     "version" text not null,
     "sealed" text not null,
     "metadata" jsonb,
     "is_active" boolean not null,
     "created_at" timestamptz not null,
     "activated_at" timestamptz,
     constraint "tool_credentials_pkey" primary key ("credential_id")
   )`,
  `create unique index "tool_credentials_version" on "tool_credentials" ("owner", "tool", "version")`,
  `create unique index "tool_credentials_active" on "tool_credentials" ("owner", "tool") where is_active`,
  `create table "tool_calls" (
     "call_id" text not null,
     "at" timestamptz not null,
     "owner" text,
     "agent_id" text not null,
     "correlation_id" text not null,
     "tool" text not null,
     "action" text not null,
     "status" integer not null,
     "code" text,
     "duration_ms" integer not null,
     "cached" boolean not null,
     "job_id" text,
     constraint "tool_calls_pkey" primary key ("call_id")
   )`,
  `create index "tool_calls_agent" on "tool_calls" ("agent_id", "at", "call_id")`,
  `create index "tool_calls_owner" on "tool_calls" ("owner", "at", "call_id")`,
  `create index "tool_calls_at" on "tool_calls" ("at", "call_id")`,
  `create table "tool_jobs" (
     "job_id" text not null,
     "agent_id" text not null,
     "owner" text,
     "tool" text not null,
     "action" text not null,
     "correlation_id" text not null,
     "request" jsonb,
     "response_rules" jsonb not null,
     "state" text not null,
     "due_at" timestamptz,
     "attempts" integer not null,
     "result" jsonb,
     "error_code" text,
     "error_message" text,
     "created_at" timestamptz not null,
     "finished_at" timestamptz,
     constraint "tool_jobs_pkey" primary key ("job_id"),
     constraint "tool_jobs_agent_fkey" foreign key ("agent_id") references "tool_agents" ("agent_id") on delete cascade
   )`,
  `create index "tool_jobs_due" on "tool_jobs" ("due_at") where due_at is not null`,
  `create index "tool_jobs_agent" on "tool_jobs" ("agent_id", "created_at", "job_id")`,
  `create index "tool_jobs_created" on "tool_jobs" ("created_at")`,
  `create table "tool_answers" (
     "agent_id" text not null,
     "key_hash" text not null,
     "request_hash" text not null,
     "holder" text not null,
     "lease_until" timestamptz,
     "status" integer,
     "answer" jsonb,
     "created_at" timestamptz not null,
     "expires_at" timestamptz not null,
     constraint "tool_answers_pkey" primary key ("agent_id", "key_hash")
   )`,
  `create index "tool_answers_expiry" on "tool_answers" ("expires_at")`,
  // A crash of PostgreSQL empties it, which lets a minute's calls through once more; a commit for each call would cost more.
  `create unlogged table "tool_rate_limits" (
     "key" text not null,
     "points" integer not null default 0,
     "expire" bigint,
     constraint "tool_rate_limits_pkey" primary key ("key")
   )`,
];

const DOWN = [
  `drop table "tool_rate_limits"`,
  `drop table "tool_answers"`,
  `drop table "tool_jobs"`,
  `drop table "tool_calls"`,
  `drop table "tool_credentials"`,
  `drop table "tool_quota_uses"`,
  `drop table "tool_policy_decisions"`,
  `drop table "tool_policies"`,
  `drop table "tool_used_ids"`,
  `drop table "tool_tokens"`,
  `drop table "tool_signing_keys"`,
  `drop table "tool_agent_keys"`,
  `drop table "tool_agents"`,
];
