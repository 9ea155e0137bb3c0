/**
 * Does things at times of the day: at each time of a schedule it sends that schedule's message, and that is all.
 *
 * A time that passes while the daemon does not run is not made up for. Whoever is sent to knows by itself what is due.
 */
import type { Schedule } from '../../role.ts'
import { defineActor } from '../kit/actor.ts'
import { ref, type Ref } from '../kit/ref.ts'
import type { Cron } from './cron.ts'

export interface SchedulesArgs {
  readonly schedules: readonly Schedule[]
  readonly cron: Cron
}

interface Due {
  readonly type: 'due'
  readonly schedule: Schedule
}

interface State {
  readonly tasks: readonly (() => void)[]
}

export const schedules: Ref<Due> = ref('schedules')

export const schedulesActor = defineActor<SchedulesArgs, Due, State>({
  kind: 'schedules',
  mailbox: { capacity: 256, overflow: 'coalesce', key: ({ schedule }) => schedule.name },
  start: (args, ctx) => ({
    tasks: args.schedules.map(schedule =>
      args.cron(schedule.name, schedule.cron, () => ctx.send(ctx.self, { type: 'due', schedule })),
    ),
  }),
  receive(state, { schedule }, ctx) {
    ctx.log.debug('it is time', { schedule: schedule.name, cron: schedule.cron })
    schedule.fire((to, message) => ctx.send(to, message))
    return state
  },
  stop(state) {
    for (const end of state.tasks) end()
  },
})
