/** Marks of commands in the margin, in Chromium over the fake engine: what they look like, their menu, their keys. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium, type PageOptions } from './chromium'
import { openHost, prompt, run, screen, shownTerminal as terminal } from './workspace-page'

const { open } = useChromium()

/** A terminal whose shell sets marks and has run a few commands. */
async function openMarked(options: PageOptions = {}): Promise<Page> {
  const page = await open({ query: { hosts: 'few' }, ...options })
  await openHost(page, 'web-01')
  await prompt(page)
  for (const line of ['marks', 'echo one', 'false', 'numbers 3']) await run(page, line)
  await expect.poll(() => marks(page).count()).toBe(3)
  return page
}

const marks = (page: Page) => terminal(page).locator('.command-mark')
const names = (page: Page) => marks(page).evaluateAll((all) => all.map((mark) => mark.getAttribute('aria-label')))
const clipboard = (page: Page) => page.evaluate(() => window.bowline?.controls.clipboard())
const received = (page: Page) =>
  page.evaluate(() => {
    const decoder = new TextDecoder()
    return (window.bowlineShells?.at(-1)?.received ?? []).map((bytes) => decoder.decode(bytes)).join('')
  })
const menu = (page: Page) => page.getByRole('menu')
const isInTerminal = (page: Page) => page.evaluate(() => document.activeElement?.closest('.xterm') !== null)

describe('marks of commands', () => {
  it('stand beside their lines, with a name, a colour and a shape', async () => {
    const page = await openMarked()
    expect(await names(page)).toEqual(['echo one: ended well', 'false: failed with status 1', 'numbers 3: ended well'])
    const shapes = await marks(page).evaluateAll((all) =>
      all.map((mark) => {
        const { borderRadius, clipPath, backgroundColor } = getComputedStyle(mark, '::before')
        return [borderRadius, clipPath === 'none', backgroundColor]
      }),
    )
    expect(shapes[0]).not.toEqual(shapes[1])
    expect(shapes[0]?.[0]).not.toBe(shapes[1]?.[0])
    expect(shapes[0]?.[1]).not.toBe(shapes[1]?.[1])
    // In the line in which the command was typed.
    const rows = terminal(page).locator('.xterm-rows > div')
    const row = await rows.filter({ hasText: /\$ false/ }).boundingBox()
    const mark = await marks(page).nth(1).boundingBox()
    expect(Math.abs((row?.y ?? 0) - (mark?.y ?? 99))).toBeLessThan(2)
    expect((mark?.x ?? 99) + (mark?.width ?? 99)).toBeLessThanOrEqual((row?.x ?? 0) + 1)
    await expectAccessible(page)
  })

  it.each(['light', 'dark'] as const)('can be told from the background when the window is %s', async (theme) => {
    const page = await openMarked({ theme })
    await expectAccessible(page)
  })

  it('have a menu that works by mouse', async () => {
    const page = await openMarked()
    await marks(page).nth(2).click()
    await expect.poll(() => menu(page).getAttribute('aria-label')).toBe('numbers 3: ended well')
    await expectAccessible(page)
    await page.getByRole('menuitem', { name: 'Copy its output' }).click()
    await expect.poll(() => clipboard(page)).toBe('line 1\nline 2\nline 3')
    await expect.poll(() => isInTerminal(page)).toBe(true)
    await marks(page).nth(0).click()
    await page.getByRole('menuitem', { name: 'Copy the command' }).click()
    await expect.poll(() => clipboard(page)).toBe('echo one')
    // What wrote nothing has nothing to copy.
    await marks(page).nth(1).click()
    expect(await page.getByRole('menuitem', { name: 'Copy its output' }).getAttribute('aria-disabled')).toBe('true')
  })

  it('have a menu that works by keys, and type a command again without running it', async () => {
    const page = await openMarked()
    await page.keyboard.press('Control+Shift+ArrowUp')
    await page.keyboard.press('Control+Shift+ArrowUp')
    await expect.poll(() => terminal(page).locator('.command-said').textContent()).toBe('false: failed with status 1')
    await expect.poll(() => terminal(page).locator('.command-mark.current').getAttribute('aria-label')).toContain('false')
    await page.keyboard.press('Control+Shift+Alt+K')
    await expect.poll(() => menu(page).getAttribute('aria-label')).toBe('false: failed with status 1')
    await page.getByRole('menuitem', { name: 'Type it again' }).press('Enter')
    await expect.poll(() => isInTerminal(page)).toBe(true)
    await expect.poll(() => screen(page)).toMatch(/\$ false\s*$/)
    expect(await received(page)).toMatch(/false\x1b\[201~$/)
    expect(await marks(page).count()).toBe(3)
  })

  it('are gone to by key, also above the screen, and back', async () => {
    const page = await openMarked()
    await run(page, 'numbers 200')
    await run(page, 'echo last')
    await expect.poll(() => names(page)).toContain('echo last: ended well')
    for (let step = 0; step < 4; step++) await page.keyboard.press('Control+Shift+ArrowUp')
    await expect.poll(() => screen(page)).toContain('$ false')
    for (let step = 0; step < 8; step++) await page.keyboard.press('Control+Shift+ArrowUp')
    await expect.poll(() => terminal(page).locator('.command-mark.current').getAttribute('aria-label')).toContain('echo one')
    for (let step = 0; step < 6; step++) await page.keyboard.press('Control+Shift+ArrowDown')
    await expect.poll(() => screen(page)).toContain('$ echo last')
    expect(await terminal(page).locator('.command-mark.current').count()).toBe(0)
    await expect.poll(() => terminal(page).locator('.command-said').textContent()).toBe('At the prompt')
  })

  it('give the last output to the clipboard and to the selection by key', async () => {
    const page = await openMarked()
    await page.keyboard.press('Control+Shift+Alt+C')
    await expect.poll(() => clipboard(page)).toBe('line 1\nline 2\nline 3')
    await page.keyboard.press('Control+Shift+Alt+E')
    await page.keyboard.press('Control+Shift+C')
    await expect.poll(() => clipboard(page)).toMatch(/^line 1\nline 2\nline 3\s*$/)
    await run(page, 'false')
    await expect.poll(() => marks(page).count()).toBe(4)
    await page.keyboard.press('Control+Shift+Alt+C')
    await page.getByText('This command wrote nothing.').waitFor()
  })

  it('are not there without marks of the shell, nor on another page', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await openHost(page, 'web-01')
    await prompt(page)
    await run(page, 'echo one')
    expect(await marks(page).count()).toBe(0)
    await page.keyboard.press('Control+Shift+ArrowUp')
    // The key belongs to the program then.
    await expect.poll(() => received(page)).toContain('\x1b[1;6A')
  })
})

describe('the host form', () => {
  it('has a switch for them, off unless wanted', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await page.keyboard.press('Control+Shift+A')
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Address').fill('marked')
    await dialog.getByText('Advanced').click()
    const field = dialog.getByLabel('Mark commands in the terminal')
    expect(await field.isChecked()).toBe(false)
    await field.check()
    await dialog.getByRole('button', { name: 'Save', exact: true }).click()
    await expect
      .poll(() => page.evaluate(() => window.bowline?.controls.hosts().find(({ address }) => address === 'marked')?.options))
      .toMatchObject({ shellIntegration: true })
  })
})
