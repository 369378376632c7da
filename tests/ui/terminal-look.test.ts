/** Colours, contrast, screen readers and composed text of terminals. */
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

async function settingsPage(page: Page, name: string): Promise<void> {
  await page.keyboard.press('Control+,')
  await page.getByRole('dialog').getByRole('tab', { name }).click()
}

const background = (page: Page) =>
  shownTerminal(page)
    .locator('.terminal-surface')
    .evaluate((element) => getComputedStyle(element).backgroundColor)
/** The colour of the last span of the terminal that shows a text. */
const colourOf = (page: Page, text: string) =>
  page.evaluate((wanted) => {
    const spans = [...document.querySelectorAll<HTMLElement>('.xterm-rows span')].filter((span) => span.textContent === wanted)
    const last = spans.at(-1)
    return last ? getComputedStyle(last).color : null
  }, text)

const NORD = 'rgb(46, 52, 64)'
const SCHEME = { name: 'Mine', background: '#102030', foreground: '#ffffff', cursorColor: '#ffffff' }
const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'purple', 'cyan', 'white']
const bright = (name: string) => `bright${name[0]?.toUpperCase()}${name.slice(1)}`
const imported = JSON.stringify({
  ...SCHEME,
  ...Object.fromEntries(NAMES.flatMap((name) => [name, bright(name)]).map((name, n) => [name, `#8899${(16 + n).toString(16)}`])),
})

describe('colours of a terminal', () => {
  it('are those chosen for the theme of the window, with a look at them', async () => {
    const page = await openTerminal()
    await settingsPage(page, 'Text and colours')
    await page.getByLabel('Colours while the window is dark').selectOption('nord')
    await page.getByRole('img', { name: 'Preview of Nord' }).waitFor()
    await expectAccessible(page)
    await page.keyboard.press('Escape')
    await expect.poll(() => background(page)).toBe(NORD)
    await page.keyboard.press('Control+Shift+L')
    await expect.poll(() => background(page)).not.toBe(NORD)
    await page.keyboard.press('Control+Shift+L')
    await expect.poll(() => background(page)).toBe(NORD)
  })

  it('a program has set stay when something else is set', async () => {
    const page = await openTerminal()
    await run(page, 'printf \\e]4;1;#123456\\a\\e[41mred\\e[0m')
    const behind = () =>
      page.evaluate(() => {
        const span = [...document.querySelectorAll<HTMLElement>('.xterm-rows span')]
          .filter(({ textContent }) => textContent === 'red')
          .at(-1)
        return span ? getComputedStyle(span).backgroundColor : null
      })
    await expect.poll(behind).toBe('rgb(18, 52, 86)')
    await page.keyboard.press('Control+=')
    await page.waitForTimeout(300)
    expect(await behind()).toBe('rgb(18, 52, 86)')
  })

  it('are imported from a file and as text, and removed again', async () => {
    const page = await openTerminal()
    await settingsPage(page, 'Text and colours')
    await page.getByText('Import a colour scheme').click()
    await page
      .getByLabel('File with a colour scheme')
      .setInputFiles({ name: 'bad.json', mimeType: 'text/plain', buffer: Buffer.from('{}') })
    await page.getByRole('status').getByText('bad.json is no complete colour scheme').waitFor()
    await page
      .getByLabel('File with a colour scheme')
      .setInputFiles({ name: 'mine.json', mimeType: 'text/plain', buffer: Buffer.from(imported) })
    await page.getByText('Mine is now used while the window is dark.').waitFor()
    await expectAccessible(page)
    await expect.poll(() => background(page)).toBe('rgb(16, 32, 48)')
    await page.getByLabel('Or paste its text here').fill(imported.replace('Mine', 'Second').replace('#102030', '#203040'))
    await page.getByRole('button', { name: 'Import the text' }).click()
    await expect.poll(() => background(page)).toBe('rgb(32, 48, 64)')
    await page.getByRole('button', { name: 'Remove Second' }).click()
    await expect.poll(() => background(page)).not.toBe('rgb(32, 48, 64)')
    expect(await page.getByLabel('Colours while the window is dark').inputValue()).toBe('bowline')
  })

  it('have the contrast that was asked for', async () => {
    const page = await openTerminal()
    await run(page, 'printf \\e[38;2;30;30;30mdim\\e[0m')
    await expect.poll(() => colourOf(page, 'dim')).not.toBe(null)
    const lightness = async () => /rgb\((\d+)/.exec((await colourOf(page, 'dim')) ?? '')?.[1]
    expect(Number(await lightness())).toBeGreaterThan(80)
    await settingsPage(page, 'Accessibility')
    await page.getByLabel('Contrast of text in terminals').selectOption('1')
    await page.keyboard.press('Escape')
    await expect.poll(lightness).toBe('30')
  })
})

describe('the shapes of text', () => {
  /** The column that the terminal reports for what follows a text. */
  async function columnAfter(page: Page, text: string): Promise<number> {
    await run(page, `printf ${text}\\e[6n`)
    let column: string | undefined
    await expect
      .poll(async () => {
        const sent = await page.evaluate(() =>
          window.bowlineShells?.flatMap((shell) => shell.received.flatMap((part) => [...part])),
        )
        return (column = /\x1b\[\d+;(\d+)R/.exec(String.fromCharCode(...(sent ?? [])))?.[1])
      })
      .toBeDefined()
    return Number(column)
  }

  it('have emoji of several parts as one character, if a person wants it', async () => {
    expect(await columnAfter(await openTerminal(), '👍🏽')).toBe(5)
    expect(await columnAfter(await openTerminal({ settings: { graphemes: true } }), '👍🏽')).toBe(3)
  })

  it('have signs joined by the font, if a person wants it', async () => {
    const page = await openTerminal()
    await run(page, 'clear')
    await run(page, 'echo a => b != c')
    await expect.poll(() => screen(page)).toMatch(/^a => b != c$/m)
    const clip = { x: 260, y: 40, width: 300, height: 50 }
    const apart = await page.screenshot({ clip })
    await settingsPage(page, 'Text and colours')
    await page.getByRole('switch', { name: 'Join signs like => and !=' }).click()
    await page.keyboard.press('Escape')
    await expect.poll(async () => (await page.screenshot({ clip })).equals(apart)).toBe(false)
    expect(await screen(page)).toMatch(/^a => b != c$/m)
    await page.screenshot({ clip, path: '/tmp/h5-ligatures.png' })
    await settingsPage(page, 'Text and colours')
    await page.getByRole('switch', { name: 'Join signs like => and !=' }).click()
    await page.keyboard.press('Escape')
    await expect.poll(async () => (await page.screenshot({ clip })).equals(apart)).toBe(true)
  })
})

describe('for a screen reader', () => {
  it('the lines of a terminal are there to be read, when that is on', async () => {
    const page = await openTerminal()
    expect(await page.locator('.xterm-accessibility').count()).toBe(0)
    await settingsPage(page, 'Accessibility')
    await page.getByLabel('Terminals for a screen reader').selectOption('on')
    await page.keyboard.press('Escape')
    await run(page, 'echo heard')
    await expect
      .poll(() =>
        page
          .getByRole('listitem')
          .filter({ hasText: /^heard$/ })
          .count(),
      )
      .toBe(1)
    await expectAccessible(page)
  })
})

describe('what is composed with an input method', () => {
  it('is shown at the cursor and sent once, with full-width punctuation', async () => {
    const page = await openTerminal()
    await page.keyboard.type('echo ')
    await expect.poll(() => screen(page)).toMatch(/\$ echo$/m)
    const client = await page.context().newCDPSession(page)
    await client.send('Input.imeSetComposition', { text: 'ni', selectionStart: 2, selectionEnd: 2 })
    await client.send('Input.imeSetComposition', { text: '你hao', selectionStart: 4, selectionEnd: 4 })
    const view = page.locator('.composition-view.active')
    await expect.poll(() => view.textContent()).toBe('你hao')
    const [composed, cursor] = await Promise.all([view.boundingBox(), page.locator('.xterm-cursor').boundingBox()])
    expect(Math.abs((composed?.x ?? 0) - (cursor?.x ?? 99))).toBeLessThan(3)
    expect(Math.abs((composed?.y ?? 0) - (cursor?.y ?? 99))).toBeLessThan(4)
    const field = await page.locator('.dv-active-group .xterm-helper-textarea').boundingBox()
    expect(Math.abs((field?.x ?? 0) - (cursor?.x ?? 99))).toBeLessThan(3)
    await client.send('Input.insertText', { text: '你好，世界。' })
    await expect.poll(() => screen(page)).toMatch(/\$ echo 你好，世界。$/m)
    await page.keyboard.press('Enter')
    await expect.poll(() => screen(page)).toMatch(/^你好，世界。$/m)
    const sent = await page.evaluate(() => {
      const bytes = window.bowlineShells?.flatMap((shell) => shell.received.flatMap((part) => [...part])) ?? []
      return new TextDecoder().decode(new Uint8Array(bytes))
    })
    expect(sent).toBe('echo 你好，世界。\r')
  })
})
