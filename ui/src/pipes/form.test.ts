import { expect, it } from 'vitest'
import { canAdd, draftOf, emptyCard, formOf, missingIn, move, STAGES_MAX } from './form'

const draft = {
  source: null,
  commands: [
    { hostId: 'a', line: 'cat x', tee: null },
    { hostId: 'b', line: 'wc', tee: '/tmp/tee' },
  ],
  target: '/tmp/out',
  overwrite: true,
}

it('comes back as it was, without a leave to overwrite nothing', () => {
  expect(draftOf(formOf(draft))).toEqual(draft)
  expect(draftOf(formOf({ ...draft, target: null }))).toMatchObject({ overwrite: true })
  const commands = draft.commands.map((command) => ({ ...command, tee: null }))
  expect(draftOf(formOf({ ...draft, commands, target: null }))).toMatchObject({ overwrite: false })
})

it('moves a command by one, and not out of the row', () => {
  const form = formOf(draft)
  const lines = () => form.commands.map(({ line }) => line)
  expect(move(form, 0, 1)).toBe(1)
  expect(lines()).toEqual(['wc', 'cat x'])
  expect(move(form, 1, 1)).toBe(1)
  expect(move(form, 0, -1)).toBe(0)
  expect(lines()).toEqual(['wc', 'cat x'])
})

it('says what is missing, from its start on, and has eight stages at most', () => {
  const form = formOf(draft)
  expect(missingIn(form)).toBeNull()
  form.commands.push(emptyCard('c'))
  expect(missingIn(form)).toEqual({ what: 'line', n: 3 })
  expect(missingIn({ ...formOf(draft), commands: [] })).toEqual({ what: 'command' })
  expect(missingIn({ ...formOf(draft), source: '' })).toEqual({ what: 'source' })
  expect(missingIn({ ...formOf(draft), target: '' })).toEqual({ what: 'target' })
  expect(missingIn({ ...formOf(draft), commands: [{ ...emptyCard('a', 'x'), tee: '' }] })).toEqual({ what: 'tee', n: 1 })
  expect(missingIn({ ...formOf(draft), commands: [emptyCard('', 'x')] })).toEqual({ what: 'host', n: 1 })
  while (canAdd(form)) form.commands.push(emptyCard())
  expect(form.commands.length + 1).toBe(STAGES_MAX)
})
