/** Local shells, transcripts, recordings and playing them, in Chromium over the fake engine. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium } from './chromium'
import { openHost, prompt, run, screen } from './workspace-page'

const { open } = useChromium()

async function runAction(page: Page, name: string): Promise<void> {
  await page.keyboard.press('Control+Shift+P')
  await page.getByRole('combobox').fill(name)
  await page.getByRole('combobox').press('Enter')
}

describe('a local shell', () => {
  it('opens by a key and by a button, and has nothing to do with a connection', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await page.keyboard.press('Control+Shift+Alt+M')
    await prompt(page)
    await run(page, 'echo here')
    await expect.poll(() => screen(page)).toMatch(/^here$/m)
    await page.getByRole('button', { name: 'New local terminal' }).click()
    await expect.poll(() => page.getByRole('tab', { name: 'Local shell' }).count()).toBe(2)
    expect(await page.getByRole('contentinfo').textContent()).toContain('Local shell')
    await prompt(page)
    await run(page, 'exit 3')
    await page.getByText('The local shell ended with status 3.').waitFor()
    await page.keyboard.press('Enter')
    await prompt(page)
  })
})

describe('a terminal that is written to files', () => {
  it('says so in its tab, until it ends or the disk is full', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await openHost(page, 'web-01')
    await prompt(page)
    await page.keyboard.press('Control+Shift+Alt+R')
    await page.getByRole('tab', { name: 'web-01, recording' }).waitFor()
    await page.keyboard.press('Control+Shift+Alt+L')
    await page.getByRole('tab', { name: 'web-01, recording, transcript on' }).waitFor()
    await page.getByText('What you type is not recorded.').waitFor()
    await expectAccessible(page)
    await page.evaluate(() => window.bowline?.controls.failCapture(1))
    await page.getByText('No space left on device').waitFor()
    await expect.poll(() => page.getByRole('tab', { name: 'recording' }).count()).toBe(0)
  })
})

describe('a recording', () => {
  it('is played, moved and sped up by buttons and by keys', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await runAction(page, 'Open a recording')
    const bar = page.getByRole('group', { name: 'Playback of web-01-20261121-101500' })
    await bar.waitFor()
    await prompt(page)
    await bar.getByRole('button', { name: 'Pause' }).click()
    const place = bar.getByRole('slider', { name: 'Position' })
    await bar.getByRole('button', { name: 'Forward 5 seconds' }).click()
    await expect.poll(async () => Number(await place.inputValue())).toBeGreaterThanOrEqual(5000)
    await place.focus()
    await page.keyboard.press('End')
    await expect.poll(() => bar.textContent()).toContain('1:05 / 1:05')
    await page.keyboard.press('Control+Shift+J')
    await page.keyboard.press('Home')
    await expect.poll(() => bar.textContent()).toContain('0:00 / 1:05')
    for (const key of ['>', '>', 's']) await page.keyboard.press(key)
    await expect.poll(() => bar.getByRole('combobox', { name: 'Speed' }).inputValue()).toBe('4')
    expect(await bar.getByRole('checkbox', { name: 'Skip pauses' }).isChecked()).toBe(true)
    await page.keyboard.press(' ')
    await bar.getByRole('button', { name: 'Pause' }).waitFor()
    await expectAccessible(page)
    // Nothing of it was typed into anything.
    expect(await page.evaluate(() => window.bowlineShells?.at(-1)?.received.length)).toBe(0)
  })

  it('keeps its size, whatever that of the window', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await runAction(page, 'Open a recording')
    await prompt(page)
    const size = () => page.evaluate(() => window.bowlineShells?.at(-1)?.sizes.at(-1))
    await expect.poll(size).toMatchObject({ cols: 80, rows: 24 })
    await page.setViewportSize({ width: 700, height: 420 })
    await expect.poll(() => page.locator('.xterm-rows').evaluate((it) => it.getBoundingClientRect().right)).toBeLessThan(700)
    expect(await size()).toMatchObject({ cols: 80, rows: 24 })
    await expect.poll(() => page.locator('.xterm-rows > div').count()).toBe(24)
  })
})
