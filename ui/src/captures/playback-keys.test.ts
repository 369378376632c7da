import { expect, it } from 'vitest'
import type { PlaybackState } from '../ipc'
import { playbackKey } from './playback-keys'

const now: PlaybackState = {
  playing: true,
  positionMs: 3000,
  lengthMs: 10_000,
  speed: 1,
  skipsPauses: false,
  size: { cols: 80, rows: 24 },
  title: '',
}

it('plays, pauses and moves by keys', () => {
  expect(playbackKey(' ', now)).toEqual({ do: 'pause' })
  expect(playbackKey(' ', { ...now, playing: false })).toEqual({ do: 'play' })
  expect(playbackKey('\x1b[C', now)).toEqual({ do: 'seek', positionMs: 8000 })
  expect(playbackKey('\x1bOC', { ...now, positionMs: 9000 })).toEqual({ do: 'seek', positionMs: 10_000 })
  expect(playbackKey('\x1b[D', now)).toEqual({ do: 'seek', positionMs: 0 })
})

it('changes the speed step by step, up to both ends', () => {
  expect(playbackKey('>', now)).toEqual({ do: 'speed', factor: 2 })
  expect(playbackKey('<', now)).toEqual({ do: 'speed', factor: 0.5 })
  expect(playbackKey('>', { ...now, speed: 8 })).toEqual({ do: 'speed', factor: 8 })
  expect(playbackKey('<', { ...now, speed: 0.5 })).toEqual({ do: 'speed', factor: 0.5 })
})

it('leaves answers to the questions of the recorded program alone', () => {
  for (const report of ['\x1b[?1;2c', '\x1b[24;80R', '\x1b[I', 'x', '\r']) expect(playbackKey(report, now)).toBeUndefined()
})
