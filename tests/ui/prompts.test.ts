/** The engine's questions: each kind, by keyboard, in order, with nothing of the server's taken for markup. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium, type PageOptions } from './chromium'

const { open } = useChromium()

async function openHost(name: string): Promise<Page> {
  const page = await open({ query: { hosts: 'few' } })
  await page.getByRole('treeitem', { name: new RegExp(`^${name}`) }).click()
  return page
}

const state = (page: Page, name: string) =>
  page.getByRole('treeitem', { name: new RegExp(`^${name}`) }).getAttribute('aria-label')
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })

describe('an unknown host key', () => {
  it('shows the whole fingerprint and the picture, and trusts when told to', async () => {
    const page = await openHost('unknown')
    const asked = page.getByRole('alertdialog', { name: 'Is this the right server?' })
    await asked.getByText('SHA256:uNiVztksCsDhcc0u9e8BrrO2WsPfcSFSAZLnhrWJcuY', { exact: true }).waitFor()
    await asked.getByRole('img', { name: 'Picture of the key' }).waitFor()
    await expectAccessible(page)
    await button(page, 'Always trust').click()
    await expect.poll(() => state(page, 'unknown')).toContain('connected')
  })

  it('does not connect on Esc, nor on Enter pressed too early', async () => {
    const page = await openHost('unknown')
    await page.getByRole('alertdialog').waitFor()
    await page.keyboard.press('Enter')
    await expect.poll(() => state(page, 'unknown')).toContain('not trusted')
  })
})

describe('a changed host key', () => {
  it('stops, shows both keys with their place, and makes the safe way the bright one', async () => {
    const page = await openHost('cache-01')
    const asked = page.getByRole('alertdialog', { name: 'The host key has changed' })
    await asked.getByText('SHA256:uNiVztksCsDhcc0u9e8BrrO2WsPfcSFSAZLnhrWJcuY', { exact: true }).waitFor()
    await asked.getByText('SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM', { exact: true }).waitFor()
    await asked.getByText('/home/ada/.ssh/known_hosts, line 12').waitFor()
    await expectAccessible(page)
    expect(await asked.getByRole('button', { name: /Replace/ }).count()).toBe(0)
    await expect.poll(() => button(page, "Don't connect").evaluate((one) => one === document.activeElement)).toBe(true)
    await page.keyboard.press('Enter')
    await expect.poll(() => state(page, 'cache-01')).toContain('host key changed')
  })

  it('replaces the key only once the address was typed by hand', async () => {
    const page = await openHost('cache-01')
    await button(page, 'I know why the key changed').click()
    const replace = button(page, 'Replace the key and connect')
    const address = page.getByLabel('Address of the server')
    expect(await replace.isDisabled()).toBe(true)
    const pasted = await address.evaluate((input) =>
      input.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true })),
    )
    expect(pasted, 'pasting is refused').toBe(false)
    await address.pressSequentially('change')
    expect(await replace.isDisabled()).toBe(true)
    await address.pressSequentially('d')
    await expectAccessible(page)
    await replace.click()
    await expect.poll(() => state(page, 'cache-01')).toContain('connected')
  })

  it('asks for the address with its port when that is not the usual one, in either case of letters', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await page.keyboard.press('Control+Shift+A')
    await page.getByLabel('Address').fill('Changed.example.net')
    await page.getByLabel('Port').fill('2222')
    await button(page, 'Save and open').click()
    await button(page, 'I know why the key changed').click()
    await page.getByText('type the address exactly: [changed.example.net]:2222').waitFor()
    const replace = button(page, 'Replace the key and connect')
    const address = page.getByLabel('Address of the server')
    await address.fill('changed.example.net')
    expect(await replace.isDisabled()).toBe(true)
    await address.fill('[CHANGED.example.net]:2222')
    await replace.click()
    await expect.poll(() => state(page, 'Changed.example.net')).toContain('connected')
  })
})

describe('a password', () => {
  it('is asked again when refused, three times at most, with the banner as text', async () => {
    const page = await openHost('password')
    const asked = page.getByRole('dialog', { name: 'Password for root' })
    await asked.getByText('<script>alert(1)</script>').waitFor()
    await expectAccessible(page)
    await page.keyboard.type('wrong')
    await page.keyboard.press('Enter')
    await asked.getByText('Attempt 2 of 3').waitFor()
    await page.keyboard.type('wrong')
    await page.keyboard.press('Enter')
    await asked.getByText('Attempt 3 of 3').waitFor()
    await page.keyboard.type('wrong')
    await page.keyboard.press('Enter')
    await expect.poll(() => state(page, 'password')).toContain('login refused')
    expect(await asked.count()).toBe(0)
  })

  it('goes to the engine, with the wish to be kept, and leaves no trace', async () => {
    const page = await openHost('password')
    await page.getByLabel("Keep in the system's keyring").check()
    await page.getByLabel('Password', { exact: true }).fill('canary-77')
    await page.keyboard.press('Enter')
    await expect.poll(() => state(page, 'password')).toContain('connected')
    expect(await page.content()).not.toContain('canary-77')
  })

  it('is kept for the run when the keyring cannot be used, and says why', async () => {
    const page = await open({ query: { hosts: 'few', keyring: 'locked' } })
    await page.getByRole('treeitem', { name: /^password/ }).click()
    await page
      .getByRole('dialog')
      .getByText(/keyring cannot be used, so this can be kept for this run only\. The system's keyring is locked/)
      .waitFor()
    expect(await page.getByLabel("Keep in the system's keyring").count()).toBe(0)
    await page.getByLabel('Keep until Bowline is closed').check()
    await expectAccessible(page)
    await page.getByLabel('Password', { exact: true }).fill('canary-77')
    await page.keyboard.press('Enter')
    await expect.poll(() => state(page, 'password')).toContain('connected')
    await page.evaluate(() => window.bowline?.call('host_disconnect', { id: 'password' }))
    await expect.poll(() => state(page, 'password')).toContain('not connected')
    await page.evaluate(() => window.bowline?.openTerminal('password', { cols: 80, rows: 24 }, () => undefined))
    await expect.poll(() => state(page, 'password')).toContain(', connected')
    expect(await page.getByRole('dialog').count()).toBe(0)
  })

  it('is offered to be kept nowhere for a host that is only tried out', async () => {
    const page = await open({ query: { keyring: 'locked' } })
    await page.keyboard.press('Control+Shift+A')
    await page.getByLabel('Address').fill('password')
    await button(page, 'Test').click()
    const asked = page.getByRole('dialog', { name: /^Password for/ })
    await asked.waitFor()
    expect(await asked.getByRole('checkbox').count()).toBe(0)
    await page.keyboard.press('Escape')
    await page.getByText('You stopped connecting to password.').waitFor()
  })
})

it('asks for the passphrase of a key', async () => {
  const page = await openHost('passphrase')
  await page.getByRole('dialog', { name: 'Passphrase of a key' }).getByText('The key ~/.ssh/id_ed25519 is encrypted.').waitFor()
  await expectAccessible(page)
  await page.keyboard.type('wrong')
  await page.keyboard.press('Enter')
  await page.getByText('That passphrase does not open the key.').waitFor()
  await page.keyboard.type('right')
  await page.keyboard.press('Enter')
  await expect.poll(() => state(page, 'passphrase')).toContain('connected')
})

it("asks the server's own questions, hiding what it wants hidden", async () => {
  const page = await openHost('interactive')
  const asked = page.getByRole('dialog', { name: 'The server asks ada' })
  await asked.getByText('Open your authenticator for <b>ada</b>.').waitFor()
  await expectAccessible(page)
  expect(await asked.getByLabel('Verification code:').getAttribute('type')).toBe('text')
  expect(await asked.getByLabel('PIN:').getAttribute('type')).toBe('password')
  await page.keyboard.type('123456')
  await page.keyboard.press('Tab')
  await page.keyboard.type('0000')
  await page.keyboard.press('Enter')
  await expect.poll(() => state(page, 'interactive')).toContain('connected')
})

describe('a command that wants to run on this machine', () => {
  async function openByCommand(options: PageOptions = {}): Promise<Page> {
    const page = await open({ query: { hosts: 'few' }, ...options })
    await page.evaluate(async () => {
      const draft = { label: '', group: '', address: 'by-command', port: 22, user: '', auth: 'automatic', keyPath: '' } as const
      await window.bowline?.call('host_create', { draft, password: { kind: 'keep' } })
    })
    await page.getByRole('treeitem', { name: /^by-command/ }).click()
    return page
  }

  it('is shown whole with where it is written, and what runs nothing has the focus', async () => {
    const page = await openByCommand()
    const asked = page.getByRole('alertdialog', { name: 'May this command run?' })
    await asked.getByText('ssh -W by-command:22 bastion', { exact: true }).waitFor()
    await asked.getByText('It is written down in ~/.ssh/config, line 9.').waitFor()
    await expectAccessible(page)
    await expect.poll(() => button(page, "Don't run it").evaluate((one) => one === document.activeElement)).toBe(true)
    await page.keyboard.press('Enter')
    await expect.poll(() => state(page, 'by-command')).toContain('stopped')
  })

  it('runs when that is allowed', async () => {
    const page = await openByCommand()
    await button(page, 'Run once').click()
    await expect.poll(() => state(page, 'by-command')).toContain('connected')
  })

  it('is asked about in Chinese and in the light theme', async () => {
    const page = await openByCommand({ language: 'zh-CN', theme: 'light' })
    await page.getByRole('alertdialog').getByText('ssh -W by-command:22 bastion', { exact: true }).waitFor()
    await expectAccessible(page)
  })
})

it('asks one question after the other', async () => {
  const page = await open({ query: { hosts: 'few' } })
  await page.evaluate(async () => {
    const size = { cols: 80, rows: 24 }
    await window.bowline?.openTerminal('password', size, () => undefined)
    await window.bowline?.openTerminal('unknown', size, () => undefined)
    await window.bowline?.openTerminal('interactive', size, () => undefined)
  })
  await page.getByText('Question 1 of 3').waitFor()
  await page.keyboard.press('Escape')
  await page.getByText('Question 2 of 3').waitFor()
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await expect.poll(() => page.getByRole('dialog').count()).toBe(0)
})
