import { describe, expect, it } from 'vitest'
import { bracketPaste, previewPaste, sanitisePaste } from '../../ui/src/terminal/paste'

describe('a paste', () => {
  it.each([
    ['plain text', 'ls -l', 'ls -l'],
    ['tabs', 'a\tb', 'a\tb'],
    ['line ends of every system', 'a\nb\r\nc\rd', 'a\rb\rc\rd'],
    ['Chinese, emoji and full-width signs', '构建，完成 😀', '构建，完成 😀'],
    ['an escape sequence', 'a\x1b[31mred', 'a[31mred'],
    ['the end of its own brackets', 'safe\x1b[201~rm -rf ~\r', 'saferm -rf ~\r'],
    ['brackets inside brackets', '\x1b\x1b[201~[201~x', '[201~x'],
    ['8-bit brackets', 'a\u009b201~b', 'ab'],
    ['8-bit controls', 'a\u0090dcs\u009c\u0085b', 'adcsb'],
    ['an OSC that would set the clipboard', '\x1b]52;c;cm0=\x07', ']52;c;cm0='],
    ['Ctrl-C, Ctrl-D, Ctrl-Z and backspace', 'a\x03\x04\x1a\b\x7fb', 'ab'],
    ['NUL, vertical tab and form feed', 'a\0\v\fb', 'ab'],
  ])('with %s', (_, pasted, expected) => {
    expect(sanitisePaste(pasted)).toBe(expected)
  })

  it('is put in brackets where the program asks for it, and cannot leave them', () => {
    const sent = bracketPaste(sanitisePaste('a\nb\x1b[201~c'), true)
    expect(sent).toBe('\x1b[200~a\rbc\x1b[201~')
    expect(sent.indexOf('\x1b[201~')).toBe(sent.length - '\x1b[201~'.length)
    expect(bracketPaste('a', false)).toBe('a')
  })

  it('is asked about when a line break in it would run something', () => {
    expect(previewPaste('one line', false)).toBeUndefined()
    expect(previewPaste('a\rb', true)).toBeUndefined()
    expect(previewPaste('rm -rf ~\r', false)).toMatchObject({ lines: 1, text: 'rm -rf ~' })
    expect(previewPaste('a\rb\rc', false)).toMatchObject({ lines: 3, text: 'a\nb\nc' })
  })

  it('is shown by its beginning when it is long', () => {
    const preview = previewPaste(Array.from({ length: 500 }, (_, n) => `line ${n}`).join('\r'), false)
    expect(preview?.lines).toBe(500)
    expect(preview?.text.split('\n').length).toBeLessThan(20)
    expect(preview?.text.endsWith('…')).toBe(true)
  })
})
