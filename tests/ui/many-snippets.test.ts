/** Snippets in Chromium over the fake engine. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium, type PageOptions } from './chromium'
import { openHost, prompt } from './workspace-page'

const { open } = useChromium()

async function openTabs(hosts: string[], options: PageOptions = {}): Promise<Page> {
  const page = await open({ query: { hosts: 'few' }, ...options })
  for (const host of hosts) await openHost(page, host)
  await prompt(page)
  return page
}

const received = (page: Page) =>
  page.evaluate(() => {
    const decoder = new TextDecoder()
    return (window.bowlineShells ?? []).map((shell) => shell.received.map((bytes) => decoder.decode(bytes)).join(''))
  })
const dialog = (page: Page, name: string) => page.getByRole('dialog', { name })

async function save(page: Page, name: string, text: string, pressEnter = false): Promise<void> {
  await page.keyboard.press('Control+Shift+Alt+I')
  await dialog(page, 'Snippets').getByRole('button', { name: 'New snippet' }).click()
  const form = dialog(page, 'New snippet')
  await form.getByRole('textbox', { name: 'Name' }).fill(name)
  await form.getByRole('textbox', { name: 'Text' }).fill(text)
  if (pressEnter) await form.getByRole('checkbox').check()
  await form.getByRole('button', { name: 'Save' }).click()
  await dialog(page, 'Snippets').getByText(name, { exact: true }).waitFor()
}

describe('snippets', () => {
  it('are made, found, changed, and deleted with undo', async () => {
    const page = await openTabs(['web-01'])
    await save(page, 'restart', 'systemctl restart {{unit:nginx}}')
    const list = dialog(page, 'Snippets')
    await expectAccessible(page)
    await list.getByRole('button', { name: 'New snippet' }).click()
    const form = dialog(page, 'New snippet')
    await form.getByText('No passwords here').waitFor()
    await form.getByRole('textbox', { name: 'Name' }).fill('restart')
    await form.getByRole('textbox', { name: 'Text' }).fill('a {{b}} {{c:d}}')
    await form.getByText('Asks for: b, c').waitFor()
    await expectAccessible(page)
    await form.getByRole('button', { name: 'Save' }).click()
    await form.getByText('Another snippet has that name.').waitFor()
    await form.getByRole('textbox', { name: 'Name' }).fill('磁盘')
    await form.getByRole('button', { name: 'Save' }).click()
    await expect.poll(() => list.getByRole('listitem').count()).toBe(2)
    await list.getByRole('searchbox').fill('nginx')
    await expect.poll(() => list.getByRole('listitem').allTextContents()).toEqual([expect.stringContaining('restart')])
    await list.getByRole('button', { name: 'Edit restart' }).click()
    const change = dialog(page, 'Change the snippet')
    await change.getByRole('textbox', { name: 'Name' }).fill('reload')
    await change.getByRole('button', { name: 'Save' }).click()
    await list.getByRole('button', { name: 'Delete reload' }).click()
    await expect.poll(() => list.getByRole('listitem').count()).toBe(0)
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.keyboard.press('Control+Shift+Alt+I')
    await list.getByText('reload', { exact: true }).waitFor()
  })

  it('ask for what stands in braces, show it, and propose it again', async () => {
    const page = await openTabs(['web-01'])
    await save(page, 'restart', 'echo {{unit:nginx}} {{unit}}', true)
    await dialog(page, 'Snippets').getByRole('button', { name: 'Insert restart' }).click()
    const insert = dialog(page, 'Insert restart')
    const field = insert.getByRole('textbox', { name: 'unit' })
    await expect.poll(() => field.inputValue()).toBe('nginx')
    await field.fill('cron')
    await insert.getByText('echo cron cron').waitFor()
    await insert.getByText('Types into web-01').waitFor()
    await expectAccessible(page)
    await field.press('Enter')
    await expect.poll(() => received(page)).toEqual(['\x1b[200~echo cron cron\x1b[201~\r'])
    await page.keyboard.press('Control+Shift+P')
    await page.getByRole('combobox').fill('snippet: rest')
    await page.keyboard.press('Enter')
    await expect.poll(() => field.inputValue()).toBe('cron')
    await page.keyboard.press('Escape')
    await page.keyboard.type('x')
    await expect.poll(() => received(page)).toEqual(['\x1b[200~echo cron cron\x1b[201~\rx'])
  })

  it('of several lines are asked about like a paste, and go to a whole broadcast', async () => {
    const page = await openTabs(['web-01', 'web-02'])
    await page.keyboard.type('paste off\r')
    await save(page, 'two', 'one\ntwo\n')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Control+Shift+Alt+B')
    await page.getByRole('button', { name: /^All open/ }).click()
    await page.getByRole('button', { name: /^Broadcast to \d/ }).click()
    await page.keyboard.press('Control+Shift+P')
    await page.getByRole('combobox').fill('snippet: two')
    await page.keyboard.press('Enter')
    const insert = dialog(page, 'Insert two')
    await insert.getByText('Broadcast: types into 2 terminals').waitFor()
    await insert.getByRole('button', { name: 'Insert' }).click()
    const question = page.getByRole('alertdialog')
    await question.getByText('this goes to 2 terminals').waitFor()
    expect((await received(page))[0]).toBe('')
    await question.getByRole('button', { name: 'Paste' }).click()
    await expect.poll(() => received(page)).toEqual(['\x1b[200~one\rtwo\x1b[201~', 'paste off\rone\rtwo'])
  })
})
