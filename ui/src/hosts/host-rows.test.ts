import { expect, it } from 'vitest'
import type { Host } from '../ipc'
import { BUILTIN_GROUP, rowId, rowsOf } from './host-rows'

function host(id: string, more: Partial<Host> = {}): Host {
  const bare: Host = {
    id,
    builtin: false,
    hasPassword: false,
    linked: null,
    label: id,
    group: '',
    address: `${id}.example.net`,
    port: 22,
    user: '',
    auth: 'automatic',
    keyPath: '',
  }
  return { ...bare, ...more }
}

const HOSTS = [
  host('loose'),
  host('arm', { group: 'Build', user: 'ci' }),
  host('web', { group: 'Production' }),
  host('数据库', { group: 'Production' }),
  host('own', { builtin: true }),
  host('jump', { group: 'Build', linked: { path: 'Build', line: 3 } }),
]
const rows = (search = '', folded: string[] = []) => rowsOf(HOSTS, search, folded, (one) => one.label).map(rowId)

it('lists the built-in host first, then the groups, then hosts without one', () => {
  expect(rows()).toEqual([
    `group ${BUILTIN_GROUP}`,
    'host own',
    'group Build',
    'host arm',
    'group Production',
    'host web',
    'host 数据库',
    'group ',
    'host loose',
    'group \u0000linked Build',
    'host jump',
  ])
})

it('leaves only the header of a folded group', () => {
  expect(rows('', ['Production', 'Build']).slice(2, 4)).toEqual(['group Build', 'group Production'])
})

it('finds by name, address, user and group, and looks into folded groups', () => {
  expect(rows('数据')).toEqual(['group Production', 'host 数据库'])
  expect(rows('CI build', ['Build'])).toEqual(['group Build', 'host arm'])
  expect(rows('web.example')).toEqual(['group Production', 'host web'])
  expect(rows('web build')).toEqual([])
})

it('counts positions within a group, as a screen reader says them', () => {
  const last = rowsOf(HOSTS, '', [], (one) => one.label).find((row) => rowId(row) === 'host 数据库')
  expect(last).toMatchObject({ position: 2, size: 2 })
})
