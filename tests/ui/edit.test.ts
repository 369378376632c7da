/** Files that are changed in place: opened, saved, and what stands in the way of that. */
import type { Locator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium, type PageOptions } from './chromium'
import { openHost, prompt } from './workspace-page'

const { open } = useChromium()

async function openPanel(options: PageOptions = {}): Promise<Page> {
  const page = await open({ query: { hosts: 'few' }, ...options })
  await openHost(page, 'web-01')
  await prompt(page)
  await page.keyboard.press('Control+Shift+Alt+F')
  await expect.poll(() => page.locator('.files [role="grid"]').getAttribute('aria-rowcount')).toBe('14')
  return page
}

const row = (page: Page, name: string): Locator => page.locator('.files [role="row"]', { hasText: name })
const text = (page: Page, name: string): Locator => page.getByRole('textbox', { name, exact: true })
const bar = (page: Page, name: string): Locator => page.getByRole('group', { name: `Before ${name} can be saved` })
const onHost = (page: Page, path: string) =>
  page.evaluate((at) => {
    const host = window.bowline?.controls.hosts().find(({ label }) => label === 'web-01')
    return window.bowline?.controls.files.text(host?.id ?? '', at) ?? null
  }, path)
const writeOnHost = (page: Page, path: string, words: string | null) =>
  page.evaluate(
    ([at, to]) => {
      const host = window.bowline?.controls.hosts().find(({ label }) => label === 'web-01')
      window.bowline?.controls.files.write(host?.id ?? '', at, to)
    },
    [path, words] as const,
  )

async function edit(page: Page, name: string): Promise<Locator> {
  await row(page, name).click()
  await page.keyboard.press('F4')
  const field = text(page, `Text of ${name}`)
  await field.waitFor()
  await expect.poll(() => field.evaluate((one) => one.matches(':focus'))).toBe(true)
  return field
}

const CONF = '/home/ada/nginx.conf'

describe('a file in a tab', () => {
  it('says that it is being opened where that takes long', async () => {
    const page = await openPanel()
    await page.evaluate(() => {
      if (window.bowline) window.bowline.controls.files.delayMs = 3000
    })
    await row(page, 'nginx.conf').click()
    await page.keyboard.press('F4')
    await page.getByText('Opening nginx.conf…').waitFor()
    await text(page, 'Text of nginx.conf').waitFor()
    await expect.poll(() => page.getByText('Opening nginx.conf…').count()).toBe(0)
  })

  it('goes on bearing the name of a host that was deleted', async () => {
    const page = await openPanel()
    await edit(page, 'nginx.conf')
    await page.getByRole('treeitem', { name: /^web-01/ }).click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByText('Deleted web-01.').waitFor()
    await expect.poll(() => page.getByRole('tab', { name: /nginx.conf, edited on web-01/ }).count()).toBe(1)
    expect(await page.locator('.edit .status').textContent()).toContain('web-01:/home/ada/nginx.conf')
  })

  it('is opened from its menu, changed and saved, and says that it is not saved in between', async () => {
    const page = await openPanel()
    await row(page, 'nginx.conf').click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Edit', exact: false }).first().click()
    const field = text(page, 'Text of nginx.conf')
    await field.waitFor()
    await expect.poll(() => page.getByRole('tab', { name: /nginx.conf, edited on web-01/ }).count()).toBe(1)
    expect(await page.locator('.edit .status').textContent()).toContain('web-01:/home/ada/nginx.conf')
    expect(await page.locator('.edit .status').textContent()).toContain('nginx')
    await field.focus()
    await page.keyboard.press('Control+End')
    await page.keyboard.type('# mine')
    await page.getByRole('tab', { name: /nginx.conf.*not saved/ }).waitFor()
    await expectAccessible(page)
    await page.keyboard.press('Control+s')
    await page.getByRole('tab', { name: /nginx.conf, edited on web-01$/ }).waitFor()
    expect(await onHost(page, CONF)).toBe('server {\n  listen 443 ssl;\n}\n# mine')
    // Back to what is saved is saved.
    await page.keyboard.type('x')
    await page.keyboard.press('Backspace')
    await page.getByRole('tab', { name: /nginx.conf, edited on web-01$/ }).waitFor()
  })

  it('is opened once, goes through splits and other tabs with its text, and is asked about when it is closed', async () => {
    const page = await openPanel()
    await edit(page, 'nginx.conf')
    await page.keyboard.type('kept ')
    await openHost(page, 'web-01')
    await prompt(page)
    await edit(page, 'nginx.conf')
    expect(await page.locator('.dv-tab').count()).toBe(3)
    expect(await text(page, 'Text of nginx.conf').textContent()).toContain('kept server')
    await page.keyboard.press('Control+Shift+W')
    const dialog = page.getByRole('alertdialog', { name: 'Save nginx.conf before closing it?' })
    await dialog.waitFor()
    await expectAccessible(page)
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    expect(await text(page, 'Text of nginx.conf').textContent()).toContain('kept server')
    await page.keyboard.press('Control+Shift+W')
    await dialog.getByRole('button', { name: 'Save and close' }).click()
    await expect.poll(() => page.locator('.dv-tab').count()).toBe(2)
    expect(await onHost(page, CONF)).toMatch(/^kept server/)
  })

  it('says of what is no text, or may not be written, what it is', async () => {
    const page = await openPanel()
    await row(page, 'chart.png').click()
    await page.keyboard.press('F4')
    await page.getByText('chart.png is no text.', { exact: false }).waitFor()
    await writeOnHost(page, '/home/ada/readonly.conf', 'a=1\n')
    await page.keyboard.press('Control+r')
    await row(page, 'readonly.conf').waitFor()
    await edit(page, 'readonly.conf')
    await page.keyboard.type('zzz')
    expect(await text(page, 'Text of readonly.conf').textContent()).toBe('a=1')
    await page.locator('.edit .status').getByText('Read-only').waitFor()
  })

  it('is searched, in the language of the window', async () => {
    const page = await openPanel({ language: 'zh-CN' })
    await row(page, 'nginx.conf').click()
    await page.keyboard.press('F4')
    await text(page, 'nginx.conf 的文本').waitFor()
    await page.keyboard.press('Control+f')
    await page.getByRole('textbox', { name: '查找' }).waitFor()
    await expectAccessible(page)
  })
})

describe('what stands in the way of saving', () => {
  it('is a change on the server, which is compared, taken over piece by piece and saved', async () => {
    const page = await openPanel()
    await edit(page, 'nginx.conf')
    await page.keyboard.press('Control+End')
    await page.keyboard.type('# mine')
    await writeOnHost(page, CONF, 'server {\n  listen 8443 ssl;\n}\n')
    await page.keyboard.press('Control+s')
    await bar(page, 'nginx.conf').getByText('was changed on the server meanwhile', { exact: false }).waitFor()
    await expectAccessible(page)
    expect(await onHost(page, CONF)).toContain('8443')
    await bar(page, 'nginx.conf').getByRole('button', { name: 'Compare' }).click()
    await text(page, 'On the server: nginx.conf').waitFor()
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Take this piece from the server' }).first().click()
    await bar(page, 'nginx.conf').getByRole('button', { name: 'Save what is on the right' }).click()
    await expect.poll(() => onHost(page, CONF)).toBe('server {\n  listen 8443 ssl;\n}\n# mine')
    await expect.poll(() => text(page, 'On the server: nginx.conf').count()).toBe(0)
    await page.getByRole('tab', { name: /nginx.conf, edited on web-01$/ }).waitFor()
    expect(await text(page, 'Text of nginx.conf').textContent()).toContain('8443')
  })

  it('is overwritten only as it was shown, or kept beside as a copy', async () => {
    const page = await openPanel()
    await edit(page, 'nginx.conf')
    await page.keyboard.type('mine ')
    await writeOnHost(page, CONF, 'theirs\n')
    await page.keyboard.press('Control+s')
    await bar(page, 'nginx.conf').waitFor()
    await writeOnHost(page, CONF, 'newer\n')
    await bar(page, 'nginx.conf').getByRole('button', { name: 'Overwrite' }).click()
    await expect.poll(() => onHost(page, CONF)).toBe('newer\n')
    await bar(page, 'nginx.conf').getByRole('button', { name: 'Save as a copy…' }).click()
    await expectAccessible(page)
    await page.getByRole('textbox', { name: 'Name of the copy, in the same folder' }).fill('my.conf')
    await page.keyboard.press('Enter')
    await page.getByRole('tab', { name: /my.conf, edited on web-01$/ }).waitFor()
    expect(await onHost(page, '/home/ada/my.conf')).toMatch(/^mine server/)
    expect(await onHost(page, CONF)).toBe('newer\n')
  })

  it('is that it was deleted, which is said, and made again when a person says so', async () => {
    const page = await openPanel()
    await edit(page, 'nginx.conf')
    await page.keyboard.type('mine ')
    await writeOnHost(page, CONF, null)
    await page.keyboard.press('Control+s')
    await bar(page, 'nginx.conf').getByText('was deleted on the server', { exact: false }).waitFor()
    await bar(page, 'nginx.conf').getByRole('button', { name: 'Create it again' }).click()
    await expect.poll(() => onHost(page, CONF)).toMatch(/^mine server/)
  })

  it('is a connection that was lost: the text stays, and is saved when it is back', async () => {
    const page = await openPanel()
    await edit(page, 'nginx.conf')
    await page.keyboard.type('mine ')
    const failure = {
      code: 'connection-reset',
      message: 'The connection was reset.',
      params: { address: 'web-01' },
      action: 'retry',
    }
    const fails = (to: unknown) =>
      page.evaluate((it) => void Object.assign(window.bowline?.controls.files ?? {}, { failure: it }), to)
    await fails(failure)
    await page.keyboard.press('Control+s')
    await bar(page, 'nginx.conf').getByText('Your text is still here.', { exact: false }).waitFor()
    await expectAccessible(page)
    await fails(null)
    await bar(page, 'nginx.conf').getByRole('button', { name: 'Save again' }).click()
    await expect.poll(() => onHost(page, CONF)).toMatch(/^mine server/)
    await expect.poll(() => bar(page, 'nginx.conf').count()).toBe(0)
  })
})

describe('another program', () => {
  it('gets a copy, and what it saves goes back until a person stops that', async () => {
    const page = await openPanel({ settings: { editorCommand: 'vim -g' } })
    await row(page, 'nginx.conf').click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Edit with another program' }).click()
    const edits = page.getByRole('region', { name: 'Files edited with other programs' })
    await edits.getByText('nothing saved yet', { exact: false }).waitFor()
    expect(await page.evaluate(() => window.bowline?.controls.externals.commands)).toEqual(['vim -g'])
    await page.evaluate(() => window.bowline?.controls.externals.save('from vim\n'))
    await edits.getByText('saved once', { exact: false }).waitFor()
    expect(await onHost(page, CONF)).toBe('from vim\n')
    await expectAccessible(page)
    await writeOnHost(page, CONF, 'theirs\n')
    await page.evaluate(() => window.bowline?.controls.externals.save('from vim, too\n'))
    await edits.getByRole('button', { name: 'Merge' }).waitFor()
    await expectAccessible(page)
    await edits.getByRole('button', { name: 'Merge' }).click()
    await text(page, 'On the server: nginx.conf').waitFor()
    expect(await text(page, 'On the server: nginx.conf').textContent()).toBe('theirs')
    expect(await text(page, 'Text of nginx.conf').textContent()).toBe('from vim, too')
    await expect.poll(() => edits.count()).toBe(0)
    await bar(page, 'nginx.conf').getByRole('button', { name: 'Save what is on the right' }).click()
    await expect.poll(() => onHost(page, CONF)).toBe('from vim, too\n')
  })
})
