/**
 * The finalizer's tables, one small step forward at a time.
 */
import { Migration } from '@mikro-orm/migrations'
import type { NamedMigration } from '../orm.ts'

class Tables extends Migration {
  override up(): void {
    this.addSql(`create schema if not exists "finalizer"`)
    this.addSql(`create table "finalizer"."session" (
      "id" bigserial primary key,
      "chain" text not null,
      "family" text not null,
      "origin_chain_id" numeric(20,0) not null,
      "origin_height" numeric(20,0) not null,
      "contract" text not null,
      "deadline" numeric(20,0) null,
      "start_block" bigint null,
      "start_tx" text null,
      "start_log" int null,
      "warehouse_block_id" numeric(20,0) null,
      "submissions" int not null default 0,
      "closed_block" bigint null,
      "closed_tx" text null,
      "outcome" text null,
      "agreed_hash" text null,
      "state" text not null default 'discovered',
      "attempts" int not null default 0,
      "wishes" int not null default 0,
      "next_attempt_at" timestamptz null,
      "intent_key" text null,
      "because" text null,
      "seen_at" timestamptz not null,
      "updated_at" timestamptz not null
    )`)
    this.addSql(
      `alter table "finalizer"."session" add constraint "session_identity" unique ("chain", "family", "origin_chain_id", "origin_height")`,
    )
    this.addSql(`create index "session_height" on "finalizer"."session" ("origin_height")`)
    this.addSql(`create index "session_intent" on "finalizer"."session" ("intent_key") where intent_key is not null`)
    this.addSql(`create index "session_start" on "finalizer"."session" ("chain", "start_block")`)
    this.addSql(
      `create index "session_closed" on "finalizer"."session" ("chain", "closed_block") where closed_block is not null`,
    )
    this.addSql(
      `create index "session_open" on "finalizer"."session" ("chain", "state", "deadline") where state in ('discovered','waiting','ready','submitted','mined','failed')`,
    )
    this.addSql(
      `create index "session_settled" on "finalizer"."session" ("updated_at") where state in ('finalized','finalized-by-other','dropped')`,
    )
    this.addSql(
      `alter table "finalizer"."session" add constraint "session_family_check" check ("family" in ('specimen', 'result'))`,
    )
    this.addSql(
      `alter table "finalizer"."session" add constraint "session_outcome_check" check ("outcome" in ('rewarded', 'no-quorum', 'quorum'))`,
    )
    this.addSql(
      `alter table "finalizer"."session" add constraint "session_state_check" check ("state" in ('discovered', 'waiting', 'ready', 'submitted', 'mined', 'finalized', 'finalized-by-other', 'failed', 'dropped'))`,
    )
    this.addSql(`create table "finalizer"."closing" (
      "id" bigserial primary key,
      "chain" text not null,
      "family" text not null,
      "origin_chain_id" numeric(20,0) not null,
      "origin_height" numeric(20,0) not null,
      "event" text not null,
      "outcome" text null,
      "block_hash" text null,
      "agreed_hash" text null,
      "validator_bit_map" numeric(78,0) null,
      "tx_hash" text not null,
      "block_number" bigint null,
      "log_index" int not null
    )`)
    this.addSql(
      `alter table "finalizer"."closing" add constraint "closing_log" unique ("chain", "tx_hash", "log_index")`,
    )
    this.addSql(
      `create index "closing_session" on "finalizer"."closing" ("chain", "family", "origin_chain_id", "origin_height")`,
    )
    this.addSql(`create index "closing_block" on "finalizer"."closing" ("chain", "block_number")`)
    this.addSql(
      `alter table "finalizer"."closing" add constraint "closing_family_check" check ("family" in ('specimen', 'result'))`,
    )
    this.addSql(
      `alter table "finalizer"."closing" add constraint "closing_outcome_check" check ("outcome" in ('rewarded', 'no-quorum', 'quorum'))`,
    )
    this.addSql(`create table "finalizer"."submission" (
      "id" bigserial primary key,
      "chain" text not null,
      "family" text not null,
      "origin_chain_id" numeric(20,0) not null,
      "origin_height" numeric(20,0) not null,
      "block_hash" text not null,
      "hash" text not null,
      "storage_url" text not null,
      "stake" numeric(78,0) not null,
      "tx_hash" text not null,
      "block_number" bigint not null,
      "log_index" int not null
    )`)
    this.addSql(
      `alter table "finalizer"."submission" add constraint "submission_log" unique ("chain", "block_number", "log_index")`,
    )
    this.addSql(
      `create index "submission_session" on "finalizer"."submission" ("chain", "family", "origin_chain_id", "origin_height")`,
    )
    this.addSql(
      `alter table "finalizer"."submission" add constraint "submission_family_check" check ("family" in ('specimen', 'result'))`,
    )
    this.addSql(`create table "finalizer"."warehouse_cursor" (
      "source" text not null,
      "block_id" numeric(20,0) not null,
      "held_since" timestamptz null,
      "because" text null,
      "updated_at" timestamptz not null,
      primary key ("source")
    )`)
  }
}

export const finalizerMigrations: readonly NamedMigration[] = [{ name: 'finalizer-001-tables', class: Tables }]
