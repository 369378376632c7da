/** Commands by their marks, on the parser and the buffer of the real xterm.js. */
import { Terminal } from '@xterm/headless'
import { describe, expect, it } from 'vitest'
import { CommandMarks, COMMANDS_MAX, outcomeOf } from './command-marks'

const A = '\x1b]133;A\x07'
const B = '\x1b]133;B\x07'
const C = '\x1b]133;C\x07'
const D = (status?: number | string) => `\x1b]133;D${status === undefined ? '' : `;${status}`}\x07`

async function fed(text: string, size = { cols: 40, rows: 8 }) {
  const terminal = new Terminal({ ...size, scrollback: 100, allowProposedApi: true })
  const marks = new CommandMarks(terminal)
  const write = (more: string) => new Promise<void>((resolve) => terminal.write(more, resolve))
  await write(text)
  const told = () => marks.commands.map((command) => [marks.text(command), outcomeOf(command), marks.output(command)])
  return { terminal, marks, write, told }
}

const run = (command: string, output: string, status?: number | string) =>
  `${A}$ ${B}${command.replaceAll('\n', '\r\n> ')}\r\n${C}${output.replaceAll('\n', '\r\n')}${D(status)}`

describe('commands by their marks', () => {
  it('are known with their text, their output and how they ended', async () => {
    const { told } = await fed(
      `${run('true', '', 0)}${run('false', '', 1)}${run('ls', 'a\nb\n', 0)}${run('odd', 'x')}${A}$ ${B}typ`,
    )
    expect(told()).toEqual([
      ['true', 'ok', ''],
      ['false', 'failed', ''],
      ['ls', 'ok', 'a\nb'],
      ['odd', 'unknown', 'x'],
    ])
  })

  it('run until they end', async () => {
    const { told, write } = await fed(`${A}$ ${B}sleep 9\r\n${C}so far\r\n`)
    expect(told()).toEqual([['sleep 9', 'running', 'so far']])
    await write(D(130))
    expect(told()).toEqual([['sleep 9', 'failed', 'so far']])
  })

  it('have several lines, without what the shell writes before each', async () => {
    const { told } = await fed(run('for x in 1 2; do\necho $x\ndone', '1\n2\n', 0))
    expect(told()).toEqual([['for x in 1 2; do\necho $x\ndone', 'ok', '1\n2']])
  })

  it('are whole where their lines are wrapped, also after another width', async () => {
    const long = 'echo 0123456789012345678901234567890123456789 你好'
    const { told, terminal } = await fed(run(long, `${'x'.repeat(50)}\nend\n`, 0))
    const whole = [[long, 'ok', `${'x'.repeat(50)}\nend`]]
    expect(told()).toEqual(whole)
    terminal.resize(60, 8)
    expect(told()).toEqual(whole)
  })

  it('are not what was given up at the prompt, and a prompt that is drawn again is the same', async () => {
    const { told } = await fed(`${A}$ ${B}given up^C\r\n${A}$ ${B}\r${A}$ ${B}ls\r\n${C}${D(0)}${A}$ ${B}`)
    expect(told()).toEqual([['ls', 'ok', '']])
  })

  it('of a shell that was lost have an unknown end', async () => {
    const { told } = await fed(`${A}$ ${B}sleep 9\r\n${C}\r\n${A}$ ${B}`)
    expect(told()).toEqual([['sleep 9', 'unknown', '']])
  })

  it('stay with their lines, and go with them', async () => {
    const { terminal, marks, write } = await fed(run('first', 'out\n', 0))
    await write('\r\n'.repeat(50))
    const [first] = marks.commands
    expect(first && marks.line(first)).toBe(0)
    await write('\r\n'.repeat(100))
    expect(marks.commands).toEqual([])
    expect(terminal.markers).toEqual([])
  })

  it('are forgotten by a reset, and said again by a snapshot', async () => {
    const { told, write } = await fed(run('old', '', 0))
    await write(`\x1bc${run('new', '', 3)}`)
    expect(told()).toEqual([['new', 'failed', '']])
  })

  it('are not on the page of a full-screen program', async () => {
    const { marks, told } = await fed(`${A}$ ${B}vi\r\n${C}\x1b[?1049h${A}${B}x${C}${D(0)}\x1b[?1049l`)
    expect(marks.commands.length).toBeLessThanOrEqual(2)
    expect(told()[0]).toEqual(['vi', 'unknown', ''])
  })

  it('are bounded in a flood of marks', async () => {
    const { terminal, marks } = await fed(`${A}${B}${C}${D(0)}`.repeat(5000))
    expect(marks.commands.length).toBeLessThanOrEqual(COMMANDS_MAX)
    expect(terminal.markers).toHaveLength(1)
    const lines = await fed(`${A}${B}x\r\n${C}${D(0)}\r\n`.repeat(3000))
    expect(lines.marks.commands.length).toBeLessThanOrEqual(COMMANDS_MAX)
    expect(lines.terminal.markers.length).toBeLessThanOrEqual(COMMANDS_MAX * 2)
  })

  it('have a byte as status, or none', async () => {
    const outcomes: unknown[] = []
    for (const status of [0, 255, 256, -1, 'x', '', '1;aid=2']) {
      const { marks } = await fed(run('x', '', status))
      outcomes.push(marks.commands[0]?.status)
    }
    expect(outcomes).toEqual([0, 255, 255, 255, null, null, 1])
  })

  it('tell the lines of their output', async () => {
    const { marks } = await fed(`${run('ls', 'a\nb\n', 0)}${run('true', '', 0)}${run('printf x', 'x', 0)}`)
    expect(marks.commands.map((command) => marks.outputLines(command))).toEqual([
      { first: 1, last: 2 },
      undefined,
      { first: 5, last: 5 },
    ])
  })
})
