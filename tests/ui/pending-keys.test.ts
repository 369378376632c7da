/** Keys that are typed while a terminal waits for its connection: shown, and sent or discarded as the person says. */
import type { Locator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium, type PageOptions } from './chromium'
import { heal, lose, resetProblem } from './connection-states'
import { openHost, prompt, run, screen, shownTerminal } from './workspace-page'

const { open } = useChromium()
const LABEL = 'Typed while the connection was away'

const bar = (page: Page): Locator => shownTerminal(page).locator('.bar')
const keys = (page: Page): Locator => shownTerminal(page).locator('.keys')
const press = (page: Page, name: string) => bar(page).getByRole('button', { name, exact: true }).click()

/** What the fake shells got after the terminal was lost. */
function sent(page: Page): Promise<string> {
  return page.evaluate(() => {
    const bytes = (window.bowlineShells ?? []).slice(1).flatMap((shell) => shell.received.map((piece) => [...piece]))
    return new TextDecoder().decode(Uint8Array.from(bytes.flat()))
  })
}

async function openTerminal(options: PageOptions = {}): Promise<Page> {
  const page = await open({ query: { hosts: 'few' }, ...options })
  await openHost(page, 'web-01')
  await prompt(page)
  return page
}

/** A terminal that was lost, in which `text` was typed, and whose shell is there again. */
async function typedMeanwhile(text: string, page?: Page): Promise<Page> {
  page ??= await openTerminal()
  await lose(page, 'web-01', resetProblem(), 20_000)
  await bar(page).waitFor()
  await heal(page, 'web-01')
  await page.keyboard.type(text)
  await bar(page).getByText('The shell is back. Send what you typed meanwhile?').waitFor()
  return page
}

describe('keys that are typed while the connection is away', () => {
  it('are shown as they are typed, and can be discarded at once', async () => {
    const page = await openTerminal()
    await lose(page, 'web-01', resetProblem(), 20_000)
    await bar(page).waitFor()
    expect(await keys(page).count()).toBe(0)
    await page.keyboard.type('ls -l')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Control+c')
    await page.keyboard.press('Enter')
    expect(await keys(page).textContent()).toBe('ls -l↑␃⏎')
    await expectAccessible(page)
    await press(page, 'Discard these keys')
    expect(await keys(page).count()).toBe(0)
  })

  it('are sent once, in order with what is typed while the question is open', async () => {
    const page = await typedMeanwhile('echo on')
    expect(await sent(page)).toBe('')
    expect(await page.evaluate(() => document.activeElement?.closest('.xterm') !== null)).toBe(true)
    await page.keyboard.type('ce')
    expect(await keys(page).textContent()).toBe('echo once')
    await expectAccessible(page)
    await press(page, 'Send')
    await bar(page).waitFor({ state: 'detached' })
    await page.keyboard.press('Enter')
    await expect.poll(() => screen(page)).toMatch(/^once$/m)
    expect(await sent(page)).toBe('echo once\r')
  })

  it('are not sent by an Enter that is typed blindly', async () => {
    const page = await typedMeanwhile('rm -rf x')
    await page.keyboard.press('Enter')
    expect(await keys(page).textContent()).toBe('rm -rf x⏎')
    expect(await sent(page)).toBe('')
    await press(page, 'Discard')
    await bar(page).waitFor({ state: 'detached' })
    await run(page, 'echo clean')
    await expect.poll(() => screen(page)).toMatch(/^clean$/m)
    expect(await sent(page)).toBe('echo clean\r')
  })

  it('are answered for by keys alone, and Esc in the bar discards', async () => {
    const page = await typedMeanwhile('echo keyed')
    await page.keyboard.press('Control+Shift+Alt+Enter')
    await bar(page).waitFor({ state: 'detached' })
    await page.keyboard.press('Enter')
    await expect.poll(() => screen(page)).toMatch(/^keyed$/m)
    await typedMeanwhile('echo two', page)
    await page.keyboard.press('Control+Shift+Backspace')
    await bar(page).waitFor({ state: 'detached' })
    await typedMeanwhile('echo three', page)
    await bar(page).getByRole('button', { name: 'Send', exact: true }).focus()
    await page.keyboard.press('Escape')
    await bar(page).waitFor({ state: 'detached' })
    await run(page, 'echo end')
    await expect.poll(() => screen(page)).toMatch(/^end$/m)
    expect(await sent(page)).toBe('echo keyed\recho end\r')
  })

  it('are at most 4 KiB, and what comes behind is not kept', async () => {
    const page = await openTerminal()
    await lose(page, 'web-01', resetProblem(), 20_000)
    await bar(page).waitFor()
    await page.evaluate((text) => window.bowline?.controls.setClipboard(text), 'x'.repeat(4000))
    await page.keyboard.press('Control+Shift+V')
    await expect.poll(() => keys(page).textContent()).toHaveLength(4000)
    await page.evaluate((text) => window.bowline?.controls.setClipboard(text), 'y'.repeat(97))
    await page.keyboard.press('Control+Shift+V')
    await page.getByText('Too long: nothing more is kept.').waitFor()
    await page.keyboard.type('z')
    expect(await keys(page).textContent()).toBe('x'.repeat(4000))
    await expectAccessible(page)
  })

  it('stay when the shell does not come back, to be copied, discarded or offered to the next one', async () => {
    const page = await openTerminal()
    await lose(page, 'web-01', resetProblem(), 20_000)
    await bar(page).waitFor()
    await page.keyboard.type('echo lonn')
    await page.keyboard.press('Backspace')
    await page.keyboard.type('g')
    await press(page, 'Give up')
    const kept = page.getByRole('group', { name: LABEL }).filter({ hasText: 'The shell did not come back.' })
    await kept.waitFor()
    await expectAccessible(page)
    expect(await keys(page).textContent()).toBe('echo lonn⌫g')
    await kept.getByRole('button', { name: 'Copy' }).click()
    await expect.poll(() => page.evaluate(() => window.bowline?.controls.clipboard())).toBe('echo long')
    await heal(page, 'web-01')
    await press(page, 'Reopen')
    await bar(page).getByText('The shell is back. Send what you typed meanwhile?').waitFor()
    expect(await sent(page)).toBe('')
    await page.keyboard.type('er')
    await press(page, 'Send')
    await page.keyboard.press('Enter')
    await expect.poll(() => screen(page)).toMatch(/^longer$/m)
    expect(await sent(page)).toBe('echo lonn\x7fger\r')
  })

  it('are offered to no next one once they were discarded', async () => {
    const page = await openTerminal()
    await lose(page, 'web-01', resetProblem(), 20_000)
    await bar(page).waitFor()
    await page.keyboard.type('secret')
    await press(page, 'Give up')
    await press(page, 'Discard')
    await heal(page, 'web-01')
    await press(page, 'Reopen')
    // Below that of the lost shell.
    await expect.poll(async () => (await screen(page)).match(/\$ *$/gm)?.length).toBe(2)
    await run(page, 'echo new')
    await expect.poll(() => screen(page)).toMatch(/^new$/m)
    expect(await sent(page)).toBe('echo new\r')
    expect(await page.getByRole('group', { name: LABEL }).count()).toBe(0)
  })
})

describe('the form of a host', () => {
  it('has a start-up command and a place for its shells, and takes no line end', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await page.getByRole('button', { name: 'Add a host' }).first().click()
    await page.getByLabel('Address', { exact: true }).fill('box.example')
    await page.getByText('In each terminal: a command, tmux or screen').click()
    await page.getByLabel('Start-up command').fill('cd /srv && ls')
    await page.getByLabel('Shells live in').selectOption('tmux')
    await page.getByText('A lost connection finds the same shell again.').waitFor()
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    const saved = await page.evaluate(() => window.bowline?.controls.hosts().find((host) => host.address === 'box.example'))
    expect(saved?.options).toMatchObject({ startupCommand: 'cd /srv && ls', multiplexer: 'tmux' })
  })
})
