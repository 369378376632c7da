/** Two panes of files: opened, copied between by key and by drag, kept over a reload; root's files are framed. */
import type { Locator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium } from './chromium'
import { openHost, prompt } from './workspace-page'

const { open } = useChromium()

const side = (page: Page, which: 'Left' | 'Right'): Locator => page.getByRole('region', { name: `${which} side`, exact: true })
const list = (at: Locator): Locator => at.getByRole('grid', { name: 'Files' })
const rows = (at: Locator, n: number) =>
  expect.poll(() => list(at).getAttribute('aria-rowcount'), { timeout: 4000 }).toBe(String(n + 1))
const requests = (page: Page) => page.evaluate(() => window.bowline?.controls.jobs.requests ?? [])

async function openPanes(): Promise<Page> {
  const page = await open({ query: { hosts: 'few' } })
  await openHost(page, 'web-01')
  await prompt(page)
  await page.keyboard.press('Control+Shift+F6')
  await rows(side(page, 'Left'), 13)
  await rows(side(page, 'Right'), 13)
  return page
}

describe('two panes', () => {
  it('show this computer and the host of the terminal, each with a name of its own', async () => {
    const page = await openPanes()
    expect(await page.getByRole('tab').last().textContent()).toContain('web-01')
    await expect.poll(() => list(side(page, 'Right')).evaluate((grid) => grid === document.activeElement)).toBe(true)
    await expectAccessible(page)
  })

  it('copy and move to the other side by a key, and Tab changes the side', async () => {
    const page = await openPanes()
    await list(side(page, 'Right')).getByRole('row', { name: 'notes.txt' }).click()
    await page.keyboard.press('F5')
    await expect.poll(async () => (await requests(page)).length).toBe(1)
    const [copied] = await requests(page)
    expect(copied).toMatchObject({
      sources: [{ at: 'host', path: '/home/ada/notes.txt' }],
      target: { at: 'here', path: '/home/ada' },
      removeSources: false,
    })
    await page.keyboard.press('Tab')
    await expect.poll(() => list(side(page, 'Left')).evaluate((grid) => grid === document.activeElement)).toBe(true)
    await list(side(page, 'Left')).getByRole('row', { name: 'run.sh' }).click()
    await page.keyboard.press('F6')
    await expect.poll(async () => (await requests(page)).length).toBe(2)
    expect((await requests(page))[1]).toMatchObject({
      sources: [{ at: 'here', path: '/home/ada/run.sh' }],
      target: { at: 'host', path: '/home/ada' },
      removeSources: true,
    })
    // Out of the list by the keyboard: Tab alone stays between the lists.
    await page.keyboard.press('Shift+Tab')
    expect(await page.evaluate(() => document.activeElement?.role)).not.toBe('grid')
  })

  it('copy what is dragged onto a folder of the other side', async () => {
    const page = await openPanes()
    const target = list(side(page, 'Left')).getByRole('row', { name: 'projects' })
    await list(side(page, 'Right')).getByRole('row', { name: 'notes.txt' }).dragTo(target)
    await expect.poll(async () => (await requests(page)).length).toBe(1)
    expect((await requests(page))[0]).toMatchObject({ target: { at: 'here', path: '/home/ada/projects' } })
  })

  it('say that files are seen as root, for as long as they are', async () => {
    const page = await openPanes()
    const right = side(page, 'Right')
    await right.getByRole('button', { name: 'Open as root (sudo)' }).click()
    await expect.poll(() => right.getByText('As root on web-01').count()).toBe(1)
    await expectAccessible(page)
    await right.getByRole('button', { name: 'Open as root (sudo)' }).click()
    await expect.poll(() => right.getByText('As root on web-01').count()).toBe(0)
    // This computer has no such button.
    expect(await side(page, 'Left').getByRole('button', { name: 'Open as root (sudo)' }).count()).toBe(0)
  })

  it('move what is deleted on this computer to its trash, and are closed by their key', async () => {
    const page = await openPanes()
    const left = side(page, 'Left')
    await list(left).getByRole('row', { name: 'notes.txt' }).click()
    await page.keyboard.press('Delete')
    const dialog = page.getByRole('alertdialog')
    await dialog.getByRole('checkbox', { name: 'Move to the trash of this computer instead' }).check()
    await dialog.getByRole('button', { name: 'Move to trash' }).click()
    await rows(left, 12)
    await list(left).focus()
    await page.keyboard.press('Control+Shift+W')
    await expect.poll(() => page.getByRole('tab', { name: /⇄/ }).count()).toBe(0)
  })

  it('are kept with the workspace, without the rights of root', async () => {
    const page = await openPanes()
    await side(page, 'Right').getByRole('button', { name: 'Open as root (sudo)' }).click()
    await list(side(page, 'Left')).getByRole('row', { name: 'logs' }).dblclick()
    const kept = () => page.evaluate(() => (window.bowline?.controls.workspace() as { panes?: unknown } | null)?.panes)
    await expect.poll(kept, { timeout: 4000 }).toMatchObject([
      {
        sides: [
          { place: 'local', path: '/home/ada/logs' },
          { place: expect.not.stringContaining('sudo') as string, path: '/home/ada' },
        ],
        share: 0.5,
      },
    ])
  })

  it('have this computer in the drawer too, beside a local shell', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await page.keyboard.press('Control+Shift+Alt+M')
    await expect.poll(() => page.getByRole('tab').count()).toBe(1)
    await page.keyboard.press('Control+Shift+Alt+F')
    await rows(page.getByRole('complementary'), 13)
    await page.getByRole('button', { name: 'Open in two panes' }).click()
    await rows(side(page, 'Right'), 13)
  })

  it('share their width by the keyboard', async () => {
    const page = await openPanes()
    const edge = page.getByRole('separator', { name: 'Width of the two sides' })
    await edge.focus()
    await page.keyboard.press('ArrowLeft')
    expect(await edge.getAttribute('aria-valuenow')).toBe('45')
  })
})
