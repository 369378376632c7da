import { describe, expect, it } from 'vitest'
import { fillIn, placeholdersOf } from './placeholders'

describe('placeholders', () => {
  it('are found once each, with the first default', () => {
    expect(placeholdersOf('ssh {{host}} -p {{port:22}} {{host:web-01}} {{ 用户 }}@{{port:99}} {{dir name:/var/log:x}}')).toEqual([
      { name: 'host', usual: 'web-01' },
      { name: 'port', usual: '22' },
      { name: '用户', usual: '' },
      { name: 'dir name', usual: '/var/log:x' },
    ])
  })

  it.each([
    ['{{}}'],
    ['{{ }}'],
    ['{name}'],
    ['{{#each}}'],
    ['{{a\nb}}'],
    ['${{ github.sha }'],
    ['awk "{{print $1}}"'],
    ['{{-x}}'],
  ])('are not seen in %j', (text) => {
    expect(placeholdersOf(text)).toEqual([])
  })

  it('are filled in once, and a value is never read as one', () => {
    const values = new Map([
      ['a', '{{b}} $& $1'],
      ['b', 'B'],
    ])
    expect(fillIn('{{a}}-{{b:x}}-{{c:d}}', values)).toBe('{{b}} $& $1-B-{{c:d}}')
  })

  it('are looked for in 1 MiB of braces at once', () => {
    const began = performance.now()
    expect(placeholdersOf('{{a'.repeat(350_000))).toEqual([])
    expect(placeholdersOf(`{{a:${'x '.repeat(500_000)}`)).toEqual([])
    expect(performance.now() - began).toBeLessThan(1000)
  })

  it('are no more than a person fills in', () => {
    expect(placeholdersOf(Array.from({ length: 100 }, (_, n) => `{{n${n}}}`).join(' '))).toHaveLength(30)
  })
})
