/** What the window says of connections: the sidebar, the tabs, the strip, the drawer and the bar over a terminal. */
import type { Locator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium, type PageOptions } from './chromium'
import {
  authRefused,
  changedKey,
  fillTimeline,
  heal,
  lose,
  resetProblem,
  showConnection,
  showEveryState,
} from './connection-states'
import { openHost, prompt, run, screen, shownTerminal } from './workspace-page'

const { open } = useChromium()

async function openTerminal(options: PageOptions = {}): Promise<Page> {
  const page = await open({ query: { hosts: 'few' }, ...options })
  await openHost(page, 'web-01')
  await prompt(page)
  return page
}

const bar = (page: Page): Locator => shownTerminal(page).locator('.bar')
const barText = (page: Page) => bar(page).locator('p').textContent()
const row = (page: Page, name: string) => page.getByRole('treeitem', { name })
const dot = (place: Locator) => place.locator('.dot').first().getAttribute('data-shape')
const drawer = (page: Page) => page.getByRole('complementary', { name: 'Drawer' })
const retried = (page: Page) => page.evaluate(() => window.bowline?.controls.retried)

describe('the sidebar and the tabs', () => {
  it('give every state a shape and words of its own', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await showEveryState(page)
    const shapes: Record<string, string> = {
      'web-01': 'retry',
      'web-02': 'suspect',
      'db-primary': 'up',
      'cache-01': 'halt',
      'arm-runner': 'tripped',
      unknown: 'retry',
      password: 'down',
      interactive: 'idle',
    }
    await row(page, 'web-02').waitFor()
    for (const [name, shape] of Object.entries(shapes)) expect([name, await dot(row(page, name))]).toEqual([name, shape])
    expect(await row(page, 'web-01').locator('.detail').textContent()).toMatch(/^in (20|19) s$/)
    expect(await row(page, 'web-02').locator('.detail').textContent()).toMatch(/^silent [678] s$/)
    expect(await row(page, 'cache-01').locator('.detail').getAttribute('title')).toContain('Nothing was sent')
    expect(await row(page, 'arm-runner').getAttribute('aria-label')).toBe('arm-runner, keeps failing, reset')
    await expectAccessible(page)
  })

  it('count down without being moved by it', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await showEveryState(page)
    const detail = row(page, 'web-01').locator('.detail')
    const name = row(page, 'web-01').locator('.name')
    const [before, place] = [await detail.textContent(), await name.boundingBox()]
    await expect.poll(() => detail.textContent(), { timeout: 4000 }).not.toBe(before)
    expect(await name.boundingBox()).toEqual(place)
  })

  it('say in the tab that all is not well', async () => {
    const page = await openTerminal()
    await showConnection(page, 'web-01', { state: 'suspect', sinceMs: Date.now() })
    await page.getByRole('tab', { name: 'silent' }).waitFor()
  })
})

describe('a terminal whose connection is silent', () => {
  it('says so quietly, counts, and does not send the screen anywhere', async () => {
    const page = await openTerminal()
    await run(page, 'numbers 200')
    await expect.poll(() => screen(page)).toMatch(/line 200\n.*\$$/)
    const before = await screen(page)
    const sizes = () => page.evaluate(() => window.bowlineShells?.at(-1)?.sizes.length)
    const sized = await sizes()
    await showConnection(page, 'web-01', { state: 'suspect', sinceMs: Date.now() - 7000 })
    await expect.poll(() => barText(page)).toMatch(/^Nothing heard for [78] s\./)
    const first = await barText(page)
    await expect.poll(() => barText(page), { timeout: 4000 }).not.toBe(first)
    expect(await screen(page)).toBe(before)
    expect(await bar(page).getByRole('button').count()).toBe(0)
    await expectAccessible(page)
    // The line with the cursor is above the bar.
    const [covered, cursor] = await Promise.all([
      bar(page).boundingBox(),
      shownTerminal(page).locator('.xterm-cursor').boundingBox(),
    ])
    expect((cursor?.y ?? 0) + (cursor?.height ?? 0)).toBeLessThanOrEqual((covered?.y ?? 0) + 1)

    // When it is heard again the bar goes, and the text stays where it is until something is written.
    const line = shownTerminal(page).locator('.xterm-rows > div').nth(5)
    const place = await line.boundingBox()
    await showConnection(page, 'web-01', { state: 'up' })
    await bar(page).waitFor({ state: 'detached' })
    expect(await line.boundingBox()).toEqual(place)
    expect(await sizes()).toBe(sized)
    await page.keyboard.type('x')
    await expect.poll(async () => (await line.boundingBox())?.y).toBeGreaterThan(place?.y ?? 0)
  })

  it('does not say it aloud each second', async () => {
    const page = await openTerminal()
    await showConnection(page, 'web-01', { state: 'suspect', sinceMs: Date.now() - 7000 })
    const status = bar(page).getByRole('status')
    expect(await status.textContent()).toBe('Nothing is heard from web-01.')
    const changes = await status.evaluate(
      (element) =>
        new Promise<number>((resolve) => {
          let seen = 0
          const observer = new MutationObserver(() => seen++)
          observer.observe(element, { childList: true, characterData: true, subtree: true })
          setTimeout(() => resolve(seen), 2200)
        }),
    )
    expect(changes).toBe(0)
  })
})

describe('a terminal whose connection is gone', () => {
  it('says why and when it is tried again, keeps the screen, and goes on when it is back', async () => {
    const page = await openTerminal()
    await run(page, 'echo kept')
    await lose(page, 'web-01', resetProblem(), 20_000)
    await expect
      .poll(() => barText(page))
      .toMatch(
        /^The connection to web-01\.example\.net was reset .* Trying again in (20|19) s \(attempt 2\)\. The screen is kept\. Any key tries now\.$/,
      )
    await expect.poll(() => screen(page)).toMatch(/^kept$/m)
    await heal(page, 'web-01')
    await bar(page).getByRole('button', { name: 'Try now' }).click()
    await bar(page).waitFor({ state: 'detached' })
    expect(await retried(page)).toEqual(['web-01'])
    await shownTerminal(page).click()
    await run(page, 'echo again')
    await expect.poll(() => screen(page)).toMatch(/^kept\n[^]*^again$/m)
  })

  it('takes any key for "try now", and keeps what was typed', async () => {
    const page = await openTerminal()
    await lose(page, 'web-01', resetProblem(), 20_000)
    await bar(page).waitFor()
    await page.keyboard.press('x')
    await expect.poll(() => retried(page)).toEqual(['web-01'])
    await expect.poll(() => bar(page).locator('.typed').textContent()).toContain('x')
  })

  it('takes Enter for "try now" and sends it nowhere', async () => {
    const page = await openTerminal()
    await run(page, 'echo before')
    await lose(page, 'web-01', resetProblem(), 20_000)
    await bar(page).waitFor()
    await heal(page, 'web-01')
    await page.keyboard.press('Enter')
    await bar(page).waitFor({ state: 'detached' })
    expect(await retried(page)).toEqual(['web-01'])
    await run(page, 'echo after')
    await expect.poll(() => screen(page)).toMatch(/^after$/m)
    const sent = await page.evaluate(() =>
      (window.bowlineShells ?? []).map((shell) => shell.received.map((bytes) => new TextDecoder().decode(bytes)).join('')),
    )
    expect(sent).toEqual(['echo before\r', 'echo after\r'])
  })

  it('keeps its text selectable, though a program had taken the mouse', async () => {
    const page = await openTerminal()
    await run(page, 'echo one two three')
    await expect.poll(() => screen(page)).toMatch(/^one two three$/m)
    await lose(page, 'web-01', resetProblem(), 20_000)
    await bar(page).waitFor()
    await shownTerminal(page)
      .locator('.xterm-rows > div')
      .nth(1)
      .dblclick({ position: { x: 5, y: 5 }, force: true })
    await page.keyboard.press('Control+Shift+C')
    await expect.poll(() => page.evaluate(() => window.bowline?.controls.clipboard())).toBe('one')
    expect(await retried(page)).toEqual([])
  })

  it('can be given up: it ends and keeps what it showed', async () => {
    const page = await openTerminal()
    await run(page, 'echo kept')
    await lose(page, 'web-01', resetProblem(), 20_000)
    await bar(page).getByRole('button', { name: 'Give up' }).click()
    await bar(page).getByRole('button', { name: 'Reopen' }).waitFor()
    expect(await screen(page)).toMatch(/^kept$/m)
  })

  it('is reached by keys and the palette alone', async () => {
    const page = await openTerminal()
    await lose(page, 'web-01', resetProblem(), 20_000)
    await bar(page).waitFor()
    await page.keyboard.press('Control+Shift+N')
    await expect.poll(() => retried(page)).toEqual(['web-01'])
    await expect.poll(() => barText(page)).toContain('attempt 3')
    await page.keyboard.press('Control+Shift+P')
    await page.getByRole('combobox').fill('give up conn')
    await page.keyboard.press('Enter')
    await bar(page).getByRole('button', { name: 'Reopen' }).waitFor()
  })

  it('says when so many tries failed that all wait', async () => {
    const page = await openTerminal()
    await lose(page, 'web-01', resetProblem(), 20_000)
    const problem = resetProblem()
    const retryAtMs = Date.now() + 28_000
    await showConnection(page, 'web-01', { state: 'tripped', cause: 'reset', problem, attempt: 5, retryAtMs })
    await expect
      .poll(() => barText(page))
      .toMatch(/5 tries failed in a row, so every terminal on web-01 waits\. One more try in 2[78] s\./)
    await openHost(page, 'web-01')
    await expect.poll(() => barText(page)).toMatch(/One more try in/)
  })

  it('says what the person has to do, and any other key than Enter asks for nothing', async () => {
    const page = await openTerminal()
    await lose(page, 'web-01', resetProblem(), 20_000)
    await showConnection(page, 'web-01', { state: 'halted', cause: 'auth', problem: authRefused })
    await expect.poll(() => barText(page)).toContain('refused to log deploy in')
    await page.keyboard.type('x')
    expect(await retried(page)).toEqual([])
    await bar(page).getByRole('button', { name: 'Edit the host' }).click()
    await page.getByRole('dialog', { name: 'Edit web-01' }).waitFor()
    await page.keyboard.press('Escape')
    await shownTerminal(page).click()
    await page.keyboard.press('Enter')
    await expect.poll(() => retried(page)).toEqual(['web-01'])
  })
})

describe('the health page', () => {
  it('opens by a key and by a click on the strip, shows figures that move, and Esc gives the focus back', async () => {
    const page = await openTerminal()
    await page.keyboard.press('Control+Shift+H')
    const received = drawer(page).locator('dd').nth(1)
    await received.waitFor()
    const first = await received.textContent()
    await expect.poll(() => received.textContent(), { timeout: 4000 }).not.toBe(first)
    await drawer(page)
      .getByRole('img', { name: /^Round trips: now \d+ ms/ })
      .waitFor()
    expect(await drawer(page).locator('canvas').count()).toBe(1)
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Health')
    await expectAccessible(page)
    await page.keyboard.press('Escape')
    await drawer(page).waitFor({ state: 'detached' })
    await run(page, 'echo focused')
    await expect.poll(() => screen(page)).toMatch(/^focused$/m)
    await page.getByRole('contentinfo').getByRole('button', { name: 'Show health of web-01' }).click()
    await drawer(page).waitFor()
  })

  it('shows a card for each connection, and the details of the one that is chosen', async () => {
    const page = await openTerminal()
    await showConnection(page, 'web-01', { terminals: 11, lanes: 2 })
    await page.keyboard.press('Control+Shift+H')
    const second = drawer(page).getByRole('button', { name: /^Connection 2/ })
    await second.waitFor()
    expect(await second.textContent()).toContain('3 of 8 sessions')
    await second.click()
    await drawer(page).getByRole('region', { name: 'Details of connection 2' }).waitFor()
    expect(await second.getAttribute('aria-pressed')).toBe('true')
  })

  it('is of the connection of the terminal in front in the line below, with a sign of doubt about another one', async () => {
    const page = await openTerminal()
    await openHost(page, 'web-01')
    await prompt(page)
    const strip = page.getByRole('contentinfo')
    const elsewhere = strip.getByRole('img', { name: 'Another connection to this host is in doubt' })
    // The first connection is the doubtful one; the second terminal is on the other.
    await showConnection(page, 'web-01', { state: 'suspect', sinceMs: Date.now(), lanes: 2, terminals: 2 })
    await elsewhere.waitFor()
    expect(await strip.getByRole('status').textContent()).toBe('web-01 connected')
    await bar(page).waitFor({ state: 'detached' })
    await expectAccessible(page)
    await page.keyboard.press('Alt+1')
    await expect.poll(() => strip.getByRole('status').textContent()).toBe('web-01 silent')
    expect(await elsewhere.count()).toBe(0)
    await bar(page).waitFor()
  })

  it('can be copied as text', async () => {
    const page = await openTerminal()
    await page.keyboard.press('Control+Shift+H')
    await drawer(page).getByRole('button', { name: 'Copy as text' }).click()
    const copied = () => page.evaluate(() => window.bowline?.controls.clipboard())
    await expect.poll(copied).toMatch(/^web-01: connected\nLast heard: .*\n[^]*Cipher: aes128-gcm@openssh\.com\n/)
  })

  it('asks the engine only while the window is seen', async () => {
    const page = await openTerminal()
    const asked = () => page.evaluate(() => window.bowline?.controls.healthAsked())
    await expect.poll(asked, { timeout: 5000 }).toBeGreaterThan(1)
    await page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    })
    // One question may be under way.
    await page.waitForTimeout(300)
    const before = await asked()
    await page.waitForTimeout(2300)
    expect(await asked()).toBe(before)
    await page.evaluate(() => {
      Reflect.deleteProperty(document, 'visibilityState')
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await expect.poll(asked, { timeout: 5000 }).toBeGreaterThan(before ?? 0)
  })
})

describe('the timeline', () => {
  it('is empty at first and says what it is for', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await page.keyboard.press('Control+Shift+Y')
    await drawer(page).getByText('Nothing has happened yet.').waitFor()
    expect(await drawer(page).getByRole('button', { name: 'Save…' }).isDisabled()).toBe(true)
    await expectAccessible(page)
  })

  it('says each change with its cause and how long it was otherwise, and can be saved', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await fillTimeline(page)
    await page.keyboard.press('Control+Shift+Y')
    const list = drawer(page).getByRole('log')
    await list.getByRole('listitem', { name: /A connection closed, now 1\.$/ }).waitFor()
    await list.getByRole('listitem', { name: /web-01, No connection\. Next try in 640 ms\. Reset after 11 min 25 s$/ }).waitFor()
    await list.getByRole('listitem', { name: /This computer, The computer slept for 41 min\.$/ }).waitFor()
    await expectAccessible(page)
    await drawer(page).getByRole('button', { name: 'Save…' }).click()
    await page.getByText('The timeline is saved as /home/ada/bowline-timeline.jsonl.').waitFor()
  })

  it('shows one host alone', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await fillTimeline(page)
    await page.keyboard.press('Control+Shift+Y')
    await drawer(page).getByRole('combobox', { name: 'Host' }).selectOption({ label: 'cache-01' })
    await expect.poll(() => drawer(page).getByRole('listitem').count()).toBe(2)
  })

  it('stays at the newest, unless someone reads further up', async () => {
    const page = await open({ query: { hosts: 'few' } })
    const add = (count: number) =>
      page.evaluate((n) => {
        for (let at = 0; at < n; at++) window.bowline?.controls.note('web-01', { event: 'dialing', attempt: at + 2 })
      }, count)
    await add(300)
    await page.keyboard.press('Control+Shift+Y')
    const list = drawer(page).getByRole('log')
    const fromEnd = () => list.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight)
    await list.getByRole('listitem', { name: /try 301\.$/ }).waitFor()
    await expect.poll(fromEnd).toBeLessThan(2)
    expect(await list.getByRole('listitem').count()).toBeLessThan(60)
    await add(5)
    await expect.poll(fromEnd).toBeLessThan(2)
    await list.evaluate((element) => (element.scrollTop = 0))
    await drawer(page).getByRole('button', { name: 'Newest' }).waitFor()
    await add(5)
    expect(await list.evaluate((element) => element.scrollTop)).toBeLessThan(50)
    await drawer(page).getByRole('button', { name: 'Newest' }).click()
    await expect.poll(fromEnd).toBeLessThan(2)
  })
})

describe('notifications', () => {
  const notified = (page: Page) => page.evaluate(() => window.bowline?.controls.notified)
  const lookAway = (page: Page) =>
    page.evaluate(() => Object.defineProperty(document, 'hasFocus', { value: () => false, configurable: true }))

  it('tell that a session is back, once, and only to one who looks elsewhere', async () => {
    const page = await openTerminal()
    const comeAndGo = async () => {
      await lose(page, 'web-01', resetProblem(), 20_000)
      await heal(page, 'web-01')
      await page.keyboard.press('Enter')
      await bar(page).waitFor({ state: 'detached' })
    }
    await comeAndGo()
    expect(await notified(page)).toEqual([])
    await lookAway(page)
    await comeAndGo()
    await expect.poll(() => notified(page)).toMatchObject([{ title: 'web-01 is back' }])
  })

  it('tell that a person is needed, and can be turned off', async () => {
    const page = await openTerminal()
    await lookAway(page)
    await lose(page, 'web-01', resetProblem(), 20_000)
    await showConnection(page, 'web-01', { state: 'halted', cause: 'host-key', problem: changedKey })
    await expect.poll(() => notified(page)).toMatchObject([{ title: 'web-01 needs you' }])

    const silent = await openTerminal({ settings: { notifications: false } })
    await lookAway(silent)
    await lose(silent, 'web-01', resetProblem(), 20_000)
    await showConnection(silent, 'web-01', { state: 'halted', cause: 'host-key', problem: changedKey })
    await bar(silent).waitFor()
    expect(await notified(silent)).toEqual([])
  })
})

describe.each(['dark', 'light'] as const)('in the %s theme', (theme) => {
  it.each(['en', 'zh-CN'] as const)('and in %s every state is accessible', async (language) => {
    const page = await openTerminal({ theme, language })
    await lose(page, 'web-01', resetProblem(), 20_000)
    await bar(page).waitFor()
    await showEveryState(page)
    await expectAccessible(page)
    await showConnection(page, 'web-01', { state: 'halted', cause: 'host-key', problem: changedKey })
    await page.keyboard.press('Control+Shift+H')
    await expectAccessible(page)
    await showConnection(page, 'web-01', { state: 'up', lanes: 2, terminals: 9 })
    await page.locator('.card').first().waitFor()
    await expectAccessible(page)
    await fillTimeline(page)
    await page.keyboard.press('Control+Shift+Y')
    await page.getByRole('log').waitFor()
    await expectAccessible(page)
  })
})
