import { describe, expect, it } from 'vitest'
import { fuzzyMatch } from '../../ui/src/workspace/fuzzy'
import { shortTitle, tabLabels } from '../../ui/src/workspace/tab-labels'

const tab = (id: string, host: string, title = '', given?: string) => ({ id, host, title, given, directory: null })

describe('the names of tabs', () => {
  it('tell two tabs of one host apart by title, else by number', () => {
    const labels = tabLabels([
      tab('1', 'web-01', 'ada@web-01: /srv/www'),
      tab('2', 'web-01'),
      tab('3', 'web-01'),
      tab('4', 'web-01', 'vim'),
      tab('5', 'db'),
      tab('6', 'web-01', 'vim'),
    ])
    expect([...labels.values()].map(({ name, detail }) => `${name} ${detail}`.trim())).toEqual([
      'web-01 /srv/www',
      'web-01',
      'web-01 2',
      'web-01 vim',
      'db',
      'web-01 vim 2',
    ])
  })

  it('are what a person gave them', () => {
    expect(tabLabels([tab('1', 'web-01', 'vim', '日志')]).get('1')).toMatchObject({ name: '日志', detail: 'vim' })
  })

  it('leave out of a title what the name says already', () => {
    expect(shortTitle('web-01', 'web-01')).toBe('')
    expect(shortTitle('ada@web-01:~', 'web-01')).toBe('~')
    expect(shortTitle('make -j16', 'web-01')).toBe('make -j16')
  })
})

describe('the fuzzy filter', () => {
  const best = (query: string, texts: string[]) =>
    texts
      .map((text) => ({ text, match: fuzzyMatch(query, text) }))
      .filter(({ match }) => match)
      .sort((a, b) => (b.match?.score ?? 0) - (a.match?.score ?? 0))
      .map(({ text }) => text)

  it('finds letters in order and prefers beginnings of words', () => {
    expect(best('sr', ['Usual text size reset', 'Split right', 'Settings'])[0]).toBe('Split right')
    expect(best('web2', ['Open web-01', 'Open web-02', 'Open db'])).toEqual(['Open web-02'])
  })

  it('finds Chinese by any of its characters', () => {
    expect(best('构建', ['打开 构建机', '打开 数据库'])).toEqual(['打开 构建机'])
    expect(best('拆分', ['向右拆分', '关闭标签页'])).toEqual(['向右拆分'])
  })

  it('ignores case and spaces, and an empty query matches everything', () => {
    expect(fuzzyMatch('SPLIT D', 'Split down')).toBeDefined()
    expect(fuzzyMatch('', 'anything')).toEqual({ score: -0.08, positions: [] })
    expect(fuzzyMatch('zz', 'anything')).toBeUndefined()
  })
})
