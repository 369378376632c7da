import { expect, it } from 'vitest'
import type { FileRow } from '../ipc'
import { arranged, modeText, toRow, typedAhead, type Row, type Sorting } from './rows'

const row = (name: string, kind: FileRow[2] = 'file', size = 0, modified = 0): Row =>
  toRow([name, null, kind, size, modified, 0o644, 0, 0])

const rows = [
  row('b10', 'file', 5, 30),
  row('B9', 'file', 900, 10),
  row('.env'),
  row('zoo', 'folder'),
  row('äpfel', 'file', 1, 20),
  row('link', 'link-folder'),
]

const names = (sorting: Sorting, more: { hidden?: boolean; filter?: string } = {}, of = rows) =>
  arranged(of, { sorting, hidden: false, filter: '', owner: () => '', language: 'en', ...more }).map(({ name }) => name)

it('puts folders first and numbers in names by their value', () => {
  expect(names({ by: 'name', down: false })).toEqual(['link', 'zoo', 'äpfel', 'B9', 'b10'])
  expect(names({ by: 'name', down: true })).toEqual(['zoo', 'link', 'b10', 'B9', 'äpfel'])
  expect(names({ by: 'size', down: true })).toEqual(['link', 'zoo', 'B9', 'b10', 'äpfel'])
  expect(names({ by: 'modified', down: false }).slice(2)).toEqual(['B9', 'äpfel', 'b10'])
})

it('shows what is wanted', () => {
  expect(names({ by: 'name', down: false }, { hidden: true })).toContain('.env')
  expect(names({ by: 'name', down: false }, { filter: ' B' })).toEqual(['B9', 'b10'])
})

it('is quick with 100,000 rows', () => {
  const many = Array.from({ length: 100_000 }, (_, n) => row(`file-${(n * 7919) % 100_000}.log`))
  const began = performance.now()
  const sorted = names({ by: 'name', down: false }, {}, many)
  expect(performance.now() - began).toBeLessThan(2000)
  expect(sorted.slice(9, 11)).toEqual(['file-9.log', 'file-10.log'])
})

it('writes permissions as ls does', () => {
  expect([0o755, 0o640, 0o4755, 0o1777, 0o2644].map(modeText)).toEqual([
    'rwxr-xr-x',
    'rw-r-----',
    'rwsr-xr-x',
    'rwxrwxrwt',
    'rw-r-Sr--',
  ])
})

it('finds a name by its beginning, around the end', () => {
  expect(typedAhead(rows, 'b', 1)).toBe(1)
  expect(typedAhead(rows, 'b', 2)).toBe(0)
  expect(typedAhead(rows, 'nothing', 0)).toBe(-1)
})
