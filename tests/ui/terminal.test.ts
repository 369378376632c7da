/** A terminal in Chromium over the fake engine: typing, flood, paste, search, resize, its end and its reopening. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium, type PageOptions } from './chromium'
import { openHost, prompt, run, screen, shownTerminal as terminal } from './workspace-page'

const { open } = useChromium()

async function openTerminal(options: PageOptions = {}): Promise<Page> {
  const page = await open({ query: { hosts: 'few' }, ...options })
  await openHost(page, 'web-01')
  await prompt(page)
  return page
}

const rows = (page: Page) => terminal(page).locator('.xterm-rows')

/** What the shell of the terminal opened last received, as text. */
const received = (page: Page) =>
  page.evaluate(() => {
    const decoder = new TextDecoder()
    return (window.bowlineShells?.at(-1)?.received ?? []).map((bytes) => decoder.decode(bytes)).join('')
  })
const sizes = (page: Page) => page.evaluate(() => window.bowlineShells?.at(-1)?.sizes ?? [])

/** Counts the frames since the terminal's place changed: it is measured in the first, and its size was told by the second. */
async function countFramesAfterResize(page: Page): Promise<() => Promise<number>> {
  const counter = await terminal(page)
    .locator('.xterm')
    .evaluateHandle((element) => {
      const counter = { frames: 0 }
      const width = element.getBoundingClientRect().width
      const observer = new ResizeObserver(() => {
        if (element.getBoundingClientRect().width === width) return
        observer.disconnect()
        const count = () => {
          counter.frames++
          requestAnimationFrame(count)
        }
        requestAnimationFrame(count)
      })
      observer.observe(element)
      return counter
    })
  return () => counter.evaluate(({ frames }) => frames)
}

const setClipboard = (page: Page, text: string) =>
  page.evaluate((value) => void window.bowline?.controls.setClipboard(value), text)
const clipboard = (page: Page) => page.evaluate(() => window.bowline?.controls.clipboard())

describe('a terminal', () => {
  it('has the keyboard when a host was opened, and shows what is typed', async () => {
    const page = await openTerminal()
    await run(page, 'echo 你好, world')
    await expect.poll(() => screen(page)).toMatch(/^你好, world$/m)
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Terminal input of web-01')
  })

  it('draws colours, also of 24 bits, and wide characters in two cells', async () => {
    const page = await openTerminal()
    await run(page, 'colours')
    await run(page, 'wide')
    await expect.poll(() => screen(page)).toContain('日本語')
    const backgrounds = await rows(page).evaluate((element) =>
      [...element.querySelectorAll('span')].map((span) => getComputedStyle(span).backgroundColor),
    )
    // The eleventh shade of the fake's 24-bit line.
    expect(backgrounds).toContain('rgb(50, 120, 205)')
    const widths = await rows(page).evaluate((element) => {
      const row = [...element.children].find((child) => child.textContent.startsWith('日本語'))
      const [wide] = row?.children ?? []
      return { wide: wide?.getBoundingClientRect().width ?? 0, text: wide?.textContent.length ?? 0 }
    })
    const cell = await page.evaluate(() => document.querySelector('.xterm-rows')?.getBoundingClientRect().width ?? 0)
    const cols = (await sizes(page)).at(-1)?.cols ?? 1
    expect(widths.wide / widths.text / (cell / cols)).toBeCloseTo(2, 1)
  })

  it('stays responsive in a flood, keeps within its credit and stops at Ctrl-C', async () => {
    const page = await openTerminal()
    await run(page, 'flood 64')
    await page.waitForFunction(() => (window.bowlineShells?.at(-1)?.underWay ?? 0) > 0)
    const most = await page.evaluate(async () => {
      let most = 0
      for (const end = performance.now() + 700; performance.now() < end;) {
        most = Math.max(most, window.bowlineShells?.at(-1)?.underWay ?? 0)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      return most
    })
    expect(most).toBeLessThanOrEqual(512 * 1024)
    await page.keyboard.press('Control+c')
    await expect.poll(() => screen(page), { timeout: 5000 }).toMatch(/\^C\n.*\$$/m)
    await run(page, 'echo after')
    await expect.poll(() => screen(page)).toMatch(/^after$/m)
    await expect.poll(() => page.evaluate(() => window.bowlineShells?.at(-1)?.underWay)).toBe(0)
  })

  it('answers questions about modes instead of throwing', async () => {
    const page = await openTerminal()
    await run(page, 'modes')
    await expect.poll(() => received(page)).toContain('\x1b[?2026;2$y\x1b[4;2$y')
  })

  it('takes text from an input method, with the composition shown at the cursor', async () => {
    const page = await openTerminal()
    const session = await page.context().newCDPSession(page)
    await session.send('Input.imeSetComposition', { text: 'zhongwen', selectionStart: 8, selectionEnd: 8 })
    await expect.poll(() => terminal(page).locator('.composition-view.active').textContent()).toBe('zhongwen')
    expect(await received(page)).toBe('')
    await session.send('Input.insertText', { text: '中文，' })
    await expect.poll(() => received(page)).toBe('中文，')
    await expect.poll(() => screen(page)).toContain('中文，')
  })

  it('tells the engine its size when it changes, and only then', async () => {
    const page = await openTerminal()
    const before = await sizes(page)
    expect(before).toHaveLength(1)
    await page.setViewportSize({ width: 1000, height: 600 })
    await expect.poll(async () => (await sizes(page)).at(-1)?.cols).toBeLessThan(before[0]?.cols ?? 0)
    const after = await sizes(page)
    const drawnAfterResize = await countFramesAfterResize(page)
    await page.setViewportSize({ width: 1001, height: 600 })
    await expect.poll(drawnAfterResize).toBeGreaterThanOrEqual(2)
    expect(await sizes(page)).toEqual(after)
    await run(page, 'size')
    await expect.poll(() => screen(page)).toContain(`${after.at(-1)?.cols} x ${after.at(-1)?.rows}`)
  })

  it('grows and shrinks its text by key', async () => {
    const page = await openTerminal()
    const cols = async () => (await sizes(page)).at(-1)?.cols ?? 0
    const usual = await cols()
    await page.keyboard.press('Control+Equal')
    await page.keyboard.press('Control+Equal')
    await expect.poll(cols).toBeLessThan(usual)
    await page.keyboard.press('Control+0')
    await expect.poll(cols).toBe(usual)
  })
})

describe('copy and paste', () => {
  it('copies a selection and pastes it with the keys of the platform', async () => {
    const page = await openTerminal()
    await run(page, 'echo copied-word')
    await expect.poll(() => screen(page)).toMatch(/^copied-word$/m)
    await rows(page)
      .locator('span', { hasText: /^copied-word$/ })
      .dblclick({ force: true })
    await page.keyboard.press('Control+Shift+C')
    await expect.poll(() => clipboard(page)).toBe('copied-word')
    await page.keyboard.press('Control+Shift+V')
    await expect.poll(() => received(page)).toMatch(/\x1b\[200~copied-word\x1b\[201~$/)
    await setClipboard(page, 'by-insert')
    await page.keyboard.press('Shift+Insert')
    await expect.poll(() => screen(page)).toContain('copied-wordby-insert')
  })

  it('takes out of a hostile paste what could act on its own', async () => {
    const page = await openTerminal()
    await setClipboard(page, 'safe\x1b[201~\nrm -rf ~\n\x03\u009b31m')
    await page.keyboard.press('Control+Shift+V')
    await expect.poll(() => received(page)).toBe('\x1b[200~safe\rrm -rf ~\r31m\x1b[201~')
  })

  it('makes a paste of the web view itself just as safe', async () => {
    const page = await openTerminal()
    await page.evaluate(() => {
      const clipboardData = new DataTransfer()
      clipboardData.setData('text/plain', 'a\x1b[201~b')
      document.activeElement?.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
    })
    await expect.poll(() => received(page)).toBe('\x1b[200~ab\x1b[201~')
  })

  it('asks before lines would run, with a preview, and the focus comes back', async () => {
    const page = await openTerminal()
    await run(page, 'paste off')
    await expect.poll(() => screen(page)).toMatch(/paste off\n.*\$$/m)
    await setClipboard(page, 'echo one\necho two\n')
    await page.keyboard.press('Control+Shift+V')
    const dialog = page.getByRole('alertdialog', { name: 'Paste 2 lines into web-01?' })
    await dialog.waitFor()
    expect(await dialog.locator('pre').textContent()).toBe('echo one\necho two')
    await expectAccessible(page)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await run(page, 'echo still here')
    await expect.poll(() => screen(page)).toMatch(/^still here$/m)
    expect(await received(page)).not.toContain('echo one')
    await page.keyboard.press('Control+Shift+V')
    await dialog.getByRole('button', { name: 'Paste' }).click()
    await expect.poll(() => screen(page)).toMatch(/^one\n.*\n^two$/m)
  })

  it('pastes the last selection with the middle button', async () => {
    const page = await openTerminal()
    await run(page, 'echo primary')
    await expect.poll(() => screen(page)).toMatch(/^primary$/m)
    const word = rows(page).locator('span', { hasText: /^primary$/ })
    await word.dblclick({ force: true })
    await word.click({ button: 'middle', force: true })
    await expect.poll(() => received(page)).toMatch(/\x1b\[200~primary\x1b\[201~$/)
  })

  it('copies at once when the setting says so', async () => {
    const page = await openTerminal({ settings: { copyOnSelect: true } })
    await run(page, 'echo selected')
    await expect.poll(() => screen(page)).toMatch(/^selected$/m)
    await rows(page)
      .locator('span', { hasText: /^selected$/ })
      .dblclick({ force: true })
    await expect.poll(() => clipboard(page)).toBe('selected')
  })

  it('has a menu at the right button, and pastes instead when the setting says so', async () => {
    const page = await openTerminal()
    await terminal(page)
      .locator('.place')
      .click({ button: 'right', position: { x: 200, y: 200 } })
    const menu = page.getByRole('menu', { name: 'Terminal' })
    await menu.waitFor()
    expect(await menu.getByRole('menuitem', { name: /^Copy/ }).getAttribute('aria-disabled')).toBe('true')
    await menu.getByRole('menuitem', { name: /^Find/ }).click()
    await page.getByRole('search').waitFor()
    await page.keyboard.press('Escape')

    const pasting = await openTerminal({ settings: { rightClick: 'paste' } })
    await setClipboard(pasting, 'right')
    await terminal(pasting)
      .locator('.place')
      .click({ button: 'right', position: { x: 200, y: 200 } })
    await expect.poll(() => received(pasting)).toContain('right')
    expect(await pasting.getByRole('menu').count()).toBe(0)
  })
})

describe('the search', () => {
  it('counts matches, walks through them, and gives the keyboard back', async () => {
    const page = await openTerminal()
    await run(page, 'numbers 300')
    await expect.poll(() => screen(page)).toContain('line 300')
    await page.keyboard.press('Control+Shift+F')
    const search = page.getByRole('search')
    const result = search.getByRole('status')
    await page.keyboard.type('line 29')
    await expect.poll(() => result.textContent()).toBe('11 of 11')
    await page.keyboard.press('Enter')
    await expect.poll(() => result.textContent()).toBe('10 of 11')
    await page.keyboard.press('Shift+Enter')
    await expect.poll(() => result.textContent()).toBe('11 of 11')
    await search.getByRole('button', { name: 'Whole words' }).click()
    await expect.poll(() => result.textContent()).toBe('1 of 1')
    await search.getByRole('button', { name: 'Whole words' }).click()
    await search.getByRole('button', { name: 'Regular expression' }).click()
    await search.getByRole('textbox').fill('line 1(1|2)$')
    await expect.poll(() => result.textContent()).toBe('2 of 2')
    await search.getByRole('textbox').fill('line (')
    await expect.poll(() => result.textContent()).toBe('Not a pattern')
    await search.getByRole('textbox').fill('LINE 30')
    await expect.poll(() => result.textContent()).toBe('2 of 2')
    await search.getByRole('button', { name: 'Match case' }).click()
    await expect.poll(() => result.textContent()).toBe('No match')
    await expectAccessible(page)
    await page.keyboard.press('Escape')
    expect(await search.count()).toBe(0)
    await run(page, 'echo back')
    await expect.poll(() => screen(page)).toMatch(/^back$/m)
  })
})

describe('a link', () => {
  async function pointAtLink(page: Page, shown: RegExp): Promise<void> {
    const row = rows(page).locator('> div', { hasText: shown })
    const { x, y, height } = (await row.boundingBox()) ?? { x: 0, y: 0, height: 0 }
    await page.mouse.move(x + 60, y + height / 2)
    await page.mouse.move(x + 64, y + height / 2)
  }

  it('shows where it leads and opens with Ctrl held', async () => {
    const page = await openTerminal()
    await run(page, 'link')
    await expect.poll(() => screen(page)).toContain('a named link')
    await pointAtLink(page, /^https:\/\/example\.org/)
    await expect.poll(() => terminal(page).locator('.hint').textContent()).toContain('https://example.org/path')
    await page.keyboard.down('Control')
    await page.mouse.down()
    await page.mouse.up()
    await page.keyboard.up('Control')
    await expect.poll(() => page.evaluate(() => window.bowline?.controls.opened)).toEqual(['https://example.org/path'])
  })

  it('says so when it is refused', async () => {
    const page = await openTerminal()
    await run(page, 'echo https://user@example.org/path')
    await expect.poll(() => screen(page)).toMatch(/^https:/m)
    await pointAtLink(page, /^https:/)
    await expect.poll(() => terminal(page).locator('.hint').textContent()).toContain('https://user@example.org/path')
    await page.keyboard.down('Control')
    await page.mouse.down()
    await page.mouse.up()
    await page.keyboard.up('Control')
    await page.getByText(/^The link was not opened.*: https:\/\/user@example\.org\/path Copy it if you trust it\.$/).waitFor()
    expect(await page.evaluate(() => window.bowline?.controls.opened)).toEqual([])
  })
})

describe('a terminal that ended', () => {
  it('keeps its scrollback, says the status, and Enter opens it again below', async () => {
    const page = await openTerminal()
    await run(page, 'echo before')
    await run(page, 'exit 3')
    const bar = terminal(page).getByRole('status')
    await expect.poll(() => bar.textContent()).toContain('The shell on web-01 ended with status 3.')
    await expect.poll(() => screen(page)).toMatch(/^before$/m)
    await expectAccessible(page)
    await page.keyboard.type('x')
    await page.keyboard.press('Enter')
    await bar.waitFor({ state: 'detached' })
    await expect.poll(() => page.evaluate(() => window.bowlineShells?.length)).toBe(2)
    await run(page, 'echo again')
    await expect.poll(() => screen(page)).toMatch(/^before\n[^]*^again$/m)
    expect(await received(page)).toBe('echo again\r')
  })

  it('says the signal', async () => {
    const page = await openTerminal()
    await run(page, 'die')
    await expect.poll(() => terminal(page).getByRole('status').textContent()).toContain('signal KILL')
    await terminal(page).getByRole('button', { name: 'Reopen' }).click()
    await prompt(page)
  })

  it('says why it never began, and what to do', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await openHost(page, 'cache-01')
    const dialog = page.getByRole('alertdialog')
    await dialog.waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    const bar = terminal(page).getByRole('status')
    await expect.poll(() => bar.textContent()).toContain('Enter opens it again.')
    await terminal(page).getByRole('button', { name: 'Close' }).click()
    expect(await page.getByRole('tab').count()).toBe(0)
  })
})

describe.each(['dark', 'light'] as const)('in the %s theme', (theme) => {
  it.each(['en', 'zh-CN'] as const)('and in %s it is accessible', async (language) => {
    const page = await openTerminal({ theme, language })
    await run(page, 'wide')
    await expect.poll(() => screen(page)).toContain('日本語')
    await expectAccessible(page)
  })
})
