/** What the keys do in a recording. Pure: the view as it is now, and what the key asks for. */
import type { PlaybackCommand, PlaybackState } from '../ipc'

export const STEP_MS = 5000
export const SPEEDS = [0.5, 1, 2, 4, 8] as const

export function playOrPause(now: PlaybackState): PlaybackCommand {
  return { do: now.playing ? 'pause' : 'play' }
}

export function step(now: PlaybackState, by: 1 | -1): PlaybackCommand {
  return { do: 'seek', positionMs: Math.min(now.lengthMs, Math.max(0, now.positionMs + by * STEP_MS)) }
}

/** The next faster or slower speed; the fastest and the slowest stay. */
export function changeSpeed(now: PlaybackState, by: 1 | -1): PlaybackCommand {
  const faster = SPEEDS.filter((speed) => speed > now.speed)
  const slower = SPEEDS.filter((speed) => speed < now.speed)
  return { do: 'speed', factor: (by === 1 ? faster.at(0) : slower.at(-1)) ?? now.speed }
}

/** What xterm.js gives for a key, as a command; nothing for all the others. */
export function playbackKey(text: string, now: PlaybackState): PlaybackCommand | undefined {
  switch (text) {
    case ' ':
    case 'k':
      return playOrPause(now)
    case '\x1b[C':
    case '\x1bOC':
    case 'l':
      return step(now, 1)
    case '\x1b[D':
    case '\x1bOD':
    case 'j':
      return step(now, -1)
    case '>':
    case '+':
      return changeSpeed(now, 1)
    case '<':
    case '-':
      return changeSpeed(now, -1)
    case '0':
    case '\x1b[H':
    case '\x1bOH':
      return { do: 'seek', positionMs: 0 }
    case '\x1b[F':
    case '\x1bOF':
      return { do: 'seek', positionMs: now.lengthMs }
    case 's':
      return { do: 'skip-pauses', on: !now.skipsPauses }
  }
  return undefined
}
