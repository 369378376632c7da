/** More windows than one, in Chromium over the fake engine: the others have no page there, and the test speaks for them. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium } from './chromium'
import { lose, resetProblem } from './connection-states'
import { openHost, prompt, run, screen } from './workspace-page'

const { open } = useChromium()

const tabs = (page: Page) => page.getByRole('tab')
const names = async (page: Page) => (await tabs(page).all()).map((tab) => tab.getAttribute('aria-label'))
const labels = async (page: Page) => Promise.all(await names(page))
const item = (page: Page, name: string) => page.getByRole('menuitem', { name })
const others = (page: Page) => page.evaluate(() => window.bowline?.controls.windows.view().windows.slice(1))
const done = (page: Page) => page.evaluate(() => window.bowline?.controls.windows.done)

async function openTwo(page: Page): Promise<void> {
  for (const name of ['web-01', 'build']) {
    await openHost(page, name)
    await prompt(page)
  }
}

describe('a tab that moves to a new window', () => {
  it('goes by its menu, with its name and colour, and its terminal is not closed', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await openTwo(page)
    await page.evaluate(() => window.bowline?.controls.menu('tab.colour.red'))
    await tabs(page).nth(1).click({ button: 'right' })
    await item(page, 'Move tab to a new window').click()
    await expect.poll(() => tabs(page).count()).toBe(1)
    expect(await others(page)).toEqual([{ id: 'window-2', number: 2, tabs: [{ host: 'build', name: null }], arriving: 1 }])
    expect(await page.evaluate(() => window.bowline?.controls.windows.state('window-2')?.tabs.map(({ facts }) => facts))).toEqual(
      [{ colour: 'red', pinned: false }],
    )
    expect(await page.evaluate(() => window.bowline?.controls.attached())).toBe(1)
    // What runs there is none of this window's closed tabs.
    await page.keyboard.press('Control+Shift+Alt+T')
    expect(await tabs(page).count()).toBe(1)
  })

  it('goes by its key, and comes back by the menu of a window that is told of', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await openTwo(page)
    await run(page, 'echo said before')
    await expect.poll(() => screen(page)).toMatch(/^said before$/m)
    await page.keyboard.press('Control+Shift+Alt+PageUp')
    await expect.poll(() => tabs(page).count()).toBe(1)
    await page.evaluate(() => window.bowline?.controls.windows.close('window-2'))
    await expect.poll(() => tabs(page).count()).toBe(2)
    await page.getByText('The tab of the closed window is here now.').waitFor()
    await expect.poll(() => screen(page)).toMatch(/^said before$/m)
    await run(page, 'echo and it goes on')
    await expect.poll(() => screen(page)).toMatch(/^and it goes on$/m)
    await expect
      .poll(() => page.evaluate(() => window.bowline?.controls.windows.view().windows.map(({ arriving }) => arriving)))
      .toEqual([0])
  })

  it('goes to a window that there is, which is called by what lies in it', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await openTwo(page)
    await tabs(page).nth(1).click({ button: 'right' })
    expect(await item(page, 'Move to window').count()).toBe(0)
    await item(page, 'Move tab to a new window').click()
    await openHost(page, 'web-02')
    await prompt(page)
    await tabs(page).nth(1).click({ button: 'right' })
    await item(page, 'Move to window').hover()
    await item(page, 'Window 2').click()
    await expect.poll(() => tabs(page).count()).toBe(1)
    expect((await others(page))?.[0]?.tabs.map(({ host }) => host)).toEqual(['build', 'web-02'])
    await page.keyboard.press('Control+Shift+Alt+PageDown')
    await expect.poll(() => tabs(page).count()).toBe(0)
    expect((await others(page))?.[0]?.tabs.length).toBe(3)
    await page.keyboard.press('Control+Shift+Alt+End')
    await expect.poll(() => done(page)).toEqual(['show window-2'])
  })

  it('is dragged out of the window, and not when it is let go at its edge', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await openTwo(page)
    const drag = async (x: number, y: number) => {
      const box = await tabs(page).nth(1).boundingBox()
      if (!box) throw new Error('no tab')
      await page.mouse.move(box.x + 30, box.y + 10)
      await page.mouse.down()
      await page.mouse.move(box.x + 60, box.y + 60, { steps: 4 })
      await page.mouse.move(x, y, { steps: 6 })
      await page.mouse.up()
    }
    await drag(1270, 400)
    expect(await tabs(page).count()).toBe(2)
    expect(await done(page)).toEqual([])
    await drag(1400, 300)
    await expect.poll(() => done(page).then((all) => all?.length)).toBe(1)
    await expect.poll(() => tabs(page).count()).toBe(1)
    expect((await others(page))?.length).toBe(1)
  })

  it('keeps what was typed in vain until the person has decided about it', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await openTwo(page)
    await lose(page, 'build', resetProblem('build'), 60_000)
    await run(page, 'make')
    await page.keyboard.press('Control+Shift+Alt+PageUp')
    await page.getByText('Say first what becomes of the keys').waitFor()
    expect(await tabs(page).count()).toBe(2)
  })

  it('is shown once the engine can say what it is, if it could not at first', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await openTwo(page)
    await page.keyboard.press('Control+Shift+Alt+PageUp')
    await expect.poll(() => tabs(page).count()).toBe(1)
    await page.evaluate(() => {
      const fake = window.bowline
      if (!fake) return
      const call = fake.call.bind(fake)
      let refusals = 2
      fake.call = (name, args) => {
        if (name !== 'workspace' || refusals-- <= 0) return call(name, args)
        return Promise.reject(new Error('not now'))
      }
      fake.controls.windows.close('window-2')
    })
    await page.getByText('not now').first().waitFor()
    await expect.poll(() => tabs(page).count(), { timeout: 10_000 }).toBe(2)
    expect(await page.getByText('not now').count()).toBe(1)
  })
})

describe('a window with keys that were not sent', () => {
  const close = (page: Page) => page.evaluate(() => window.bowline?.controls.windows.closeOwn())

  it('closes at the second try, and shows them after the first', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await openTwo(page)
    await lose(page, 'build', resetProblem('build'), 60_000)
    await run(page, 'make')
    await tabs(page).first().click()
    await close(page)
    await page.getByText('or close the window or quit again').waitFor()
    expect(await tabs(page).nth(1).getAttribute('aria-selected')).toBe('true')
    expect(await done(page)).toEqual([])
    await expectAccessible(page)
    await close(page)
    expect(await done(page)).toEqual(['close'])
  })

  it('holds up the first try to quit as well', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await openTwo(page)
    await lose(page, 'build', resetProblem('build'), 60_000)
    await run(page, 'make')
    const quit = () => page.evaluate(() => window.bowline?.controls.menu('window.quit'))
    await quit()
    await page.getByText('or close the window or quit again').waitFor()
    expect(await done(page)).toEqual([])
    await quit()
    await expect.poll(() => done(page)).toEqual(['quit'])
  })

  it('closes at once when they were discarded', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await openTwo(page)
    await lose(page, 'build', resetProblem('build'), 60_000)
    await run(page, 'make')
    await page.evaluate(() => window.bowline?.controls.heal('build'))
    await page.getByRole('button', { name: 'Discard' }).click()
    await close(page)
    expect(await done(page)).toEqual(['close'])
  })
})

describe('a window that a tab was torn off into', () => {
  const torn = { query: { hosts: 'few', window: 'window-2' } }

  it('shows its tab without the hosts, and goes back to the main window', async () => {
    const page = await open({ ...torn, navigation: 'hidden' })
    await expect.poll(() => tabs(page).count()).toBe(1)
    expect((await labels(page))[0]).toContain('torn off')
    await prompt(page)
    expect(await page.getByRole('navigation', { name: 'Hosts' }).isVisible()).toBe(false)
    await page.keyboard.press('Control+Shift+B')
    await page.getByRole('navigation', { name: 'Hosts' }).waitFor()
    await page.keyboard.press('Control+Shift+J')
    // The only one of its window cannot be torn off again.
    await page.keyboard.press('Control+Shift+Alt+PageUp')
    expect(await tabs(page).count()).toBe(1)
    await page.keyboard.press('Control+Shift+Alt+Home')
    await expect.poll(() => tabs(page).count()).toBe(0)
    await expect.poll(() => done(page)).toEqual(['close'])
    expect(await page.evaluate(() => window.bowline?.controls.windows.view().windows[0]?.tabs.length)).toBe(1)
  })

  it('leaves the shape of the main window alone and shares what is set', async () => {
    const page = await open({ ...torn, navigation: 'hidden' })
    await prompt(page)
    await page.keyboard.press('Control+Shift+L')
    const stored = () =>
      page.evaluate(() => JSON.parse(localStorage.getItem('bowline-preferences') ?? '{}') as Record<string, unknown>)
    await expect.poll(async () => (await stored())['theme']).toBe('light')
    expect((await stored())['sidebarShown']).toBe(true)
    await page.evaluate(() => {
      window.bowline?.controls.savedElsewhere({ theme: 'light', sidebarShown: false })
      window.bowline?.controls.savedElsewhere({ theme: 'dark', fontSize: 20, sidebarShown: true })
    })
    await expect.poll(() => page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark')
    expect(await page.getByRole('navigation', { name: 'Hosts' }).isVisible()).toBe(false)
  })

  it.each([
    ['dark', 'en'],
    ['light', 'zh-CN'],
  ] as const)('is there for everyone (%s, %s)', async (theme, language) => {
    const page = await open({ ...torn, navigation: 'hidden', theme, language, size: { width: 760, height: 480 } })
    await prompt(page)
    await tabs(page).first().click({ button: 'right' })
    await page.getByRole('menu').waitFor()
    await expectAccessible(page)
  })
})

describe('two windows at once', () => {
  it('ask in one of them only', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await page.evaluate(() => window.bowline?.controls.windows.open({ layout: null, tabs: [], place: null }))
    await openHost(page, 'build')
    await page.evaluate(() => {
      const question = { kind: 'password', user: 'ada', attempt: 1, keptRefused: false } as const
      const asked = { id: 901, hostId: 'build', host: 'build', address: 'build', banner: null, question, canRemember: false }
      window.bowline?.controls.windows.focus('window-2')
      window.bowline?.controls.emit({ type: 'prompt', data: asked })
    })
    await page.getByRole('tab').first().waitFor()
    expect(await page.getByRole('dialog').count()).toBe(0)
    // This one says where it waits.
    await page.getByText('A question waits in another window').waitFor()
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Go to the question' }).click()
    await expect.poll(() => done(page)).toEqual(['show window-2'])
    await page.evaluate(() => window.bowline?.controls.windows.focus('main'))
    await page.getByRole('dialog').waitFor()
    expect(await page.getByText('A question waits in another window').count()).toBe(0)
    await page.evaluate(() => window.bowline?.controls.emit({ type: 'prompt-gone', data: 901 }))
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  })

  it('tell of the long commands of their own terminals', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await openTwo(page)
    const ended = (id: number, number: number) =>
      page.evaluate(
        ([terminal, n]) =>
          window.bowline?.controls.emit({
            type: 'shell',
            data: {
              id: terminal,
              hostId: 'web-01',
              directory: null,
              ended: { number: n, text: `make ${n}`, status: 0, seconds: 90 },
            },
          }),
        [id, number] as const,
      )
    // The first terminal is in this window and not seen; the ninth is in another one.
    await ended(9, 1)
    await ended(1, 2)
    const told = () => page.evaluate(() => window.bowline?.controls.notified.map(({ body }) => body))
    await expect.poll(async () => (await told())?.length).toBe(1)
    expect((await told())?.[0]).toContain('make 2')
  })

  it('say once that a recording is saved, where the person is', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await openTwo(page)
    await page.evaluate(() => window.bowline?.controls.windows.open({ layout: null, tabs: [], place: null }))
    const record = async (recording: string | null) =>
      page.evaluate(
        (file) =>
          window.bowline?.controls.emit({
            type: 'capture',
            data: { id: 1, transcript: null, recording: file, problem: null },
          }),
        recording,
      )
    await page.evaluate(() => window.bowline?.controls.windows.focus('window-2'))
    await record('/tmp/a.cast')
    await record(null)
    await page.evaluate(() => window.bowline?.controls.windows.focus('main'))
    await record('/tmp/b.cast')
    await record(null)
    await page.getByText('b.cast').first().waitFor()
    expect(await page.getByText('a.cast').count()).toBe(0)
  })
})

describe('Bowline while something runs on hosts', () => {
  const quit = (page: Page) => page.evaluate(() => window.bowline?.controls.menu('window.quit'))

  it('ends at the second try while a command runs, and at once when it is over', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await page.keyboard.press('Control+Shift+F8')
    await page.locator('.run-hosts').getByLabel('web-01', { exact: true }).check()
    await page.getByLabel('Command', { exact: true }).fill('sleep 100')
    await page.keyboard.press('Control+Enter')
    await page.getByRole('option', { name: /web-01.*running/ }).waitFor()
    await quit(page)
    await page.getByText('still runs and would end with Bowline').waitFor()
    expect(await done(page)).toEqual([])
    await page.getByRole('button', { name: 'Stop', exact: true }).click()
    await page.getByRole('option', { name: /web-01.*stopped/ }).waitFor()
    await quit(page)
    await expect.poll(() => done(page)).toEqual(['quit'])
  })

  it('ends at the second try while a pipe runs, and shows it after the first', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await page.keyboard.press('Control+Shift+F7')
    for (const n of [1, 2]) {
      const card = page.getByRole('group', { name: `Command ${n}`, exact: true })
      await card.getByRole('combobox').fill('web-01')
      await card.getByRole('textbox', { name: /^Line of/ }).fill('cat')
    }
    await page.keyboard.press('Control+Enter')
    await page.getByText('It runs.').waitFor()
    await page.keyboard.press('Control+Shift+F8')
    await page.evaluate(() => window.bowline?.controls.windows.closeOwn())
    await page.getByText('still runs and would end with Bowline').waitFor()
    await page.getByText('It runs.').waitFor()
    expect(await done(page)).toEqual([])
    await page.evaluate(() => window.bowline?.controls.windows.closeOwn())
    expect(await done(page)).toEqual(['close'])
  })
})
