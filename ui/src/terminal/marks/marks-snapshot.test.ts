/**
 * The commands after a snapshot of the engine's screen are those of a terminal that got every byte: for a recording of a shell that
 * sets marks (`tests/recordings/marks.rec`), cut where its snapshots were taken.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Terminal } from '@xterm/headless'
import { expect, it } from 'vitest'
import { CommandMarks, outcomeOf } from './command-marks'

const FOLDER = join(import.meta.dirname, '../../../../tests/recordings')

function newTerminal() {
  const terminal = new Terminal({ cols: 80, rows: 24, scrollback: 10_000, scrollOnEraseInDisplay: true, allowProposedApi: true })
  const marks = new CommandMarks(terminal)
  const write = (bytes: Uint8Array) => new Promise<void>((resolve) => terminal.write(bytes, resolve))
  const told = () =>
    marks.commands.map((command) => ({
      line: marks.line(command),
      text: marks.text(command),
      outcome: outcomeOf(command),
      output: marks.output(command),
      lines: marks.outputLines(command),
      top: marks.top(command),
    }))
  return { write, told }
}

it('a snapshot says the commands again, on their lines', async () => {
  const bytes = readFileSync(join(FOLDER, 'marks.rec'))
  const snapshots = readdirSync(FOLDER).filter((file) => /^marks\.\d+\.snapshot$/.test(file))
  expect(snapshots).toHaveLength(4)
  for (const file of snapshots) {
    const cut = Number(file.split('.')[1])
    const [all, copy] = [newTerminal(), newTerminal()]
    await all.write(bytes.subarray(0, cut))
    // What was there before goes.
    await copy.write(bytes.subarray(0, 300))
    await copy.write(readFileSync(join(FOLDER, file)))
    expect(copy.told(), file).toEqual(all.told())
    await all.write(bytes.subarray(cut))
    await copy.write(bytes.subarray(cut))
    expect(copy.told(), `${file}, afterwards`).toEqual(all.told())
  }
})

it('the recording has what a shell does', async () => {
  const { write, told } = newTerminal()
  const bytes = readFileSync(join(FOLDER, 'marks.rec'))
  const seen = () => told().map(({ text, outcome }) => [text, outcome])
  const cleared = bytes.indexOf('\x1b[H\x1b[2J')
  await write(bytes.subarray(0, cleared))
  expect(seen()).toEqual([
    ['true', 'ok'],
    ['false', 'failed'],
    ['seq 1 40', 'ok'],
    ['for n in 1 2; do\necho a line that is long enough to be wrapped around the edge of the screen, number $n\ndone', 'ok'],
    ['sh -c "exit 42"', 'failed'],
    ['less text', 'ok'],
    ['clear', 'running'],
  ])
  await write(bytes.subarray(cleared))
  expect(seen()).toEqual([
    // What was typed was cleared away, too.
    ['', 'ok'],
    ['echo 你好', 'ok'],
    ['seq 1 30; sleep 9', 'failed'],
    ['exit', 'running'],
  ])
})
