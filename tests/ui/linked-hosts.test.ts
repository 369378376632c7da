/** Hosts of ssh_config in the sidebar, and what of ssh_config is not used. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { ConfigNotes } from '../../ui/src/ipc'
import { expectAccessible, useChromium } from './chromium'

const { open } = useChromium()

const query = { hosts: 'few', linked: 'some' }
const row = (page: Page, name: string | RegExp) => page.getByRole('treeitem', { name })
const notice = (page: Page) => page.getByRole('region', { name: 'Notices' })

describe('a linked host', () => {
  it('stands below the saved ones, in the group of its file, and says where it is from', async () => {
    const page = await open({ query })
    await row(page, 'bastion, from ~/.ssh/config, not connected').waitFor()
    const groups = page.getByRole('treeitem', { expanded: true })
    expect(await groups.evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')))).toEqual([
      'On this computer, one host',
      'Build, 2 hosts',
      'Lab, 4 hosts',
      'Production, 4 hosts',
      '~/.ssh/config, 2 hosts',
      '~/.ssh/config.d/lab, one host',
    ])
    const mark = row(page, /^backup/).locator('[aria-label="from ~/.ssh/config"]')
    expect(await mark.getAttribute('title')).toBe('~/.ssh/config, line 12')
    await expectAccessible(page)
  })

  it('is found, opened and disconnected as any other', async () => {
    const page = await open({ query })
    await page.keyboard.press('Control+k')
    await page.keyboard.type('bast')
    await page.keyboard.press('Enter')
    await page.getByRole('tab', { name: /bastion/ }).waitFor()
    await row(page, /^bastion, from ~\/\.ssh\/config, connected/).waitFor()
    await row(page, /^bastion/).click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Disconnect' }).click()
    await row(page, /^bastion.*not connected/).waitFor()
  })

  it('is neither edited nor deleted here, but can be saved as a copy', async () => {
    const page = await open({ query })
    await row(page, /^bastion/).click({ button: 'right' })
    const items = await page.getByRole('menuitem').allTextContents()
    expect(items.map((text) => text.replace(/(Enter|Ctrl Enter)$/, ''))).toEqual([
      'Open',
      'Open in a new tab',
      'Open in a split',
      'Pipe from here…',
      'Run a command…',
      'Save a copy…',
      'Install my key…',
    ])
    await page.getByRole('menuitem', { name: 'Save a copy…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Import one host' }).click()
    await row(page, 'bastion, not connected').waitFor()
    expect(await row(page, /^bastion, from/).count()).toBe(1)

    await page.getByRole('tree').focus()
    await page.keyboard.press('End')
    await page.keyboard.press('F2')
    await page.keyboard.press('Delete')
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0)
    await row(page, /^lab-07/).waitFor()
  })

  it('leaves the first run what it is', async () => {
    const page = await open({ query: { linked: 'some' } })
    await row(page, /^bastion/).waitFor()
    await page.getByRole('button', { name: 'Import 3 hosts' }).waitFor()
  })
})

describe('what of ssh_config is not used', () => {
  const NOTES: ConfigNotes = {
    hostId: 'config:bastion',
    notes: [
      { keyword: 'LocalForward', value: '8080 localhost:80', place: '~/.ssh/config, line 7', kind: 'unsupported' },
      { keyword: 'Match', value: 'exec "test -e /tmp/x"', place: '~/.ssh/config, line 9', kind: 'declined' },
      { keyword: null, value: 'unknown option "Prot"', place: '~/.ssh/config, line 11', kind: 'problem' },
    ],
  }
  const tell = (page: Page, notes: ConfigNotes) =>
    page.evaluate((data) => window.bowline?.controls.emit({ type: 'config-notes', data }), notes)

  it('is said once, with what, where and why for those who ask', async () => {
    const page = await open({ query })
    await tell(page, NOTES)
    await notice(page).getByText('3 lines of your ssh config are not used for bastion.').waitFor()
    await expectAccessible(page)
    await notice(page).getByRole('button', { name: 'Details' }).click()
    const dialog = page.getByRole('dialog', { name: 'Not used for bastion' })
    await dialog.getByRole('listitem').nth(2).waitFor()
    expect(await dialog.getByRole('listitem').first().locator('p').allTextContents()).toEqual([
      'LocalForward 8080 localhost:80',
      'Bowline does not do this.',
      '~/.ssh/config, line 7',
    ])
    await expectAccessible(page)
    await page.keyboard.press('Escape')
    await notice(page).getByRole('button', { name: 'Dismiss' }).click()
    await notice(page).waitFor({ state: 'detached' })

    // Not again after a restart, unless it is something else.
    const read = () => page.evaluate(() => JSON.parse(localStorage['bowline-preferences'] as string) as Record<string, unknown>)
    await expect.poll(async () => (await read())['readConfigNotes']).toHaveLength(3)
    await page.reload()
    await row(page, /^bastion/).waitFor()
    await tell(page, NOTES)
    expect(await notice(page).count()).toBe(0)
    // Nor for another host that the same lines count for.
    await tell(page, { ...NOTES, hostId: 'config:lab-07', notes: NOTES.notes.slice(0, 1) })
    expect(await notice(page).count()).toBe(0)
    const other = { ...NOTES.notes[0]!, value: '9090 localhost:90' }
    await tell(page, { ...NOTES, notes: [other] })
    await notice(page).getByText('One line of your ssh config is not used for bastion.').waitFor()
  })

  it('is said in Chinese', async () => {
    const page = await open({ query, language: 'zh-CN' })
    await tell(page, NOTES)
    await page.getByText('ssh 配置中有 3 行对 bastion 未生效。').waitFor()
    await page.getByRole('button', { name: '详情' }).click()
    await page.getByText('您没有允许运行其中的命令。').waitFor()
    await expectAccessible(page)
  })
})
