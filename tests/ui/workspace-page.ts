/** What the tests of terminals and tabs do with a page: open hosts, type, read the screen. */
import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'

/** Opens a saved host in a new tab, by the palette. */
export async function openHost(page: Page, name: string): Promise<void> {
  const tabs = await page.getByRole('tab').count()
  await page.keyboard.press('Control+Shift+P')
  const field = page.getByRole('combobox')
  await field.fill(name)
  await field.press('Enter')
  await expect.poll(() => page.getByRole('tab').count()).toBe(tabs + 1)
}

/** The terminal that has the keyboard, or the only one that can be seen. */
export function shownTerminal(page: Page): Locator {
  return page.locator('.dv-active-group section.terminal')
}

/** The text of the terminal's screen, line by line. */
export async function screen(page: Page, terminal = shownTerminal(page)): Promise<string> {
  const rows = await terminal.locator('.xterm-rows > div').allTextContents()
  return rows.map((row) => row.replaceAll('\u00a0', ' ').trimEnd()).join('\n')
}

/** Waits until the shell asks for a line. */
export async function prompt(page: Page): Promise<void> {
  await expect.poll(() => screen(page), { timeout: 5000 }).toMatch(/\$$/m)
}

export async function run(page: Page, line: string): Promise<void> {
  await page.keyboard.type(`${line}\r`)
}
