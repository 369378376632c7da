/** A pipe while it is being written down: its stages in a row, the files at its ends, and what is missing. */
import type { HostId, PipeDraft } from '../ipc'

/** Stages in one pipe, as the engine has it. */
export const STAGES_MAX = 8

export interface CommandCard {
  /** Stays while the card is moved. */
  readonly key: number
  hostId: HostId
  line: string
  /** A file that gets the output as well. */
  tee: string | null
}

export interface PipeForm {
  source: string | null
  commands: CommandCard[]
  target: string | null
  overwrite: boolean
}

let lastKey = 0

export function emptyCard(hostId: HostId = '', line = ''): CommandCard {
  return { key: ++lastKey, hostId, line, tee: null }
}

export function formOf({ source, commands, target, overwrite }: PipeDraft): PipeForm {
  return {
    source,
    commands: commands.map(({ hostId, line, tee }) => ({ ...emptyCard(hostId, line), tee })),
    target,
    overwrite,
  }
}

export function draftOf({ source, commands, target, overwrite }: PipeForm): PipeDraft {
  return {
    source,
    commands: commands.map(({ hostId, line, tee }) => ({ hostId, line, tee })),
    target,
    overwrite: overwrite && writesFiles({ commands, target }),
  }
}

/** Files of this computer get something of it. */
export function writesFiles({ commands, target }: Pick<PipeForm, 'commands' | 'target'>): boolean {
  return target !== null || commands.some(({ tee }) => tee !== null)
}

function stageCount({ source, commands, target }: PipeForm): number {
  return commands.length + (source === null ? 0 : 1) + (target === null ? 0 : 1)
}

export function canAdd(form: PipeForm): boolean {
  return stageCount(form) < STAGES_MAX
}

/** What keeps a pipe from being run, from its start on; `n` counts the commands. */
export type Missing = { what: 'command' | 'source' | 'target' } | { what: 'host' | 'line' | 'tee'; n: number }

export function missingIn({ source, commands, target }: PipeForm): Missing | null {
  if (source === '') return { what: 'source' }
  for (const [at, { hostId, line, tee }] of commands.entries()) {
    if (hostId === '') return { what: 'host', n: at + 1 }
    if (line.trim() === '') return { what: 'line', n: at + 1 }
    if (tee === '') return { what: 'tee', n: at + 1 }
  }
  if (commands.length === 0) return { what: 'command' }
  return target === '' ? { what: 'target' } : null
}

/** One place to the left or right, if there is one; where it is then. */
export function move(form: PipeForm, at: number, by: 1 | -1): number {
  const to = at + by
  const [card, other] = [form.commands[at], form.commands[to]]
  if (!card || !other) return at
  form.commands[to] = card
  form.commands[at] = other
  return to
}
