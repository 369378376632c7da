/** The dialog that syncs a folder, in Chromium over the fake engine. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium, type PageOptions } from './chromium'
import { openHost, prompt } from './workspace-page'

const { open } = useChromium()

const dialog = (page: Page) => page.getByRole('dialog', { name: 'Sync a folder' })
const requests = (page: Page) => page.evaluate(() => window.bowline?.controls.jobs.requests)
const button = (page: Page, name: string) => dialog(page).getByRole('button', { name, exact: true })
const list = (page: Page) => dialog(page).getByRole('region', { name: /^What would be done/ })

/** With web-01 as the target, by the key. */
async function openDialog(options: PageOptions = {}): Promise<Page> {
  const page = await open({ query: { hosts: 'few' }, ...options })
  await openHost(page, 'web-01')
  await prompt(page)
  await page.keyboard.press('Control+Shift+F5')
  await dialog(page).waitFor()
  return page
}

async function fill(page: Page, source = '/home/ada/site', target = '/srv/www'): Promise<void> {
  await dialog(page).getByRole('combobox', { name: 'Source: folder' }).fill(source)
  await dialog(page).getByRole('combobox', { name: 'Target: folder' }).fill(target)
}

describe('a sync', () => {
  it.each(['dark', 'light'] as const)('shows what it would do and does it then, %s', async (theme) => {
    const page = await openDialog({ theme })
    expect(await button(page, 'Preview').isDisabled()).toBe(true)
    await fill(page)
    await dialog(page).getByLabel('Leave out').fill('*.log\n\n/cache')
    await expectAccessible(page)
    await page.keyboard.press('Tab')
    await button(page, 'Preview').click()
    await dialog(page).getByRole('button', { name: '5,000 new files' }).waitFor()
    await expectAccessible(page)
    expect(await requests(page)).toEqual([])
    await button(page, 'Sync').click()
    await dialog(page).waitFor({ state: 'detached' })
    expect(await requests(page)).toMatchObject([
      {
        sources: [{ at: 'here', path: '/home/ada/site' }],
        target: { at: 'host', path: '/srv/www' },
        removeSources: false,
        sync: { delete: false, deleteMost: 0, exclude: ['*.log', '/cache'], leave: [], watch: false },
      },
    ])
    const tray = page.getByRole('region', { name: 'Transfers', exact: true })
    await tray.getByText('Sync of site').first().waitFor()
    await tray.getByText('/home/ada/site → web-01:/srv/www').waitFor()
  })

  it('deletes only what a person has agreed to', async () => {
    const page = await openDialog()
    await fill(page)
    await dialog(page).getByLabel('Delete from the target').check()
    await button(page, 'Preview').click()
    const agree = dialog(page).getByLabel('Yes, delete 12 things from the target')
    await agree.waitFor()
    expect(await button(page, 'Sync').isDisabled()).toBe(true)
    await agree.check()
    // What was agreed to is of what was seen.
    await dialog(page).getByLabel('Compare the bytes').check()
    await agree.waitFor({ state: 'detached' })
    await button(page, 'Preview').click()
    await agree.waitFor()
    expect(await agree.isChecked()).toBe(false)
    await agree.check()
    await button(page, 'Sync').click()
    await dialog(page).waitFor({ state: 'detached' })
    expect(await requests(page)).toMatchObject([{ sync: { delete: true, deleteMost: 12, deleteMany: false, checksum: true } }])
  })

  it('agrees to no more than is still to be deleted', async () => {
    const page = await openDialog()
    await page.evaluate(() => void Object.assign(window.bowline?.controls.syncs ?? {}, { deletes: 3, entries: 5 }))
    await fill(page)
    await dialog(page).getByLabel('Delete from the target').check()
    await button(page, 'Preview').click()
    await dialog(page).getByLabel('Yes, delete 3 things, more than half of the target').check()
    await dialog(page)
      .getByRole('button', { name: /to delete/ })
      .click()
    const one = list(page).getByLabel('Do this: old/page-1.html')
    await one.uncheck()
    const two = dialog(page).getByLabel('Yes, delete 2 things from the target')
    await two.waitFor()
    expect(await two.isChecked()).toBe(true)
    // More than was agreed to has to be agreed to again.
    await one.check()
    expect(await dialog(page).getByLabel('Yes, delete 3 things').isChecked()).toBe(false)
    await one.uncheck()
    await two.check()
    await button(page, 'Sync').click()
    await dialog(page).waitFor({ state: 'detached' })
    expect(await requests(page)).toMatchObject([{ sync: { deleteMany: false, deleteMost: 2, leave: ['old/page-1.html'] } }])
  })

  it('says when more than half would go', async () => {
    const page = await openDialog()
    await page.evaluate(() => void Object.assign(window.bowline?.controls.syncs ?? {}, { entries: 20 }))
    await fill(page)
    await dialog(page).getByLabel('Delete from the target').check()
    await button(page, 'Preview').click()
    await dialog(page).getByLabel('Yes, delete 12 things, more than half of the target').check()
    await expectAccessible(page)
    await button(page, 'Sync').click()
    await dialog(page).waitFor({ state: 'detached' })
    expect(await requests(page)).toMatchObject([{ sync: { deleteMany: true, deleteMost: 12 } }])
  })

  it('lists thousands of rows, filters them and leaves single ones out', async () => {
    const page = await openDialog()
    await fill(page)
    await button(page, 'Preview').click()
    await list(page).getByText('assets/image-0.webp').waitFor()
    expect(await list(page).getByRole('listitem').count()).toBeLessThan(60)
    await list(page).evaluate((element) => element.scrollTo(0, element.scrollHeight))
    await list(page).getByText('run/socket', { exact: true }).waitFor()
    expect(await list(page).getByLabel('Do this: run/socket').isDisabled()).toBe(true)
    await dialog(page)
      .getByRole('button', { name: /changed file/ })
      .click()
    await expect.poll(() => list(page).getByRole('listitem').count()).toBe(1)
    expect(await list(page).textContent()).toContain('3.9 kB → 4.2 kB')
    await list(page).getByLabel('Do this: index.html').uncheck()
    await button(page, 'Sync').click()
    await dialog(page).waitFor({ state: 'detached' })
    expect(await requests(page)).toMatchObject([{ sync: { leave: ['index.html'] } }])
  })

  it('goes on, and is a row in the tray that can be paused and stopped', async () => {
    const page = await openDialog()
    await fill(page)
    await dialog(page).getByLabel('Go on').check()
    await button(page, 'Preview').click()
    await button(page, 'Sync and go on').click()
    const tray = page.getByRole('region', { name: 'Transfers', exact: true })
    await tray.getByRole('listitem').getByText('watching for changes').waitFor({ timeout: 8000 })
    await expectAccessible(page)
    await tray.getByRole('button', { name: 'Pause: Sync of site' }).click()
    await tray.getByRole('button', { name: 'Cancel: Sync of site' }).waitFor()
    expect(await page.evaluate(() => window.bowline?.controls.jobs.orders.at(-1)?.order)).toBe('pause')
  })

  it('is kept under a name, which the palette runs again with a look at it first', async () => {
    const page = await openDialog()
    await fill(page)
    await dialog(page).getByText('Save this sync').click()
    await dialog(page).getByRole('textbox', { name: 'Name' }).fill('website')
    await button(page, 'Save').click()
    await dialog(page).getByText('Saved as website').waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('Control+Shift+P')
    await page.keyboard.type('sync website')
    await page.getByRole('option', { name: /Sync: website/ }).click()
    await dialog(page).waitFor()
    expect(await dialog(page).getByRole('combobox', { name: 'Source: folder' }).inputValue()).toBe('/home/ada/site')
    expect(await requests(page)).toEqual([])
  })

  it('turns around, and tells why a comparison failed, in Chinese too', async () => {
    const page = await openDialog()
    await fill(page, '/missing')
    await button(page, 'Preview').click()
    await dialog(page).getByText('/missing was not synced').waitFor()
    await dialog(page).getByRole('button', { name: /Swap/ }).click()
    expect(await dialog(page).getByRole('combobox', { name: 'Target: folder' }).inputValue()).toBe('/missing')
    expect(
      await dialog(page)
        .getByRole('combobox', { name: 'Source: where' })
        .evaluate((one: HTMLSelectElement) => one.value),
    ).not.toBe('')
  })
})
