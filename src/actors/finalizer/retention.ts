/**
 * Settled sessions that are old, with what was submitted to them and how they were closed. Told by the kernel's
 * housekeeping, at the times of `retention.schedule`.
 */
import { sql } from 'kysely'
import type { Sweep } from '../../role.ts'
import type { FinalizerConfig } from './config.ts'

export const finalizerSweeps = ({ keepSettled }: Pick<FinalizerConfig, 'keepSettled'>): readonly Sweep[] => [
  {
    name: 'settled sessions',
    keepMs: keepSettled,
    run: async (em, before, limit) => {
      const gone = await sql`with old as (
          select id, chain, family, origin_chain_id, origin_height from finalizer.session
          where state in ('finalized', 'finalized-by-other', 'dropped') and updated_at < ${before}
          order by updated_at limit ${limit}
        ), submissions as (
          delete from finalizer.submission c using old where c.chain = old.chain and c.family = old.family
            and c.origin_chain_id = old.origin_chain_id and c.origin_height = old.origin_height
        ), closings as (
          delete from finalizer.closing c using old where c.chain = old.chain and c.family = old.family
            and c.origin_chain_id = old.origin_chain_id and c.origin_height = old.origin_height
        )
        delete from finalizer.session where id in (select id from old)`.execute(em.getKysely())
      return Number(gone.numAffectedRows ?? 0n)
    },
  },
]
