import { expect, it } from 'vitest'
import type { LongCommand, ShellView } from '../../ipc'
import { LongCommandNews, longCommandText } from './long-commands'

const command = (number: number, seconds = 40): LongCommand => ({ number, seconds, text: 'make', status: 0 })
const view = (ended: LongCommand | null, id = 1): ShellView => ({ id, hostId: 'web', directory: null, ended })

it('each end is news once', () => {
  const news = new LongCommandNews([])
  expect(news.hear(view(null), '30')).toBeUndefined()
  expect(news.hear(view(command(4)), '30')).toEqual(command(4))
  // A change of the directory tells everything again.
  expect(news.hear(view(command(4)), '30')).toBeUndefined()
  expect(news.hear(view(command(4), 2), '30')).toEqual(command(4))
  expect(news.hear(view(command(5)), '30')).toEqual(command(5))
})

it('what ended before the window was there is none', () => {
  const news = new LongCommandNews([view(command(4))])
  expect(news.hear(view(command(4)), '10')).toBeUndefined()
  expect(news.hear(view(command(5)), '10')).toEqual(command(5))
})

it('the setting says how long is long', () => {
  for (const [after, heard] of [
    ['off', false],
    ['10', true],
    ['30', true],
    ['60', false],
  ] as const) {
    expect(new LongCommandNews([]).hear(view(command(1)), after) !== undefined, after).toBe(heard)
  }
})

it('says the host, the command and how it ended', () => {
  expect(longCommandText({ ...command(1, 75), status: 2 }, 'web-01')).toEqual({
    title: 'A command on web-01 has ended',
    body: 'make — failed with status 2 after 1 min 15 s',
  })
  expect(longCommandText({ ...command(1), text: '', status: null }, 'web-01').body).toBe('ended after 40 s')
})
