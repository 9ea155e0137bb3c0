/**
 * What is printed when everything runs: where to look, how to pause, how to stop. To standard output, for people.
 */
import type { Log } from '../log.ts'
import type { Role } from '../role.ts'
import type { Tokens } from '../tokens.ts'

export interface WelcomeOptions {
  readonly url: string | null
  readonly tokens: Tokens
  readonly demo: boolean
  readonly log: Log
  readonly roles: readonly Pick<Role, 'name' | 'tryFirst'>[]
}

const WIDTH = 15

/** Prints the sheet. The page's address carries the viewer token in the demo only. */
export function welcome({ url, tokens, demo, log, roles }: WelcomeOptions): void {
  if (url === null) return
  log.info('everything runs', { url })
  const page = demo ? `${url}/?token=${tokens.viewer.reveal()}` : `${url}/   (token: DATA_FOLDER/tokens/viewer)`
  const hints = roles.flatMap(({ tryFirst = [] }) => tryFirst)
  const names = roles.map(({ name }) => name).join('|')
  const sheet: readonly (readonly [string, string])[] = [
    ['status page', page],
    ['API', `${url}/docs`],
    ...hints.map(([what, command]) => [what, `npx forgekeeper ${command}`] as const),
    ['pause, resume', `npx forgekeeper role pause ${names}, npx forgekeeper role resume ${names}`],
    ['stop', 'Ctrl-C (again: at once)'],
  ]
  const brought = demo ? ' the demo: its own database, chain, contracts and traffic' : ''
  const lines = sheet.map(([what, how]) => `  ${what.padEnd(WIDTH)}${how}`)
  process.stdout.write(['', `  Forgekeeper runs${brought}.`, '', ...lines, '', ''].join('\n'))
}
