import { describe, expect, it } from 'vitest'
import { GrowingBytes } from './growing-bytes'

const codes = (text: string) => Uint32Array.from(text, (letter) => letter.codePointAt(0) ?? 0)

describe('bytes that grow', () => {
  it('are those that came, without what is no ASCII', () => {
    const bytes = new GrowingBytes(100)
    bytes.append(codes('abcdé'), 1, 5)
    bytes.append(codes('x'), 0, 1)
    expect([...bytes.all]).toEqual([0x62, 0x63, 0x64, 0, 0x78])
  })

  it('take little more room than there are of them, in however small pieces they come', () => {
    const bytes = new GrowingBytes(1_000_000)
    const piece = codes('A')
    for (let count = 0; count < 300_000; count++) bytes.append(piece, 0, 1)
    expect(bytes.all).toHaveLength(300_000)
    expect(bytes.all.every((byte) => byte === 0x41)).toBe(true)
    expect(bytes.room).toBeLessThan(600_000)
  })

  it('stop at their most', () => {
    const bytes = new GrowingBytes(10_000)
    const piece = new Uint32Array(6000)
    expect(bytes.append(piece, 0, 6000)).toBe(true)
    expect(bytes.append(piece, 0, 6000)).toBe(false)
    expect(bytes.append(piece, 0, 4000)).toBe(true)
    expect([bytes.all.length, bytes.room]).toEqual([10_000, 10_000])
  })
})
