/** What a program on a server may do with the clipboard, and a terminal that is put back in order. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium } from './chromium'
import { openHost, prompt, run, screen, shownTerminal } from './workspace-page'

const { open } = useChromium()

async function openTerminal(options?: Parameters<typeof open>[0]): Promise<Page> {
  const page = await open({ query: { hosts: 'few' }, ...options })
  await openHost(page, 'web-01')
  await prompt(page)
  return page
}

const osc52 = (text: string) => `printf \\e]52;c;${Buffer.from(text).toString('base64')}\\a`
const clipboard = (page: Page) => page.evaluate(() => window.bowline?.controls.clipboard())
const bar = (page: Page) => page.getByRole('group', { name: 'Request for the clipboard' })

describe('a program that sets the clipboard', () => {
  it('has to be allowed, and takes no focus', async () => {
    const page = await openTerminal()
    await run(page, osc52('from the server'))
    await bar(page).getByText('from the server').waitFor()
    await expectAccessible(page)
    expect(await clipboard(page)).toBe('')
    await run(page, 'echo still typing')
    await expect.poll(() => screen(page)).toMatch(/^still typing$/m)
    await bar(page).getByRole('button', { name: 'Allow once' }).click()
    await expect.poll(() => clipboard(page)).toBe('from the server')
    expect(await bar(page).count()).toBe(0)
  })

  it('is answered by keyboard, for good, and that can be taken back', async () => {
    const page = await openTerminal()
    await run(page, osc52('one'))
    await bar(page).waitFor()
    await page.keyboard.press('Control+Shift+Alt+V')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await expect.poll(() => clipboard(page)).toBe('one')
    await run(page, osc52('two'))
    await expect.poll(() => clipboard(page)).toBe('two')
    await page.keyboard.press('Control+,')
    await page.getByRole('dialog').getByRole('tab', { name: 'Terminal' }).click()
    await page.getByText('web-01: allowed').waitFor()
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Ask again for web-01' }).click()
    await page.keyboard.press('Escape')
    // A dialog that is still going keeps every key.
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('Control+Shift+J')
    await run(page, osc52('three'))
    await bar(page).waitFor()
    expect(await clipboard(page)).toBe('two')
  })

  it('never gets to read it', async () => {
    const page = await openTerminal()
    await page.evaluate(() => window.bowline?.controls.setClipboard('secret'))
    await run(page, 'printf \\e]52;c;?\\a')
    await run(page, 'echo done')
    await expect.poll(() => screen(page)).toMatch(/^done$/m)
    const sent = await page.evaluate(() =>
      window.bowlineShells?.flatMap((shell) => shell.received.map((bytes) => [...bytes])).flat(),
    )
    expect(String.fromCharCode(...(sent ?? []))).not.toMatch(/\]52;c;c|c2VjcmV0|secret/)
    expect(await bar(page).count()).toBe(0)
  })
})

it('a terminal is put back in order at a click', async () => {
  const page = await openTerminal()
  await run(page, 'printf \\e(0\\e[?25l\\e[?1000h\\e[41m')
  await run(page, 'echo abc')
  await expect.poll(() => screen(page)).toMatch(/^▒␉␌$/m)
  await shownTerminal(page)
    .locator('.xterm-screen')
    .click({ button: 'right', modifiers: ['Shift'] })
  await page.getByRole('menuitem', { name: /^Reset the terminal/ }).click()
  await run(page, 'echo abc')
  await expect.poll(() => screen(page)).toMatch(/^abc$/m)
})
