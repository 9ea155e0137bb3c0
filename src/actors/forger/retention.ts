/**
 * What a settled batch held, for people: large, and of no use to the forger. Numbers, roots and calldata stay.
 */
import { sql } from 'kysely'
import type { Sweep } from '../../role.ts'
import type { ForgerConfig } from './config.ts'

export const forgerSweeps = ({ keepContents }: Pick<ForgerConfig, 'keepContents'>): readonly Sweep[] => [
  {
    name: 'contents of batches',
    keepMs: keepContents,
    run: async (em, before, limit) => {
      const dropped = await sql`update forger.batch set contents = null, proof = null where id in (
        select id from forger.batch where contents is not null
          and state in ('final', 'failed', 'superseded', 'discarded') and coalesce(final_at, created_at) < ${before}
        order by id limit ${limit})`.execute(em.getKysely())
      return Number(dropped.numAffectedRows ?? 0n)
    },
  },
]
