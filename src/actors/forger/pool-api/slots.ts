/** `/slots`: which blocks a slot of the auction has, and who may forge in the current and the next one. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { HeadView, type ChainView } from '../../../entities/forger/chain-facts.ts'
import type { Orm } from '../../../entities/orm.ts'
import { FailedToAddEmptySlot, FailedToGetAuctionVars, FailedToGetCurrentBlock } from './errors.ts'

const open = { access: 'open' } as const
const MAX_PAGE = 2049

const Slot = Type.Object({
  slotNum: Type.Integer(),
  firstBlock: Type.Integer(),
  lastBlock: Type.Integer(),
  forger: Type.Union([Type.String(), Type.Null()], { description: 'Known of the current and the next slot.' }),
  committed: Type.Boolean({ description: 'Whether its forger has forged in it before the deadline.' }),
})
type Slot = Type.Static<typeof Slot>

const SlotsQuery = Type.Object(
  {
    minSlotNum: Type.Optional(Type.Integer({ minimum: 0, description: 'The current one by default.' })),
    maxSlotNum: Type.Optional(Type.Integer({ minimum: 0, description: 'The next one by default.' })),
    order: Type.Optional(Type.Union([Type.Literal('ASC'), Type.Literal('DESC')])),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE })),
  },
  { additionalProperties: false },
)

export const slots =
  (orm: () => Orm): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/slots/:slotNum',
      {
        config: open,
        schema: {
          tags: ['pool'],
          summary: 'One slot of the auction',
          params: Type.Object({ slotNum: Type.Integer({ minimum: 0 }) }),
          response: { 200: Slot },
        },
      },
      async ({ params }) => shown(await auctionOf(orm()), params.slotNum),
    )

    app.get(
      '/slots',
      {
        config: open,
        schema: {
          tags: ['pool'],
          summary: 'Slots of the auction',
          querystring: SlotsQuery,
          response: { 200: Type.Object({ slots: Type.Array(Slot), pendingItems: Type.Integer() }) },
        },
      },
      async ({ query }) => {
        const view = await auctionOf(orm())
        const { minSlotNum: first = Number(view.currentSlot?.slot ?? 0), order = 'ASC', limit = 20 } = query
        const last = query.maxSlotNum ?? first + 1
        const total = Math.max(0, last - first + 1)
        const page = Array.from({ length: Math.min(limit, total) }, (_, at) =>
          order === 'ASC' ? first + at : last - at,
        )
        return { slots: page.map(slotNum => shown(view, slotNum)), pendingItems: total - page.length }
      },
    )
  }

/** What the newest block says about the auction. Throws PoolRefusal 15 and 16. */
async function auctionOf(orm: Orm): Promise<ChainView> {
  const head = await orm.em.fork().findOne(HeadView, { name: 'head' })
  if (!head) throw new FailedToGetCurrentBlock('no block of the chain has been read yet')
  if (head.view.currentSlot === null) throw new FailedToGetAuctionVars('the auction has no slot at the newest block')
  return head.view
}

/** Throws PoolRefusal 17 for a slot beyond all block numbers. */
function shown({ genesisBlock, blocksPerSlot, currentSlot, nextSlot }: ChainView, slotNum: number): Slot {
  const firstBlock = Number(genesisBlock) + slotNum * blocksPerSlot
  const lastBlock = firstBlock + blocksPerSlot - 1
  if (!Number.isSafeInteger(lastBlock)) throw new FailedToAddEmptySlot(`slot ${slotNum} has no blocks`, { slotNum })
  const known = [currentSlot, nextSlot].find(slot => slot?.slot === String(slotNum))
  return { slotNum, firstBlock, lastBlock, forger: known?.forger ?? null, committed: known?.committed ?? false }
}
