/**
 * Recent headers of a chain and how far each source has been read. Facts and cursor move in one transaction.
 */
import { defineEntity, p } from '@mikro-orm/core'

const BlockSchema = defineEntity({
  name: 'Block',
  tableName: 'block',
  schema: 'kernel',
  properties: {
    chain: p.text().primary(),
    number: p.bigint().primary(),
    hash: p.text(),
    parentHash: p.text(),
    /** Unix seconds, as the header says. */
    timestamp: p.bigint(),
  },
})
/** A header on the canonical chain as last seen; only the newest few (the reorganisation limit) are kept. */
export class Block extends BlockSchema.class {}
BlockSchema.setClass(Block)

const CursorSchema = defineEntity({
  name: 'Cursor',
  tableName: 'cursor',
  schema: 'kernel',
  properties: {
    chain: p.text().primary(),
    /** `head` for the synchronizer, else the name of the fact source. */
    source: p.text().primary(),
    /** The last block that has been read entirely. */
    number: p.bigint(),
    hash: p.text(),
    updatedAt: p.datetime(),
  },
})
/** How far a source has been read, with the block hash read there. */
export class Cursor extends CursorSchema.class {}
CursorSchema.setClass(Cursor)
