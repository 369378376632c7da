/** Pipes between hosts: written down by the keyboard, run, looked at, kept under a name; eight stages in a narrow window. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { Problem } from '../../ui/src/ipc'
import { expectAccessible, useChromium, type PageOptions } from './chromium'

const { open } = useChromium()

const card = (page: Page, n: number) => page.getByRole('group', { name: `Command ${n}`, exact: true })
const ran = (page: Page) => page.evaluate(() => window.bowline?.controls.pipes.ran ?? [])
const lost: Problem = { code: 'exec-outcome-unknown', action: 'ask', message: 'lost', params: { address: 'db', cause: 'reset' } }

async function openPipe(options: PageOptions = {}): Promise<Page> {
  const page = await open({ query: { hosts: 'few' }, ...options })
  await page.keyboard.press('Control+Shift+F7')
  await card(page, 1).waitFor()
  return page
}

async function write(page: Page, n: number, host: string, line: string): Promise<void> {
  await card(page, n).getByRole('combobox').fill(host)
  await card(page, n)
    .getByRole('textbox', { name: /^Line of/ })
    .fill(line)
}

async function runTwo(options: PageOptions = {}): Promise<Page> {
  const page = await openPipe(options)
  await write(page, 1, 'web-01', 'cat access.log')
  await write(page, 2, 'web-02', 'wc -l')
  await page.keyboard.press('Control+Enter')
  await page.getByText('It runs.').waitFor()
  return page
}

describe('a pipe', () => {
  it('is written down and run by the keyboard alone', async () => {
    const page = await openPipe()
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Host of Command 1')
    await page.keyboard.type('web-0')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await card(page, 1)
      .getByRole('textbox', { name: /^Line of/ })
      .focus()
    await page.keyboard.type('cat access.log')
    await write(page, 2, 'web-02', 'wc -l')
    await card(page, 2)
      .getByRole('textbox', { name: /^Line of/ })
      .focus()
    await page.keyboard.press('Alt+Shift+ArrowLeft')
    await expect.poll(() => card(page, 1).getByRole('combobox').inputValue()).toBe('web-02')
    await page.keyboard.press('Alt+Shift+ArrowRight')
    await page.keyboard.press('Control+Shift+F9')
    await card(page, 3).getByRole('button', { name: 'Remove Command 3' }).click()
    await page.keyboard.press('Control+Enter')
    await expect.poll(() => ran(page)).toHaveLength(1)
    expect((await ran(page))[0]).toMatchObject({ commands: [{ line: 'cat access.log' }, { line: 'wc -l' }], target: null })
  })

  it('cannot be run before every stage is filled', async () => {
    const page = await openPipe()
    const run = page.getByRole('button', { name: 'Run', exact: true })
    expect(await run.isDisabled()).toBe(true)
    await write(page, 1, 'web-01', 'ls')
    await write(page, 2, 'nowhere at all', 'wc')
    expect(await run.isDisabled()).toBe(true)
    await write(page, 2, 'web-02', 'wc')
    expect(await run.isDisabled()).toBe(false)
    await page.getByRole('button', { name: 'End with a file' }).click()
    expect(await run.isDisabled()).toBe(true)
    await page.getByRole('button', { name: 'Choose: Path of the file at the end' }).click()
    await expect.poll(() => run.isDisabled()).toBe(false)
    await expectAccessible(page)
  })

  it('keeps the keyboard at a file that is added, and at the button once it is taken away', async () => {
    const page = await openPipe()
    const focused = () =>
      page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim())
    for (const [button, end] of [
      ['Begin with a file', 'start'],
      ['End with a file', 'end'],
    ] as const) {
      await page.getByRole('button', { name: button }).press('Enter')
      await expect.poll(focused).toBe(`Path of the file at the ${end}`)
      await page.getByRole('button', { name: `Remove File at the ${end}` }).press('Enter')
      await expect.poll(focused).toBe(button)
    }
  })

  it('says what is still missing, and one tick lets all its files be written again', async () => {
    const page = await openPipe()
    const says = (text: string) => page.getByRole('toolbar', { name: 'Run the pipe' }).getByText(text).waitFor()
    const boxes = page.getByRole('checkbox', { name: 'Files may be overwritten' })
    await says('Command 1 has no host yet.')
    await write(page, 1, 'web-01', '')
    await says('Command 1 is still empty.')
    await write(page, 1, 'web-01', 'ls')
    await says('Command 2 has no host yet.')
    await write(page, 2, 'web-02', 'wc')
    expect(await boxes.count()).toBe(0)
    await card(page, 1).getByRole('checkbox', { name: 'Also into a file' }).check()
    await says('The file beside command 1 has no path yet.')
    await page.getByRole('button', { name: 'Begin with a file' }).click()
    await says('The file at the start has no path yet.')
    await page.getByRole('button', { name: 'Remove File at the start' }).click()
    const path = '/home/ada/a/path/of/many/letters'
    await card(page, 1)
      .getByRole('textbox', { name: /^File that gets/ })
      .fill(path)
    await boxes.check()
    await expectAccessible(page)
    if (process.env['BOWLINE_PICTURES']) await page.screenshot({ path: 'target/screenshots/pipes-form.png' })
    await page.keyboard.press('Control+Enter')
    await expect
      .poll(() => ran(page))
      .toMatchObject([{ target: null, overwrite: true, commands: [{ tee: path }, { tee: null }] }])
  })

  it('keeps the keyboard where it goes on, and covers nothing with its list of hosts', async () => {
    const page = await openPipe()
    const focused = () =>
      page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent)
    await expect.poll(focused).toBe('Host of Command 1')
    expect(await page.getByRole('option').count()).toBe(0)
    await page.keyboard.press('Control+Shift+F9')
    await expect.poll(focused).toBe('Host of Command 3')
    expect(await page.getByRole('option').count()).toBe(0)
    await card(page, 3).getByRole('button', { name: 'Remove Command 3' }).click()
    await card(page, 1)
      .getByRole('textbox', { name: /^Line of/ })
      .focus()
    await page.keyboard.press('Shift+Tab')
    await page.getByRole('option', { name: 'web-01' }).waitFor()
    await page.keyboard.press('Escape')
    await card(page, 2).getByRole('combobox').click()
    await page.getByRole('option', { name: 'web-01' }).waitFor()
    await page.keyboard.press('Escape')
    await write(page, 1, 'web-01', 'ls')
    await write(page, 2, 'web-02', 'wc')
    await page.getByRole('button', { name: 'Run', exact: true }).press('Enter')
    await expect.poll(focused).toMatch(/^Stop/)
    await page.keyboard.press('Enter')
    await page.getByText('It was stopped.').waitFor()
    await expect.poll(focused).toMatch(/^Run again/)
  })

  it('is seen as it runs, and told in words when it has ended', async () => {
    const page = await runTwo()
    expect(await page.getByText('732 MB').count()).toBe(1)
    expect(await page.getByText('53 MB/s').count()).toBe(2)
    await expectAccessible(page)
    await page.evaluate((problem) => {
      window.bowline?.controls.pipes.change(null, {
        running: false,
        status: 255,
        endedMs: Date.now() + 65_000,
        stages: [
          { state: 'ended', end: { kind: 'exited', status: 0 }, stderrBytes: 26, teeProblem: null },
          { state: 'ended', end: { kind: 'unknown', problem }, stderrBytes: 0, teeProblem: null },
        ],
        left: ['/home/ada/out.bin.bowline-part'],
      })
    }, lost)
    await page.getByText('web-01 ended with 0.').waitFor()
    await page.getByText(/web-02 was cut off: outcome unknown/).waitFor()
    await page.getByText('/home/ada/out.bin.bowline-part').waitFor()
    expect(await page.locator('.picture .dot').evaluateAll((dots) => dots.map((dot) => dot.getAttribute('data-shape')))).toEqual([
      'up',
      'down',
    ])
    await page.getByText('warning: two').waitFor()
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Run again' }).click()
    await expect.poll(() => ran(page)).toHaveLength(2)
  })

  it('is stopped by its key, and asks before a tab with one that runs is closed', async () => {
    const page = await runTwo()
    await page.keyboard.press('Control+Shift+W')
    await page.getByText('This pipe runs. To close it ends its programs.').waitFor()
    await page.getByRole('button', { name: 'Keep it open' }).click()
    await page.keyboard.press('Control+Shift+F10')
    await page.getByText('It was stopped.').waitFor()
    expect(await page.evaluate(() => window.bowline?.controls.pipes.stopped.length)).toBe(1)
    await page.keyboard.press('Control+Shift+W')
    await expect.poll(() => page.getByRole('region', { name: 'Pipe between hosts' }).count()).toBe(0)
  })

  it('is kept under a name, and the palette opens it without running it', async () => {
    const page = await openPipe()
    await write(page, 1, 'web-01', 'ls')
    await card(page, 2).getByRole('button', { name: 'Remove Command 2' }).click()
    await page.getByText('Keep it under a name').click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Nightly')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('It is kept as Nightly').waitFor()
    await page.keyboard.press('Control+Shift+W')
    await page.keyboard.press('Control+Shift+P')
    await page.getByRole('combobox').fill('the pipe Nightly')
    await page.keyboard.press('Enter')
    await expect.poll(() => card(page, 1).getByRole('combobox').inputValue()).toBe('web-01')
    expect(await ran(page)).toEqual([])
  })

  it('begins at a host by its menu', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await page.getByRole('treeitem', { name: /web-02/ }).click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Pipe from here…' }).click()
    await expect.poll(() => card(page, 1).getByRole('combobox').inputValue()).toBe('web-02')
  })

  it.each([
    ['dark', 'en'],
    ['light', 'zh-CN'],
  ] as const)('of eight stages fits a narrow window, in %s and %s', async (theme, language) => {
    const page = await open({ query: { hosts: 'few' }, theme, language, size: { width: 620, height: 700 } })
    await page.keyboard.press('Control+Shift+F7')
    const cards = page.locator('fieldset.card')
    await cards.first().waitFor()
    for (let n = 3; n <= 8; n++) await page.keyboard.press('Control+Shift+F9')
    await expect.poll(() => cards.count()).toBe(8)
    await page.keyboard.press('Control+Shift+F9')
    expect(await cards.count()).toBe(8)
    for (let n = 0; n < 8; n++) {
      await cards
        .nth(n)
        .getByRole('combobox')
        .fill(n % 2 === 0 ? 'web-01' : 'web-02')
      await cards.nth(n).locator('textarea').fill('cat')
    }
    const wide = () => page.locator('section.pipe').evaluate((one) => one.scrollWidth > one.clientWidth)
    expect(await wide()).toBe(false)
    await expectAccessible(page)
    await page.keyboard.press('Control+Enter')
    await page.locator('.picture').waitFor()
    expect(await wide()).toBe(false)
    await expectAccessible(page)
  })
})
