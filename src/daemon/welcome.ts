/**
 * What is printed when everything runs: where to look, how to pause, how to stop. To standard output, for people.
 */
import type { Log } from '../log.ts'
import type { Tokens } from '../tokens.ts'

export interface WelcomeOptions {
  readonly url: string | null
  readonly tokens: Tokens
  readonly demo: boolean
  readonly log: Log
}

/** Prints the sheet. The page's address carries the viewer token in the demo only. */
export function welcome({ url, tokens, demo, log }: WelcomeOptions): void {
  if (url === null) return
  log.info('everything runs', { url })
  const page = demo ? `${url}/?token=${tokens.viewer.reveal()}` : `${url}/   (token: DATA_FOLDER/tokens/viewer)`
  process.stdout.write(
    [
      '',
      `  Forgekeeper runs${demo ? ' the demo: its own database, chain, contracts, provers and users' : ''}.`,
      '',
      `  status page    ${page}`,
      `  API            ${url}/docs`,
      `  batches        npx forgekeeper batches          why not yet   npx forgekeeper explain batch/5`,
      `  pause, resume  npx forgekeeper pause            npx forgekeeper resume`,
      `  stop           Ctrl-C (again: at once)`,
      '',
      '',
    ].join('\n'),
  )
}
