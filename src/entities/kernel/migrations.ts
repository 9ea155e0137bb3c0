/**
 * The kernel's tables, one small step forward at a time.
 */
import { Migration } from '@mikro-orm/migrations'
import type { NamedMigration } from '../orm.ts'

class Tables extends Migration {
  override up(): void {
    this.addSql(`create schema if not exists "kernel"`)
    this.addSql(`create table "kernel"."audit" (
      "id" bigserial primary key,
      "at" timestamptz not null,
      "token" text not null,
      "origin" text not null,
      "verb" text not null,
      "subject" text not null,
      "reason" text null,
      "before" jsonb null,
      "after" jsonb null
    )`)
    this.addSql(`create table "kernel"."block" (
      "chain" text not null,
      "number" bigint not null,
      "hash" text not null,
      "parent_hash" text not null,
      "timestamp" bigint not null,
      primary key ("chain", "number")
    )`)
    this.addSql(`create table "kernel"."crash" (
      "id" bigserial primary key,
      "actor" text not null,
      "kind" text not null,
      "at" timestamptz not null,
      "reason" text not null,
      "code" text null,
      "stack" text null,
      "message" text null,
      "incarnation" int not null,
      "since_previous_ms" bigint null
    )`)
    this.addSql(`create index "crash_actor" on "kernel"."crash" ("actor", "at")`)
    this.addSql(`create table "kernel"."cursor" (
      "chain" text not null,
      "source" text not null,
      "number" bigint not null,
      "hash" text not null,
      "updated_at" timestamptz not null,
      primary key ("chain", "source")
    )`)
    this.addSql(`create table "kernel"."decision" (
      "id" bigserial primary key,
      "role" text not null,
      "subject" text not null,
      "choice" text not null,
      "because" text not null,
      "details" jsonb null,
      "decided_at" timestamptz not null,
      "repeated_at" timestamptz not null,
      "times" int not null default 1,
      "trace_id" text null
    )`)
    this.addSql(`create index "decision_subject" on "kernel"."decision" ("role", "subject", "id")`)
    this.addSql(`create table "kernel"."intent" (
      "id" bigserial primary key,
      "key" text not null,
      "role" text not null,
      "subject" text not null,
      "chain" text not null,
      "account" text not null,
      "to" text not null,
      "data" text not null,
      "value" numeric(78,0) not null,
      "gas_limit" bigint null,
      "not_after_block" bigint null,
      "confirmations" int not null,
      "state" text not null default 'queued',
      "because" text null,
      "cancel_because" text null,
      "nonce" int null,
      "mined_hash" text null,
      "mined_block" bigint null,
      "gas_used" bigint null,
      "acknowledged_at" timestamptz null,
      "created_at" timestamptz not null,
      "updated_at" timestamptz not null,
      "settled_at" timestamptz null,
      "trace_id" text null
    )`)
    this.addSql(`alter table "kernel"."intent" add constraint "intent_key_unique" unique ("key")`)
    this.addSql(`create index "intent_open" on "kernel"."intent" ("chain", "account", "id") where settled_at is null`)
    this.addSql(
      `create index "intent_untold" on "kernel"."intent" ("role") where settled_at is not null and acknowledged_at is null`,
    )
    this.addSql(`create index "intent_subject" on "kernel"."intent" ("subject")`)
    this.addSql(
      `alter table "kernel"."intent" add constraint "intent_nonce_when_sent" check (state in ('queued','parked','cancelled','reverted') or nonce is not null)`,
    )
    this.addSql(
      `alter table "kernel"."intent" add constraint "intent_state_check" check ("state" in ('queued', 'sent', 'mined', 'confirmed', 'reverted', 'cancelling', 'cancelled', 'parked'))`,
    )
    this.addSql(`create table "kernel"."attempt" (
      "id" bigserial primary key,
      "intent_id" bigint not null,
      "purpose" text not null,
      "chain" text not null,
      "account" text not null,
      "nonce" int not null,
      "hash" text not null,
      "raw" text not null,
      "max_fee_per_gas" numeric(78,0) not null,
      "max_priority_fee_per_gas" numeric(78,0) not null,
      "gas_limit" bigint not null,
      "state" text not null default 'signed',
      "error" text null,
      "signed_at" timestamptz not null,
      "broadcast_at" timestamptz null,
      "mined_block" bigint null,
      "mined_block_hash" text null,
      "succeeded" boolean null
    )`)
    this.addSql(`alter table "kernel"."attempt" add constraint "attempt_hash_unique" unique ("hash")`)
    this.addSql(`create index "attempt_intent" on "kernel"."attempt" ("intent_id")`)
    this.addSql(`create index "attempt_nonce" on "kernel"."attempt" ("chain", "account", "nonce")`)
    this.addSql(
      `alter table "kernel"."attempt" add constraint "attempt_purpose_check" check ("purpose" in ('effect', 'cancel'))`,
    )
    this.addSql(
      `alter table "kernel"."attempt" add constraint "attempt_state_check" check ("state" in ('signed', 'broadcast', 'mined', 'replaced', 'dead'))`,
    )
    this.addSql(`create table "kernel"."lease" (
      "name" text not null,
      "holder" text not null,
      "fence" bigint not null,
      "expires_at" timestamptz not null,
      primary key ("name")
    )`)
    this.addSql(`create table "kernel"."role_control" (
      "role" text not null,
      "paused" boolean not null default false,
      "by" text null,
      "reason" text null,
      "changed_at" timestamptz null,
      primary key ("role")
    )`)
    this.addSql(
      `alter table "kernel"."attempt" add constraint "attempt_intent_id_foreign" foreign key ("intent_id") references "kernel"."intent" ("id")`,
    )
  }
}

/** What transactions may cost and did cost, who approved them, blobs, and the accounts that this database serves. */
class Spending extends Migration {
  override up(): void {
    this.addSql(`alter table "kernel"."intent"
      add column "content" text null,
      add column "max_fee_per_gas" numeric(78,0) null,
      add column "blob_count" int not null default 0,
      add column "parked_for" text null,
      add column "approved_at" timestamptz null,
      add column "over_budget_at" timestamptz null,
      add column "approved_by" text null,
      add column "simulation" jsonb null,
      add column "sent_at" timestamptz null,
      add column "reserved_wei" numeric(78,0) null,
      add column "spent_wei" numeric(78,0) null`)
    this.addSql(`update "kernel"."intent" set parked_for = 'person' where state = 'parked'`)
    this.addSql(
      `alter table "kernel"."intent" add constraint "intent_parked_for_check" check ("parked_for" in ('approval', 'budget', 'dry-run', 'person'))`,
    )
    this.addSql(
      `alter table "kernel"."intent" add constraint "intent_parked_with_reason" check ((state = 'parked') = (parked_for is not null))`,
    )
    this.addSql(`create index "intent_sent" on "kernel"."intent" ("sent_at") where sent_at is not null`)
    this.addSql(`alter table "kernel"."attempt" add column "max_fee_per_blob_gas" numeric(78,0) null`)
    this.addSql(`create table "kernel"."intent_blob" (
      "intent_id" bigint not null,
      "place" int not null,
      "data" text not null,
      primary key ("intent_id", "place")
    )`)
    this.addSql(
      `alter table "kernel"."intent_blob" add constraint "intent_blob_intent_id_foreign" foreign key ("intent_id") references "kernel"."intent" ("id") on delete cascade`,
    )
    this.addSql(`create table "kernel"."account" (
      "chain" text not null,
      "name" text not null,
      "address" text not null,
      "holder" text not null,
      "signer" text not null,
      "daily_budget_wei" numeric(78,0) null,
      "balance_wei" numeric(78,0) null,
      "chain_nonce" int null,
      "gas_price_wei" numeric(78,0) null,
      "spent_per_hour_wei" numeric(78,0) null,
      "looked_at" timestamptz null,
      primary key ("chain", "name")
    )`)
    this.addSql(`create sequence "kernel"."account_turn" minvalue 0`)
  }
}

/** A transaction may wait for a block tag of the consensus layer. */
class FinalityTag extends Migration {
  override up(): void {
    this.addSql(`alter table "kernel"."intent" add column "finality" text null`)
    this.addSql(
      `alter table "kernel"."intent" add constraint "intent_finality_check" check ("finality" in ('safe', 'finalized'))`,
    )
  }
}

export const kernelMigrations: readonly NamedMigration[] = [
  { name: 'kernel-001-tables', class: Tables },
  { name: 'kernel-002-spending', class: Spending },
  { name: 'kernel-003-finality', class: FinalityTag },
]
