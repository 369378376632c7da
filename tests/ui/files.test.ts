/** The files panel: browsing, choosing, naming, deleting, permissions, preview; by mouse and by keyboard. */
import type { Locator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium, type PageOptions } from './chromium'
import { openHost, prompt } from './workspace-page'

const { open } = useChromium()

async function openPanel(options: PageOptions = {}): Promise<Page> {
  const page = await open({ query: { hosts: 'few' }, ...options })
  await openHost(page, 'web-01')
  await prompt(page)
  await page.keyboard.press('Control+Shift+Alt+F')
  await rowCount(page, 13)
  return page
}

const list = (page: Page): Locator => page.getByRole('grid', { name: 'Files' })
const row = (page: Page, name: string): Locator => list(page).getByRole('row', { name, exact: false })
const rowCount = (page: Page, n: number) =>
  expect.poll(() => list(page).getAttribute('aria-rowcount'), { timeout: 4000 }).toBe(String(n + 1))
const names = (page: Page) => list(page).locator('.row .name .text').allTextContents()
const chosen = (page: Page) => list(page).locator('.row.chosen .name .text').allTextContents()
const files = (page: Page, change: { failure?: unknown; delayMs?: number }) =>
  page.evaluate((to) => void Object.assign(window.bowline?.controls.files ?? {}, to), change)
const path = (page: Page) =>
  page.getByRole('navigation', { name: 'Folders above' }).getByRole('button').last().getAttribute('title')

describe('browsing', () => {
  it('shows folders first, and names of a hostile server escaped', async () => {
    const page = await openPanel()
    const shown = await names(page)
    expect(shown.slice(0, 4)).toEqual(['empty', 'logs', 'projects', 'releases'])
    expect(shown).toContain('caf\\xe9')
    expect(shown).toContain('txt.\\u{202e}gpj.exe')
    expect(shown).not.toContain('.profile')
    expect(await row(page, 'site-bundle').textContent()).toContain('1.2 GB')
    await expectAccessible(page)
  })

  it('goes into folders and back, by mouse and by keys', async () => {
    const page = await openPanel()
    await row(page, 'logs').dblclick()
    await rowCount(page, 2)
    expect(await path(page)).toBe('/home/ada/logs')
    await list(page).focus()
    await page.keyboard.press('Backspace')
    await rowCount(page, 13)
    expect(await chosen(page)).toEqual(['logs'])
    await page.keyboard.press('ArrowDown')
    expect(await chosen(page)).toEqual(['projects'])
    await page.keyboard.press('Enter')
    await rowCount(page, 2)
    await page.keyboard.press('Alt+ArrowLeft')
    await rowCount(page, 13)
    await page.keyboard.press('Alt+ArrowRight')
    await expect.poll(() => path(page)).toBe('/home/ada/projects')
    await page.getByRole('button', { name: 'ada', exact: true }).click()
    await rowCount(page, 13)
  })

  it('asks for a path when that is what opens the drawer', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await openHost(page, 'web-01')
    await prompt(page)
    await page.keyboard.press('Control+Shift+Alt+G')
    await page.getByRole('combobox', { name: 'Path' }).fill('/etc')
    await page.keyboard.press('Enter')
    await rowCount(page, 2)
    await page.getByText('1 name cannot be used').waitFor()
  })

  it('completes a path that is typed', async () => {
    const page = await openPanel()
    await page.getByRole('navigation', { name: 'Folders above' }).getByRole('button').last().click()
    const field = page.getByRole('combobox', { name: 'Path' })
    await field.fill('/home/ada/p')
    await page.getByRole('option', { name: '/home/ada/projects' }).waitFor()
    await field.press('Tab')
    await expect.poll(() => field.inputValue()).toBe('/home/ada/projects/')
    await page.getByRole('option', { name: 'bowline' }).waitFor()
    await expectAccessible(page)
    await field.press('ArrowDown')
    await field.press('Enter')
    await rowCount(page, 0)
    await page.getByText('This folder is empty.').waitFor()
  })

  it('opens the folder of a file whose path is typed, and chooses it', async () => {
    const page = await openPanel()
    await list(page).focus()
    await page.keyboard.press('Control+L')
    await page.getByRole('combobox', { name: 'Path' }).fill('/home/ada/logs/error.log')
    await page.keyboard.press('Enter')
    await rowCount(page, 2)
    await expect.poll(() => chosen(page)).toEqual(['error.log'])
  })

  it('leaves the preview to give way in a short window, and a reason in the list within it', async () => {
    const page = await openPanel({ size: { width: 1000, height: 420 } })
    await row(page, 'nginx.conf').dblclick()
    const preview = page.getByRole('region', { name: 'Preview' })
    await preview.waitFor()
    await list(page).focus()
    await page.keyboard.press('Control+L')
    await page.getByRole('combobox', { name: 'Path' }).fill('/secret')
    await page.keyboard.press('Enter')
    await page.getByText('/secret on web-01 could not be used').waitFor()
    const bottom = await page.locator('.files .state').evaluate((state) => state.getBoundingClientRect().bottom)
    const top = await preview.evaluate((pane) => pane.getBoundingClientRect().top)
    expect(bottom).toBeLessThanOrEqual(top)
    expect(await list(page).evaluate((grid) => grid.clientHeight)).toBeGreaterThan(140)
  })

  it('says why a folder cannot be shown, and shows it when it can be', async () => {
    const page = await openPanel()
    const to = async (where: string) => {
      await page.getByRole('navigation', { name: 'Folders above' }).getByRole('button').last().click()
      await page.getByRole('combobox', { name: 'Path' }).fill(where)
      await page.keyboard.press('Enter')
    }
    await to('/secret')
    await page.getByText('/secret on web-01 could not be used: permission denied.').waitFor()
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Home folder' }).click()
    await rowCount(page, 13)
  })

  it('says that it loads only when that takes a while', async () => {
    const page = await openPanel()
    await files(page, { delayMs: 600 })
    await row(page, 'logs').dblclick()
    expect(await page.getByText('Loading…').count()).toBe(0)
    await page.locator('.turning').waitFor()
    await rowCount(page, 2)
    expect(await page.locator('.turning').count()).toBe(0)
  })

  it('waits for a connection that is lost, keeps what it showed, and reads the folder when it is back', async () => {
    const page = await openPanel()
    const failure = { code: 'connection-lost', action: 'retry', message: 'lost', params: { address: 'web-01', cause: 'reset' } }
    await files(page, { failure })
    await page.evaluate((problem) => window.bowline?.controls.lose('web-01', problem as never, 60_000), failure)
    await page.getByRole('button', { name: 'Reload' }).click()
    await page.getByText('Waits for the connection to web-01.').waitFor()
    expect((await names(page)).length).toBe(13)
    await expectAccessible(page)
    await files(page, { failure: null })
    await page.evaluate(() => window.bowline?.controls.heal('web-01'))
    await page.getByRole('complementary').getByRole('button', { name: 'Try now' }).click()
    await expect.poll(() => page.getByText('Waits for the connection to web-01.').count(), { timeout: 6000 }).toBe(0)
    await rowCount(page, 13)
  })
})

describe('a folder of 100,000', () => {
  it('is there at once, scrolls, sorts and filters', async () => {
    const page = await openPanel()
    await page.keyboard.press('Control+Shift+Alt+G')
    await page.getByRole('combobox', { name: 'Path' }).fill('/big')
    await page.keyboard.press('Enter')
    await rowCount(page, 100_000)
    expect((await names(page)).slice(0, 3)).toEqual(['file-0.log', 'file-1.log', 'file-2.log'])
    await list(page).focus()
    await page.keyboard.press('End')
    await row(page, 'file-99999.log').waitFor()
    expect(await list(page).locator('.row[role="row"]').count()).toBeLessThan(80)
    await page.keyboard.press('Home')
    await page.keyboard.type('file-4242.')
    await expect.poll(() => chosen(page)).toEqual(['file-4242.log'])
    await page.getByRole('searchbox', { name: 'Filter' }).fill('777.log')
    await rowCount(page, 100)
    await page.getByRole('columnheader', { name: 'Size' }).getByRole('button').click()
    await expect.poll(() => names(page).then(([first]) => first)).toBe('file-99777.log')
  })
})

describe('choosing', () => {
  it('works with Shift and Ctrl, with keys, and says how much that is', async () => {
    const page = await openPanel()
    await row(page, 'chart.png').click()
    await row(page, 'notes.txt').click({ modifiers: ['Shift'] })
    expect((await chosen(page)).length).toBeGreaterThan(2)
    await row(page, 'chart.png').click()
    await row(page, 'run.sh').click({ modifiers: ['Control'] })
    expect((await chosen(page)).toSorted()).toEqual(['chart.png', 'run.sh'])
    await page.getByText('2 of 13 items, 868 B').waitFor()
    await list(page).focus()
    await page.keyboard.press('Control+A')
    expect((await chosen(page)).length).toBe(13)
    await page.keyboard.press('Escape')
    expect(await chosen(page)).toEqual([])
    await page.keyboard.press('Home')
    await page.keyboard.press('Shift+ArrowDown')
    await page.keyboard.press('Shift+ArrowDown')
    expect((await chosen(page)).length).toBe(3)
  })

  it('marks rows and folders for those who drop, and gives a drag what is chosen', async () => {
    const page = await openPanel()
    expect(await row(page, 'logs').getAttribute('data-drop-path')).toBe('/home/ada/logs')
    expect(await row(page, 'run.sh').getAttribute('data-drop-path')).toBeNull()
    expect(await list(page).getAttribute('data-drop-host')).toBe('web-01')
    await row(page, 'run.sh').click()
    const dragged = await row(page, 'run.sh').evaluate((element) => {
      const data = new DataTransfer()
      element.dispatchEvent(new DragEvent('dragstart', { dataTransfer: data, bubbles: true }))
      return data.getData('application/x-bowline-files')
    })
    expect(JSON.parse(dragged)).toEqual({ hostId: 'web-01', paths: ['/home/ada/run.sh'] })
  })
})

/** Where the next key goes. */
const inList = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('role') === 'grid')

describe('the keyboard', () => {
  it('goes on in the list after the path, a menu, a dialog and a filter', async () => {
    const page = await openPanel()
    await list(page).focus()
    await page.keyboard.press('Control+L')
    await page.getByRole('combobox', { name: 'Path' }).fill('/home/ada/logs')
    await page.keyboard.press('Enter')
    await rowCount(page, 2)
    expect(await inList(page)).toBe(true)
    await page.keyboard.press('Home')
    await page.keyboard.press('Shift+F10')
    await page.getByRole('menu').waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => inList(page)).toBe(true)
    await row(page, 'error.log').click({ button: 'right' })
    await page.getByRole('menu').waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => inList(page)).toBe(true)
    for (const what of ['Permissions…', 'Properties…', 'Delete…']) {
      await row(page, 'error.log').click({ button: 'right' })
      await page.getByRole('menuitem', { name: what }).click()
      await page.getByRole(what === 'Delete…' ? 'alertdialog' : 'dialog').waitFor()
      await page.keyboard.press('Escape')
      await expect.poll(() => inList(page)).toBe(true)
    }
    await page.getByRole('searchbox', { name: 'Filter' }).fill('nothing is called so')
    await page.getByRole('button', { name: 'Clear the filter' }).click()
    await expect.poll(() => inList(page)).toBe(true)
  })

  it('chooses nothing at the first Escape, and closes the drawer at the second', async () => {
    const page = await openPanel()
    await row(page, 'run.sh').click()
    await page.keyboard.press('Escape')
    expect(await chosen(page)).toEqual([])
    await page.keyboard.press('Escape')
    await expect.poll(() => list(page).count()).toBe(0)
  })

  it('stays in the field of a name that is taken', async () => {
    const page = await openPanel()
    await row(page, 'run.sh').click()
    await page.keyboard.press('F2')
    const field = page.getByRole('textbox', { name: 'New name of run.sh' })
    await field.fill('logs')
    await page.keyboard.press('Enter')
    await page.getByText('/home/ada/logs is taken on web-01').waitFor()
    await page.keyboard.press('Control+A')
    await page.keyboard.type('start.sh')
    await page.keyboard.press('Enter')
    await row(page, 'start.sh').waitFor()
    expect(await inList(page)).toBe(true)
  })

  it('goes on beside what was deleted', async () => {
    const page = await openPanel()
    await row(page, 'notes.txt').click()
    await list(page).focus()
    const [before, after] = await names(page).then((all) => [
      all[all.indexOf('notes.txt') - 1],
      all[all.indexOf('notes.txt') + 1],
    ])
    await page.keyboard.press('Delete')
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await rowCount(page, 12)
    await expect.poll(() => chosen(page)).toEqual([after])
    await expect.poll(() => inList(page)).toBe(true)
    await page.keyboard.press('ArrowUp')
    expect(await chosen(page)).toEqual([before])
  })
})

describe('changing', () => {
  it('offers to delete for good what the trash did not take, and says why', async () => {
    const page = await openPanel()
    await row(page, 'chart.png').click()
    await list(page).focus()
    await page.keyboard.press('Delete')
    const dialog = page.getByRole('alertdialog', { name: 'Delete chart.png?' })
    await dialog.getByRole('checkbox').check()
    await dialog.getByRole('button', { name: 'Move to trash' }).click()
    await page.getByText('it lies on another disk').waitFor()
    await page.getByRole('button', { name: 'Delete for good…' }).click()
    await dialog.getByText('It is deleted on web-01 for good.').waitFor()
    await dialog.getByRole('button', { name: 'Delete', exact: true }).click()
    await rowCount(page, 12)
  })

  it('makes, renames in place and refuses what is no name', async () => {
    const page = await openPanel()
    await page.getByRole('button', { name: 'New folder' }).click()
    const field = page.getByRole('textbox', { name: 'Name of the new folder' })
    await field.fill('a/b')
    await field.press('Enter')
    await page.getByText('A name has no “/”.').waitFor()
    await field.fill('drafts')
    await field.press('Enter')
    await rowCount(page, 14)
    expect(await chosen(page)).toEqual(['drafts'])
    await page.keyboard.press('F2')
    const renaming = page.getByRole('textbox', { name: 'New name of drafts' })
    await renaming.fill('papers')
    await expectAccessible(page)
    await renaming.press('Enter')
    await row(page, 'papers').waitFor()
    await page.keyboard.press('F2')
    await page.getByRole('textbox', { name: 'New name of papers' }).fill('logs')
    await page.keyboard.press('Enter')
    await page.getByText('there is something of that name already').waitFor()
  })

  it('asks before it deletes, by number and names, and says what did not work', async () => {
    const page = await openPanel()
    await row(page, 'nginx.conf').click()
    await row(page, 'run.sh').click({ modifiers: ['Control'] })
    await list(page).focus()
    await page.keyboard.press('Delete')
    const dialog = page.getByRole('alertdialog', { name: 'Delete 2 items?' })
    await dialog.getByText('run.sh').waitFor()
    await expectAccessible(page)
    await page.keyboard.press('Escape')
    await rowCount(page, 13)
    await page.keyboard.press('Delete')
    await dialog.getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByText('It did not work for 1 item.').waitFor()
    await rowCount(page, 12)
    expect(await names(page)).not.toContain('run.sh')
    await page.getByRole('button', { name: 'Dismiss' }).click()
  })

  it('changes permissions bit by bit, and shows them in a column', async () => {
    const page = await openPanel()
    await page.getByRole('button', { name: 'More', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Columns' }).press('ArrowRight')
    await page.getByRole('menuitemcheckbox', { name: 'Permissions' }).click()
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    await row(page, 'run.sh').click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Permissions…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Permissions of run.sh' })
    expect(await dialog.getByRole('textbox', { name: 'Octal' }).inputValue()).toBe('755')
    await dialog.getByRole('checkbox', { name: 'Others: Execute' }).click()
    expect(await dialog.getByRole('textbox', { name: 'Octal' }).inputValue()).toBe('754')
    await expectAccessible(page)
    await dialog.getByRole('button', { name: 'Change' }).click()
    await expect.poll(() => row(page, 'run.sh').textContent()).toContain('rwxr-xr--')
  })
})

describe('what goes through the queue', () => {
  it('copies, moves, uploads and downloads by jobs, and shows what has come', async () => {
    const page = await openPanel()
    const requests = () => page.evaluate(() => window.bowline?.controls.jobs.requests)
    await row(page, 'run.sh').click()
    await page.keyboard.press('Control+C')
    await row(page, 'logs').dblclick()
    await rowCount(page, 2)
    await list(page).focus()
    await page.keyboard.press('Control+V')
    const [one] = (await expect.poll(requests).toHaveLength(1).then(requests)) ?? []
    expect(one).toMatchObject({
      sources: [{ at: 'host', hostId: 'web-01', path: '/home/ada/run.sh' }],
      target: { at: 'host', hostId: 'web-01', path: '/home/ada/logs' },
      removeSources: false,
    })
    await page.getByRole('button', { name: 'Upload files…' }).click()
    await expect.poll(requests).toHaveLength(2)
    await row(page, 'error.log').click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Download to…' }).click()
    await expect.poll(requests).toHaveLength(3)
    expect((await requests())?.[2]).toMatchObject({ target: { at: 'here', path: '/home/ada/Downloads' } })
  })
})

describe('looking', () => {
  it('shows the beginning of a text and a picture, and keeps the pane', async () => {
    const page = await openPanel()
    await row(page, 'nginx.conf').dblclick()
    const pane = page.getByRole('region', { name: 'Preview' })
    await pane.getByText('listen 443 ssl;').waitFor()
    await row(page, 'chart.png').click()
    await pane.getByText('1 × 1').waitFor()
    await row(page, 'site-bundle').click()
    await pane.getByText('This is no text and no picture').waitFor()
    await expectAccessible(page)
    await page.reload()
    await openHost(page, 'web-01')
    await prompt(page)
    await page.keyboard.press('Control+Shift+Alt+F')
    await pane.waitFor()
  })

  it('says what is known of a file and how much room there is', async () => {
    const page = await openPanel()
    await row(page, 'old link').click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Properties…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Properties of old link' })
    await dialog.getByText('nowhere', { exact: true }).waitFor()
    await dialog.getByText('37 GB free of 100 GB').waitFor()
    await expectAccessible(page)
  })

  it('remembers bookmarks', async () => {
    const page = await openPanel()
    await row(page, 'logs').dblclick()
    await rowCount(page, 2)
    await page.getByRole('button', { name: 'Bookmarks' }).click()
    await page.getByRole('menuitem', { name: 'Bookmark this folder' }).click()
    await page.getByRole('button', { name: 'Folder above' }).click()
    await rowCount(page, 13)
    await page.getByRole('button', { name: 'Bookmarks' }).click()
    await page.getByRole('menuitem', { name: '/home/ada/logs' }).click()
    await rowCount(page, 2)
  })

  it("follows the terminal's directory when it is told to", async () => {
    const page = await openPanel()
    const says = (directory: string) =>
      page.evaluate((there) => {
        const data = { id: 1, hostId: 'web-01', directory: there, ended: null }
        window.bowline?.controls.emit({ type: 'shell', data })
      }, directory)
    await says('/home/ada/logs')
    await rowCount(page, 13)
    await page.getByRole('button', { name: "Follow the terminal's directory" }).click()
    await rowCount(page, 2)
    await says('/home/ada/projects')
    await expect.poll(() => path(page)).toBe('/home/ada/projects')
  })

  it('deletes what the question was about, wherever the panel went meanwhile', async () => {
    const page = await openPanel()
    await page.getByRole('button', { name: "Follow the terminal's directory" }).click()
    await row(page, 'run.sh').click()
    await list(page).focus()
    await page.keyboard.press('Delete')
    const dialog = page.getByRole('alertdialog', { name: 'Delete run.sh?' })
    await dialog.waitFor()
    await page.evaluate(() => {
      const data = { id: 1, hostId: 'web-01', directory: '/home/ada/logs', ended: null }
      window.bowline?.controls.emit({ type: 'shell', data })
    })
    // Behind the question nothing has a role.
    await expect.poll(() => page.locator('.files [role="grid"]').getAttribute('aria-rowcount')).toBe('3')
    await dialog.getByRole('button', { name: 'Delete', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    await rowCount(page, 2)
    await page.getByRole('button', { name: 'Folder above' }).click()
    await rowCount(page, 12)
    expect(await names(page)).not.toContain('run.sh')
  })

  it.each(['light', 'dark'] as const)('is accessible in Chinese and %s', async (theme) => {
    const page = await open({ query: { hosts: 'few' }, language: 'zh-CN', theme })
    await openHost(page, 'web-01')
    await prompt(page)
    await page.keyboard.press('Control+Shift+Alt+F')
    await page.getByRole('row', { name: 'site-bundle' }).click()
    await expectAccessible(page)
    if (process.env['BOWLINE_PICTURES']) await page.screenshot({ path: `target/screenshots/files-ui-${theme}.png` })
  })
})
