/** Files that are dropped on terminals and folders, in Chromium over the fake engine. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { FileDrag } from '../../ui/src/ipc'
import { expectAccessible, useChromium, type PageOptions } from './chromium'
import { openHost, prompt, shownTerminal } from './workspace-page'

const { open } = useChromium()

const FILES = ['/home/ada/a b.txt', '/home/ada/c.txt', '/home/ada/d.txt']

async function openTerminal(host: string, options: PageOptions = {}): Promise<Page> {
  const page = await open({ query: { hosts: 'few' }, ...options })
  await openHost(page, host)
  await prompt(page)
  return page
}

const drag = (page: Page, news: FileDrag) => page.evaluate((given) => window.bowline?.controls.dragFiles(given), news)

async function middle(page: Page, selector = '.dv-active-group section.terminal'): Promise<{ x: number; y: number }> {
  const box = await page.locator(selector).boundingBox()
  return { x: (box?.x ?? 0) + (box?.width ?? 0) / 2, y: (box?.y ?? 0) + (box?.height ?? 0) / 2 }
}

const overlay = (page: Page) => page.locator('.frame .card')
const requests = (page: Page) => page.evaluate(() => window.bowline?.controls.jobs.requests)
const toHost = (hostId: string, path: string) => ({ at: 'host', hostId, path })
const here = (path: string) => ({ at: 'here', path })

/** A folder as the files panel has them. */
const addFolder = (page: Page, hostId: string, path: string) =>
  page.evaluate(
    ([host = '', folder = '']) => {
      const row = document.createElement('div')
      row.id = 'folder'
      row.draggable = true
      row.dataset['dropHost'] = host
      row.dataset['dropPath'] = folder
      row.textContent = folder
      row.style.cssText = 'position:fixed;left:20px;top:300px;width:200px;height:26px;z-index:9;background:teal'
      row.addEventListener('dragstart', (event) =>
        event.dataTransfer?.setData('application/x-bowline-files', JSON.stringify({ hostId: host, paths: [`${folder}/x.log`] })),
      )
      document.body.append(row)
    },
    [hostId, path],
  )

describe('files of the desktop', () => {
  it.each(['dark', 'light'] as const)('go to the directory of the terminal that they are dropped on, %s', async (theme) => {
    const page = await openTerminal('web-01', { theme })
    await page.evaluate(() => window.bowline?.controls.directories.set(1, '/srv/www'))
    const at = await middle(page)
    await drag(page, { phase: 'enter', paths: FILES, ...at })
    await overlay(page).getByText('Copy 3 items to').waitFor()
    await overlay(page).getByText('web-01:/srv/www').waitFor()
    await expectAccessible(page)
    await drag(page, { phase: 'over', paths: FILES, ...at })
    await drag(page, { phase: 'drop', paths: FILES, ...at })
    await expect.poll(() => overlay(page).count()).toBe(0)
    await expect
      .poll(() => requests(page))
      .toEqual([
        {
          sources: FILES.map(here),
          target: toHost('web-01', '/srv/www'),
          exact: false,
          onConflict: 'ask',
          verify: 'size',
          removeSources: false,
        },
      ])
    await page.getByRole('region', { name: 'Transfers', exact: true }).getByText('a b.txt and 2 more').first().waitFor()
  })

  it('go nowhere when the drag leaves, is given up, or ends beside the terminals', async () => {
    const page = await openTerminal('web-01')
    const at = await middle(page)
    await drag(page, { phase: 'enter', paths: FILES, ...at })
    await overlay(page).waitFor()
    await drag(page, { phase: 'leave' })
    await expect.poll(() => overlay(page).count()).toBe(0)
    await drag(page, { phase: 'enter', paths: FILES, ...at })
    await overlay(page).waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => overlay(page).count()).toBe(0)
    await drag(page, { phase: 'over', paths: FILES, ...at })
    await drag(page, { phase: 'drop', paths: FILES, ...at })
    await drag(page, { phase: 'enter', paths: FILES, x: 40, y: 200 })
    await drag(page, { phase: 'drop', paths: FILES, x: 40, y: 200 })
    expect(await overlay(page).count()).toBe(0)
    expect(await requests(page)).toEqual([])
    // The next drag is a new one.
    await drag(page, { phase: 'enter', paths: FILES, ...at })
    await overlay(page).waitFor()
  })

  it('go nowhere while a dialog is open', async () => {
    const page = await openTerminal('web-01')
    const at = await middle(page)
    await page.keyboard.press('Control+,')
    await page.getByRole('dialog').waitFor()
    await drag(page, { phase: 'enter', paths: FILES, ...at })
    await drag(page, { phase: 'drop', paths: FILES, ...at })
    expect(await overlay(page).count()).toBe(0)
    expect(await requests(page)).toEqual([])
  })

  it('become paths that are typed in a local shell', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await page.keyboard.press('Control+Shift+Alt+M')
    await prompt(page)
    const at = await middle(page)
    await drag(page, { phase: 'enter', paths: FILES.slice(0, 2), ...at })
    await overlay(page).getByText('Type the paths of 2 files').waitFor()
    await drag(page, { phase: 'drop', paths: FILES.slice(0, 2), ...at })
    await expect
      .poll(() =>
        page.evaluate(() =>
          window.bowlineShells?.map((shell) => shell.received.map((bytes) => new TextDecoder().decode(bytes)).join('')),
        ),
      )
      .toEqual(["\x1b[200~'/home/ada/a b.txt' /home/ada/c.txt \x1b[201~"])
    expect(await requests(page)).toEqual([])
    await expect.poll(() => shownTerminal(page).evaluate((element) => element.contains(document.activeElement))).toBe(true)
  })

  it('go into a folder that a panel shows', async () => {
    const page = await openTerminal('web-01')
    await addFolder(page, 'db-primary', '/var/backups')
    const at = await middle(page, '#folder')
    await drag(page, { phase: 'enter', paths: FILES.slice(1, 2), ...at })
    await overlay(page).getByText('Copy one item to').waitFor()
    await overlay(page).getByText('db-primary:/var/backups').waitFor()
    await drag(page, { phase: 'drop', paths: FILES.slice(1, 2), ...at })
    await expect.poll(async () => (await requests(page))?.[0]?.target).toEqual(toHost('db-primary', '/var/backups'))
  })

  it('are told of within the window, wherever the folder stands', async () => {
    const page = await openTerminal('web-01', { size: { width: 760, height: 480 } })
    await addFolder(page, 'db-primary', `/var/${'backups/'.repeat(12)}`)
    for (const place of ['left:4px;top:4px', 'right:4px;top:4px', 'right:4px;bottom:4px', 'left:4px;bottom:4px']) {
      await page.evaluate((given) => {
        const row = document.querySelector<HTMLElement>('#folder')
        if (row) row.style.cssText = `position:fixed;width:200px;height:26px;overflow:hidden;z-index:9;background:teal;${given}`
      }, place)
      await drag(page, { phase: 'leave' })
      const at = await middle(page, '#folder')
      await drag(page, { phase: 'enter', paths: FILES, ...at })
      await overlay(page).waitFor()
      const box = await overlay(page).boundingBox()
      expect(box && box.x >= 0 && box.y >= 0 && box.x + box.width <= 760 && box.y + box.height <= 480, place).toBe(true)
    }
  })

  it('are sent by a key and the picker as well', async () => {
    const page = await openTerminal('web-01')
    await page.keyboard.press('Control+Shift+Alt+9')
    await expect
      .poll(async () => (await requests(page))?.[0])
      .toMatchObject({
        sources: [here('/home/ada/notes.txt'), here('/home/ada/site.tar')],
        target: toHost('web-01', '/home/ada'),
      })
  })
})

describe('files of a host', () => {
  it('are copied to the terminal of another one that they are dropped on', async () => {
    const page = await openTerminal('web-01')
    await addFolder(page, 'db-primary', '/var/backups')
    await page.dragAndDrop('#folder', '.dv-active-group section.terminal')
    await expect
      .poll(async () => (await requests(page))?.[0])
      .toMatchObject({
        sources: [toHost('db-primary', '/var/backups/x.log')],
        target: toHost('web-01', '/home/ada'),
      })
    await expect.poll(() => overlay(page).count()).toBe(0)
  })

  it('are left where they lie, and other drags alone', async () => {
    const page = await openTerminal('web-01')
    await addFolder(page, 'web-01', '/home/ada/old')
    const from = await middle(page, '#folder')
    await page.mouse.move(from.x, from.y)
    await page.mouse.down()
    await page.mouse.move(from.x + 30, from.y + 4, { steps: 4 })
    expect(await overlay(page).count()).toBe(0)
    await page.mouse.up()
    expect(await requests(page)).toEqual([])
  })
})
