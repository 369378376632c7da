/** Input for many terminals in Chromium over the fake engine. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium, type PageOptions } from './chromium'
import { openHost, prompt, screen } from './workspace-page'

const { open } = useChromium()

async function openTabs(hosts: string[], options: PageOptions = {}): Promise<Page> {
  const page = await open({ query: { hosts: 'few' }, ...options })
  for (const host of hosts) await openHost(page, host)
  await prompt(page)
  return page
}

/** What each shell has got, in the order of opening. */
const received = (page: Page) =>
  page.evaluate(() => {
    const decoder = new TextDecoder()
    return (window.bowlineShells ?? []).map((shell) => shell.received.map((bytes) => decoder.decode(bytes)).join(''))
  })
const frames = (page: Page) => page.locator('.frame')
const dialog = (page: Page) => page.getByRole('dialog', { name: 'Broadcast input' })

async function broadcastToAll(page: Page): Promise<void> {
  await page.keyboard.press('Control+Shift+Alt+B')
  await dialog(page)
    .getByRole('button', { name: /^All open/ })
    .click()
  await page.getByRole('button', { name: /^Broadcast to \d/ }).click()
  await frames(page).first().waitFor()
}

describe('a broadcast', () => {
  it('goes to the chosen terminals and to no other', async () => {
    const page = await openTabs(['web-01', 'web-02', 'db-primary'])
    await page.keyboard.press('Control+Shift+Alt+B')
    const start = page.getByRole('button', { name: /^Broadcast to/ })
    await expect.poll(() => start.isDisabled()).toBe(true)
    await dialog(page)
      .getByRole('checkbox', { name: /web-01/ })
      .check()
    await expectAccessible(page)
    await start.click()
    await frames(page).first().waitFor()
    await expect.poll(() => page.getByRole('tab', { name: /in the broadcast/ }).count()).toBe(2)
    await page.getByText('Typing goes to 2 terminals: web-01, db-primary').waitFor()
    await expectAccessible(page)
    await page.keyboard.type('echo all\r')
    await expect.poll(() => received(page)).toEqual(['echo all\r', '', 'echo all\r'])
    await page.keyboard.press('Alt+1')
    await page.keyboard.type('x')
    await expect.poll(() => received(page)).toEqual(['echo all\rx', '', 'echo all\rx'])
    await page.keyboard.press('Alt+2')
    await page.keyboard.type('y')
    await expect.poll(() => received(page)).toEqual(['echo all\rx', 'y', 'echo all\rx'])
  })

  it('is of one window: a terminal that goes to another one takes part no more', async () => {
    const page = await openTabs(['web-01', 'web-02', 'db-primary'])
    await broadcastToAll(page)
    await page.keyboard.press('Control+Shift+Alt+PageUp')
    await expect.poll(() => page.getByRole('tab').count()).toBe(2)
    await page.getByText('db-primary has left the broadcast: 2 remain').waitFor()
    await page.keyboard.type('ls')
    await expect.poll(() => received(page)).toEqual(['ls', 'ls', ''])
  })

  it('ends by the key that began it, by its frame and in the strip', async () => {
    const page = await openTabs(['web-01', 'web-02'])
    for (const stop of [
      () => page.keyboard.press('Control+Shift+Alt+B'),
      () => frames(page).getByRole('button', { name: 'Stop the broadcast to 2 terminals' }).click(),
      () => page.getByRole('button', { name: 'Broadcast · 2: stop' }).click(),
    ]) {
      await broadcastToAll(page)
      await stop()
      await expect.poll(() => frames(page).count()).toBe(0)
    }
    await page.keyboard.type('alone')
    await expect.poll(() => received(page)).toEqual(['', 'alone'])
  })

  it('asks once about a paste for all, and sends it as each program wants it', async () => {
    const page = await openTabs(['web-01', 'web-02'])
    await page.keyboard.type('paste off\r')
    await broadcastToAll(page)
    await page.evaluate(() => void window.bowline?.controls.setClipboard('one\ntwo\x1b[201~'))
    await page.keyboard.press('Control+Shift+V')
    const question = page.getByRole('alertdialog')
    await question.getByText('this goes to 2 terminals').waitFor()
    await expectAccessible(page)
    await question.getByRole('button', { name: 'Paste' }).click()
    await expect.poll(() => received(page)).toEqual(['\x1b[200~one\rtwo\x1b[201~', 'paste off\rone\rtwo'])
  })

  it('passes on what a person types and nothing that a program makes the terminal say', async () => {
    const page = await openTabs(['web-01', 'web-02'])
    await broadcastToAll(page)
    await page.evaluate(() => window.bowlineShells?.[1]?.say('\x1b[c\x1b[6n\x1b]11;?\x07\x1b[?25$p'))
    await expect.poll(async () => (await received(page))[1]).toContain('R')
    await page.keyboard.press('ArrowUp')
    await expect.poll(async () => (await received(page))[0]).toBe('\x1b[A')
  })

  it('is left by a terminal that ends, and stops when one remains', async () => {
    const page = await openTabs(['web-01', 'web-02', 'db-primary'])
    await broadcastToAll(page)
    await page.evaluate(() => window.bowlineShells?.[0]?.write(new TextEncoder().encode('exit\r')))
    await page.getByText('web-01 has left the broadcast: 2 remain').waitFor()
    await expect.poll(() => frames(page).first().textContent()).toContain('Broadcast · 2')
    await page.keyboard.press('Control+Shift+W')
    await page.getByText('The broadcast has stopped').waitFor()
    await expect.poll(() => frames(page).count()).toBe(0)
  })

  it('is joined and left by name, and is gone after a reload', async () => {
    const page = await openTabs(['web-01', 'web-02', 'db-primary'])
    await broadcastToAll(page)
    await page.getByRole('tab', { name: /db-primary/ }).click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Leave the broadcast' }).click()
    await page.getByText('db-primary has left the broadcast: 2 remain').waitFor()
    await page.getByRole('tab', { name: /db-primary/ }).click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Join the broadcast' }).click()
    await page.getByText('db-primary has joined the broadcast: 3 terminals').waitFor()
    await page.reload()
    await page.getByRole('navigation').waitFor()
    expect(await page.getByRole('button', { name: /^Broadcast ·/ }).count()).toBe(0)
  })

  it('tells no server the size of a tab that was never on the screen, and lays it out when it is', async () => {
    const page = await open({ query: { hosts: 'few', last: 'some' } })
    await page.getByRole('button', { name: 'Bring them back' }).click()
    await expect.poll(() => page.getByRole('tab').count()).toBe(5)
    await page.keyboard.press('Alt+1')
    await prompt(page)
    const sizes = () => page.evaluate(() => (window.bowlineShells ?? []).map((shell) => shell.sizes))
    const attached = () => page.evaluate(() => window.bowline?.controls.attached())
    await broadcastToAll(page)
    await expect.poll(attached).toBe(5)
    await page.keyboard.type('echo all\r')
    await expect.poll(() => received(page)).toEqual(Array(5).fill('echo all\r'))
    const cameWith = await page.evaluate(() => window.bowline?.controls.attachedWith())
    // One that could be seen for a moment came with the size of its pane, and none with what xterm.js begins with.
    expect(cameWith?.slice(1).flat()).toContain(null)
    expect(cameWith?.flat()).not.toContainEqual({ cols: 80, rows: 24 })
    await page.keyboard.press('Alt+3')
    await expect.poll(async () => (await sizes())[2]?.at(-1)?.cols).toBeGreaterThan(80)
    await expect.poll(() => screen(page)).toMatch(/echo all\nall\n/)
  })

  it('gives a terminal that waits nothing', async () => {
    const page = await openTabs(['web-01', 'web-02'])
    await broadcastToAll(page)
    await page.keyboard.press('Alt+1')
    await page.evaluate(() =>
      window.bowline?.controls.lose('web-01', { code: 'connection-reset', message: 'gone', action: 'retry', params: {} }, 60_000),
    )
    await expect.poll(() => page.locator('section.terminal[data-state="waiting"]').count()).toBe(1)
    await page.keyboard.type('lost')
    await page.keyboard.press('Alt+2')
    await page.keyboard.type('z')
    await expect.poll(() => received(page)).toEqual(['', 'z'])
  })
})
