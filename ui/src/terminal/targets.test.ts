import { expect, it } from 'vitest'
import { isHost, isRecording, LOCAL_ID, recordingId, targetName } from './targets'

it('knows a host from what is none', () => {
  for (const host of ['builtin', '0b7e1d6c-7a0e-4a37-9a10-1f5f3c2a7d11', 'config:local']) {
    expect(isHost(host)).toBe(true)
    expect(targetName(host)).toBeUndefined()
  }
  expect(isHost(LOCAL_ID)).toBe(false)
  expect(isRecording(recordingId('/a.cast'))).toBe(true)
})

it('calls a recording by its file', () => {
  expect(targetName(recordingId('/home/ada/Documents/web-01-20261121.cast'))).toBe('web-01-20261121')
  expect(targetName(recordingId('C:\\Users\\ada\\demo.CAST'))).toBe('demo')
})
