/**
 * The supervision tree drawn with lines.
 */
import type { TreeNode, TreeSnapshot } from '../supervisors/snapshot.ts'
import { relativeTime, table } from './table.ts'

const SIGNS: Readonly<Record<string, string>> = {
  running: '●',
  starting: '◌',
  waiting: '◷',
  restarting: '↻',
  stopping: '◍',
  stopped: '○',
  parked: '■',
}

/** One line a node: id, state and since when, restarts, mailbox, message in progress, last crash. */
export function drawTree(snapshot: TreeSnapshot, now: number): string {
  const rows = nodeRows(snapshot.root, '', '', now)
  const letters = snapshot.deadLetters.map(({ to, message, count }) => `  ${count} × ${message} to ${to}`)
  const drawn = table(['actor', 'state', 'since', 'restarts', 'mailbox', 'notes'], rows)
  return letters.length === 0 ? drawn : `${drawn}\n\ndead letters\n${letters.join('\n')}`
}

function nodeRows(node: TreeNode, lead: string, childLead: string, now: number): string[][] {
  const own = [
    `${lead}${node.id}`,
    `${SIGNS[node.state] ?? '?'} ${node.state}`,
    node.startedAt === null ? '-' : relativeTime(node.startedAt, now),
    String(node.restarts),
    node.mailbox === null ? '' : mailbox(node.mailbox),
    notes(node, now).join('; '),
  ]
  const last = node.children.length - 1
  const below = node.children.flatMap((child, index) =>
    nodeRows(
      child,
      `${childLead}${index === last ? '└─ ' : '├─ '}`,
      `${childLead}${index === last ? '   ' : '│  '}`,
      now,
    ),
  )
  return [own, ...below]
}

function mailbox({ length, capacity, dropped }: NonNullable<TreeNode['mailbox']>): string {
  const bound = capacity === null ? '' : `/${capacity}`
  return `${length}${bound}${dropped > 0 ? ` (${dropped} dropped)` : ''}`
}

function notes(node: TreeNode, now: number): string[] {
  const found: string[] = []
  if (node.because !== null) found.push(node.because)
  if (node.nextTryAt !== null) found.push(`next try ${relativeTime(node.nextTryAt, now)}`)
  if (node.busy !== null) found.push(`${node.busy.message} for ${Math.round(node.busy.forMs)} ms`)
  if (node.lastCrash !== null) found.push(`crashed ${relativeTime(node.lastCrash.at, now)}: ${node.lastCrash.reason}`)
  return found
}
