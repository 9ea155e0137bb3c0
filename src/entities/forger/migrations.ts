/**
 * The forger's tables, one small step forward at a time.
 */
import { Migration } from '@mikro-orm/migrations'
import type { NamedMigration } from '../orm.ts'

class Tables extends Migration {
  override up(): void {
    this.addSql(`create schema if not exists "forger"`)
    this.addSql(`create table "forger"."account" (
      "idx" bigint not null,
      "token_id" bigint not null,
      "nonce" bigint not null,
      "balance" numeric(78,0) not null,
      "ay" numeric(78,0) not null,
      "sign" int not null,
      "eth_addr" text not null,
      "leaf_hash" numeric(78,0) null,
      "batch_num" int not null,
      primary key ("idx")
    )`)
    this.addSql(`create index "account_eth_addr" on "forger"."account" ("eth_addr")`)
    this.addSql(`create table "forger"."account_creation_auth" (
      "eth_addr" text not null,
      "bjj" text not null,
      "signature" text not null,
      "received_at" timestamptz not null,
      primary key ("eth_addr")
    )`)
    this.addSql(`create table "forger"."batch" (
      "id" bigserial primary key,
      "num" int not null,
      "epoch" int not null,
      "state" text not null default 'built',
      "because" text null,
      "old_root" numeric(78,0) not null,
      "new_root" numeric(78,0) not null,
      "new_exit_root" numeric(78,0) not null,
      "old_last_idx" bigint not null,
      "new_last_idx" bigint not null,
      "l1_queue" bigint null,
      "l1_user_txs" int not null,
      "l1_coordinator_txs" int not null,
      "l2_txs" int not null,
      "encoded_l1_coordinator_tx" text not null,
      "l1_l2_txs_data" text not null,
      "fee_idx_coordinator" text not null,
      "verifier_idx" int not null,
      "public_input" numeric(78,0) not null,
      "prover_input" text null,
      "accounts" jsonb null,
      "contents" jsonb null,
      "proof" jsonb null,
      "intent_key" text null,
      "eth_tx_hash" text null,
      "start_block" bigint not null,
      "send_block" bigint null,
      "mine_block" bigint null,
      "created_at" timestamptz not null,
      "posted_at" timestamptz null,
      "proven_at" timestamptz null,
      "sent_at" timestamptz null,
      "mined_at" timestamptz null,
      "final_at" timestamptz null,
      "trace_id" text null
    )`)
    this.addSql(`create index "batch_num" on "forger"."batch" ("num")`)
    this.addSql(
      `create index "batch_open" on "forger"."batch" ("num") where state in ('built','proving','proven','sent','mined')`,
    )
    this.addSql(
      `alter table "forger"."batch" add constraint "batch_state_check" check ("state" in ('built', 'proving', 'proven', 'sent', 'mined', 'final', 'failed', 'superseded', 'discarded'))`,
    )
    this.addSql(`create table "forger"."epoch" (
      "number" int not null,
      "from_batch" int not null,
      "from_root" numeric(78,0) not null,
      "started_at" timestamptz not null,
      "stopped_at" timestamptz null,
      "reason" text null,
      "failed_batch" int null,
      primary key ("number")
    )`)
    this.addSql(`create table "forger"."folded_state" (
      "name" text not null,
      "batch_num" int not null,
      "root" numeric(78,0) not null,
      "last_idx" bigint not null,
      primary key ("name")
    )`)
    this.addSql(`create table "forger"."forged_batch" (
      "batch_num" int not null,
      "forger" text not null,
      "state_root" numeric(78,0) not null,
      "exit_root" numeric(78,0) not null,
      "last_idx" bigint not null,
      "l1_queue" bigint null,
      "l1_user_txs" int not null,
      "encoded_l1_coordinator_tx" text not null,
      "l1_l2_txs_data" text not null,
      "fee_idx_coordinator" text not null,
      "slot" bigint null,
      "block_number" bigint not null,
      "block_hash" text not null,
      "eth_tx_hash" text not null,
      "gas_used" bigint null,
      "forged_at" timestamptz not null,
      primary key ("batch_num")
    )`)
    this.addSql(`create index "forged_batch_block" on "forger"."forged_batch" ("block_number")`)
    this.addSql(`create table "forger"."head_view" (
      "name" text not null,
      "block_number" bigint not null,
      "block_hash" text not null,
      "view" jsonb not null,
      primary key ("name")
    )`)
    this.addSql(`create table "forger"."l1_tx" (
      "queue" bigint not null,
      "position" int not null,
      "tx_id" text not null,
      "from_eth_addr" text not null,
      "from_bjj" text not null,
      "from_idx" bigint not null,
      "load_amount_f" bigint not null,
      "amount_f" bigint not null,
      "token_id" bigint not null,
      "to_idx" bigint not null,
      "encoded" text not null,
      "block_number" bigint not null,
      "eth_tx_hash" text not null,
      primary key ("queue", "position")
    )`)
    this.addSql(`alter table "forger"."l1_tx" add constraint "l1_tx_tx_id_unique" unique ("tx_id")`)
    this.addSql(`create index "l1_tx_block" on "forger"."l1_tx" ("block_number")`)
    this.addSql(`create table "forger"."pool_tx" (
      "item_id" bigserial primary key,
      "tx_id" text not null,
      "type" text not null,
      "from_idx" bigint not null,
      "to_idx" bigint not null,
      "to_eth_addr" text null,
      "to_bjj" text null,
      "token_id" bigint not null,
      "amount" numeric(78,0) not null,
      "fee" int not null,
      "nonce" bigint not null,
      "max_num_batch" bigint not null default '0',
      "signature" text not null,
      "state" text not null default 'pend',
      "batch_num" int null,
      "info" text null,
      "error_code" int null,
      "error_type" text null,
      "client_ip" text null,
      "external_delete" boolean not null default false,
      "rq_offset" int null,
      "rq" jsonb null,
      "atomic_group_id" text null,
      "received_at" timestamptz not null
    )`)
    this.addSql(`alter table "forger"."pool_tx" add constraint "pool_tx_tx_id_unique" unique ("tx_id")`)
    this.addSql(
      `create index "pool_tx_pending" on "forger"."pool_tx" ("item_id") where state = 'pend' and not external_delete`,
    )
    this.addSql(`create index "pool_tx_sender" on "forger"."pool_tx" ("from_idx", "nonce")`)
    this.addSql(`create index "pool_tx_batch" on "forger"."pool_tx" ("batch_num") where batch_num is not null`)
    this.addSql(
      `alter table "forger"."pool_tx" add constraint "pool_tx_type_check" check ("type" in ('Transfer', 'TransferToEthAddr', 'TransferToBJJ', 'Exit'))`,
    )
    this.addSql(
      `alter table "forger"."pool_tx" add constraint "pool_tx_state_check" check ("state" in ('pend', 'fing', 'fged', 'invl'))`,
    )
    this.addSql(`create table "forger"."prover_job" (
      "id" bigserial primary key,
      "batch_id" bigint not null,
      "prover" text not null,
      "attempt" int not null,
      "state" text not null default 'posted',
      "error" text null,
      "posted_at" timestamptz not null,
      "deadline_at" timestamptz not null,
      "ended_at" timestamptz null
    )`)
    this.addSql(`create index "prover_job_batch" on "forger"."prover_job" ("batch_id")`)
    this.addSql(`create index "prover_job_open" on "forger"."prover_job" ("prover") where state = 'posted'`)
    this.addSql(
      `alter table "forger"."prover_job" add constraint "prover_job_state_check" check ("state" in ('posted', 'proven', 'failed', 'stale', 'timeout', 'lost', 'cancelled'))`,
    )
    this.addSql(`create table "forger"."token" (
      "token_id" bigint not null,
      "address" text not null,
      "block_number" bigint not null,
      primary key ("token_id")
    )`)
    this.addSql(
      `alter table "forger"."prover_job" add constraint "prover_job_batch_id_foreign" foreign key ("batch_id") references "forger"."batch" ("id")`,
    )
    this.addSql(
      `create unique index "batch_live_num" on "forger"."batch" ("num") where state in ('built','proving','proven','sent','mined','final')`,
    )
  }
}

class AtomicGroups extends Migration {
  override up(): void {
    this.addSql(
      `create index "pool_tx_group" on "forger"."pool_tx" ("atomic_group_id") where atomic_group_id is not null`,
    )
  }
}

class Branches extends Migration {
  override up(): void {
    this.addSql(`alter table "forger"."account" add column "branches" text null`)
  }
}

class L1Digest extends Migration {
  override up(): void {
    this.addSql(`alter table "forger"."batch" add column "l1_digest" text null`)
  }
}

export const forgerMigrations: readonly NamedMigration[] = [
  { name: 'forger-001-tables', class: Tables },
  { name: 'forger-002-atomic-groups', class: AtomicGroups },
  { name: 'forger-003-branches', class: Branches },
  { name: 'forger-004-l1-digest', class: L1Digest },
]
