/** Saved hosts in the window: first run, form, edit, duplicate, delete with undo, search, menus, import. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium } from './chromium'

const { open } = useChromium()

const few = { query: { hosts: 'few' } }
const row = (page: Page, name: string | RegExp) => page.getByRole('treeitem', { name })
const tree = (page: Page) => page.getByRole('tree', { name: 'Saved hosts' })
const dialog = (page: Page) => page.getByRole('dialog')
const field = (page: Page, name: string) => dialog(page).getByLabel(name, { exact: true })
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })

/** What a screen reader hears about a field beyond its name. */
async function described(page: Page, name: string): Promise<string> {
  const ids = (await field(page, name).getAttribute('aria-describedby')) ?? ''
  return ids ? ((await page.locator(`#${ids}`).textContent()) ?? '') : ''
}

async function selectByKeyboard(page: Page, name: string): Promise<void> {
  await page.keyboard.press('Control+k')
  await page.keyboard.type(name)
  await expect.poll(() => page.getByRole('treeitem', { selected: true }).getAttribute('aria-label')).toContain(name)
  await tree(page).focus()
}

describe('the first run', () => {
  it('offers the built-in host, what ~/.ssh/config holds and the form', async () => {
    const page = await open()
    await expectAccessible(page)
    await button(page, 'Try the built-in host').click()
    await page.getByRole('tab', { name: /Built-in host/ }).waitFor()
  })

  it('offers no import when there is nothing to import', async () => {
    const page = await open({ query: { import: 'none' } })
    await button(page, 'Try the built-in host').waitFor()
    expect(await page.getByRole('button', { name: /^Import/ }).count()).toBe(0)
  })

  it('imports what is chosen, and says what is not used and not understood', async () => {
    const page = await open()
    await button(page, 'Import 3 hosts').click()
    await dialog(page).getByText('Not used yet: ProxyJump, LocalForward').waitFor()
    await dialog(page).getByText('line 31: missing argument').waitFor()
    await expectAccessible(page)
    await dialog(page).getByLabel('Import pi').uncheck()
    await dialog(page).getByRole('button', { name: 'Import 2 hosts' }).click()
    await row(page, /^bastion/).waitFor()
    expect(await row(page, /^pi/).count()).toBe(0)
    await page.getByText('Imported 2 hosts.').waitFor()
  })
})

describe('the form of a host', () => {
  it('saves what was typed and shows it in the sidebar', async () => {
    const page = await open()
    await page.getByRole('navigation').getByRole('button', { name: 'Add a host' }).click()
    await page.keyboard.type('box.example.net')
    await field(page, 'Port').fill('2222')
    await field(page, 'User').fill('root')
    await field(page, 'Name').fill('Box')
    await field(page, 'Group').fill('Home')
    await expectAccessible(page)
    await dialog(page).getByRole('button', { name: 'Save', exact: true }).click()
    await row(page, 'Box, not connected').waitFor()
    await row(page, 'Home, one host').waitFor()
    const hosts = await page.evaluate(() => window.bowline?.controls.hosts())
    expect(hosts?.find(({ label }) => label === 'Box')).toMatchObject({
      address: 'box.example.net',
      port: 2222,
      user: 'root',
      group: 'Home',
    })
  })

  it('explains a mistake under its field while one types, and keeps every letter', async () => {
    const page = await open()
    await page.keyboard.press('Control+Shift+A')
    await field(page, 'Address').pressSequentially('-oProxyCommand=x', { delay: 5 })
    await expect.poll(() => described(page, 'Address')).toContain('cannot begin with a dash')
    expect(await field(page, 'Address').inputValue()).toBe('-oProxyCommand=x')
    expect(await field(page, 'Address').getAttribute('aria-invalid')).toBe('true')
    await field(page, 'Address').fill('a;b')
    await expect.poll(() => described(page, 'Address')).toContain('a shell acts on')
    await field(page, 'Port').fill('99999')
    await expect.poll(() => described(page, 'Port')).toContain('1 to 65535')
    await expectAccessible(page)
    await dialog(page).getByRole('button', { name: 'Save', exact: true }).click()
    await expect.poll(() => field(page, 'Address').evaluate((input) => input === document.activeElement)).toBe(true)
    await field(page, 'Address').fill('box')
    await field(page, 'Port').fill('22')
    await dialog(page).getByRole('button', { name: 'Save', exact: true }).click()
    await row(page, /^box/).waitFor()
  })

  it('offers the groups there are, and Esc closes their list before the form', async () => {
    const page = await open(few)
    await page.keyboard.press('Control+Shift+A')
    await field(page, 'Address').fill('box')
    await button(page, 'Show the groups').click()
    await page.getByRole('option', { name: 'Lab' }).waitFor()
    await expectAccessible(page)
    await page.keyboard.press('Escape')
    await expect.poll(() => page.getByRole('option', { name: 'Lab' }).count()).toBe(0)
    await page.getByRole('dialog', { name: 'Add a host' }).waitFor()
    await field(page, 'Group').fill('Prod')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await expect.poll(() => field(page, 'Group').inputValue()).toBe('Production')
    await dialog(page).getByRole('button', { name: 'Save', exact: true }).click()
    await row(page, 'Production, 5 hosts').waitFor()
  })

  it('takes a pasted ssh command apart', async () => {
    const page = await open()
    await page.keyboard.press('Control+Shift+A')
    await field(page, 'Address').evaluate((input) => {
      const clipboardData = new DataTransfer()
      clipboardData.setData('text/plain', 'ssh -A -p 2222 -i ~/.ssh/id_box root@box.example.net')
      input.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
    })
    await expect.poll(() => field(page, 'Address').inputValue()).toBe('box.example.net')
    expect(await field(page, 'Port').inputValue()).toBe('2222')
    expect(await field(page, 'User').inputValue()).toBe('root')
    expect(await field(page, 'Key file').inputValue()).toBe('~/.ssh/id_box')
    expect(await described(page, 'Address')).toContain('Left out: -A')
  })

  it('shows the key file that is tried first, and keeps it while another method is chosen', async () => {
    const page = await open(few)
    await page.keyboard.press('Control+Shift+A')
    await field(page, 'Address').fill('box')
    expect(await described(page, 'Key file')).toBe('Tried first. Empty means your usual keys.')
    await button(page, 'Choose a key file').click()
    await expect.poll(() => field(page, 'Key file').inputValue()).toBe('~/.ssh/id_ed25519')
    await field(page, 'Log in with').selectOption('agent')
    expect(await field(page, 'Key file').count()).toBe(0)
    await dialog(page).getByRole('button', { name: 'Save', exact: true }).click()
    await row(page, /^box/).waitFor()
    const saved = await page.evaluate(() => window.bowline?.controls.hosts().find((host) => host.address === 'box'))
    expect(saved).toMatchObject({ auth: 'agent', keyPath: '~/.ssh/id_ed25519' })
    await expectAccessible(page)
  })

  it('tests step by step and says on failure what was tried and what to do', async () => {
    const page = await open()
    await page.keyboard.press('Control+Shift+A')
    await field(page, 'Address').fill('box')
    await button(page, 'Test').click()
    const steps = page.getByRole('region', { name: 'Test of the connection' })
    await steps.getByText('Everything works.').waitFor()
    await expectAccessible(page)
    await field(page, 'Address').fill('refused')
    await button(page, 'Test').click()
    await steps.getByText('refused refused the connection: nothing listens on port 22.').waitFor()
    await steps.getByText('Check the port and whether the SSH server runs.').waitFor()
    expect(await steps.getByRole('listitem').filter({ hasText: 'not tried' }).count()).toBe(3)
    expect(await field(page, 'Address').inputValue()).toBe('refused')
  })

  it('asks a test its questions on top of itself and can be stopped', async () => {
    const page = await open()
    await page.keyboard.press('Control+Shift+A')
    await field(page, 'Address').fill('unknown')
    await button(page, 'Test').click()
    await page.getByRole('alertdialog', { name: 'Is this the right server?' }).waitFor()
    await button(page, 'Trust once').click()
    await page.getByText('Everything works.').waitFor()
    await field(page, 'Address').fill('password')
    await button(page, 'Test').click()
    await page.getByRole('dialog', { name: /^Password/ }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('You stopped the login at password.').waitFor()
    await page.getByRole('dialog', { name: 'Add a host' }).waitFor()
  })

  it('keeps a typed password out of what the page holds', async () => {
    const page = await open()
    await page.keyboard.press('Control+Shift+A')
    await field(page, 'Address').fill('password')
    await field(page, 'Password').fill('canary-9f2c')
    await dialog(page).getByRole('button', { name: 'Save', exact: true }).click()
    await row(page, /^password/).waitFor()
    const held = await page.evaluate(() => document.documentElement.outerHTML + JSON.stringify({ ...localStorage }))
    expect(held).not.toContain('canary-9f2c')
    await selectByKeyboard(page, 'password')
    await page.keyboard.press('F2')
    expect(await described(page, 'Password')).toContain('is kept')
    expect(await field(page, 'Password').inputValue()).toBe('')
    await dialog(page).getByRole('button', { name: 'Forget the kept password' }).click()
    expect(await described(page, 'Password')).toContain('will be removed')
    await expectAccessible(page)
  })

  it('keeps a password for the run when the keyring is locked, and says why', async () => {
    const page = await open({ query: { keyring: 'locked' } })
    await page.getByText('Passwords last only until Bowline is closed.').waitFor()
    await page.keyboard.press('Control+Shift+A')
    await dialog(page)
      .getByText(/cannot be used, so the password can be kept for this run only\. The system's keyring is locked/)
      .waitFor()
    expect(await dialog(page).getByLabel("Keep in the system's keyring").count()).toBe(0)
    expect(await field(page, 'Keep until Bowline is closed').isChecked()).toBe(true)
    await expectAccessible(page)
    await field(page, 'Address').fill('password')
    await field(page, 'Password').fill('canary-9f2c')
    await button(page, 'Save and open').click()
    await row(page, /^password, connected/).waitFor()
  })

  it('keeps nothing when one does not wish it', async () => {
    const page = await open({ query: { keyring: 'locked' } })
    await page.keyboard.press('Control+Shift+A')
    await field(page, 'Keep until Bowline is closed').uncheck()
    await field(page, 'Address').fill('password')
    await field(page, 'Password').fill('canary-9f2c')
    await button(page, 'Save and open').click()
    await page.getByRole('dialog', { name: /^Password for/ }).waitFor()
  })

  it('offers the keyring again once it was unlocked', async () => {
    const page = await open({ query: { keyring: 'locked' } })
    await page.evaluate(() => void window.bowline?.controls.setKeyring({ state: 'ready' }))
    await page.keyboard.press('Control+Shift+A')
    await field(page, "Keep in the system's keyring").waitFor()
    expect(await page.getByText(/cannot be used/).count()).toBe(0)
    expect(await page.getByText('Passwords last only until Bowline is closed.').count()).toBe(0)
  })
})

describe('the sidebar', () => {
  it('finds a host as one types and opens it with Enter', async () => {
    const page = await open(few)
    await page.keyboard.press('Control+k')
    await page.keyboard.type('arm')
    await expect.poll(() => page.getByRole('treeitem', { level: 2 }).count()).toBe(1)
    await page.keyboard.press('Enter')
    await page.getByRole('tab', { name: /arm-runner/ }).waitFor()
    await expect.poll(() => page.evaluate(() => document.activeElement?.className)).toContain('xterm')
    await page.keyboard.press('Control+Shift+K')
    await page.keyboard.type('nothing like it')
    await page.getByText(/No host matches/).waitFor()
    await page.keyboard.press('Escape')
    await row(page, /^web-01/).waitFor()
  })

  it('goes to the terminal that a host has, and opens another one when told to', async () => {
    const page = await open(few)
    await row(page, /^web-01/).click()
    await row(page, /^web-01, connected/).waitFor()
    await row(page, /^web-02/).click()
    await expect.poll(() => page.getByRole('tab').count()).toBe(2)
    await row(page, /^web-01/).click()
    await expect.poll(() => page.getByRole('tab', { selected: true }).textContent()).toContain('web-01')
    expect(await page.getByRole('tab').count()).toBe(2)
    await row(page, /^web-01/).click({ modifiers: ['Control'] })
    await expect.poll(() => page.getByRole('tab').count()).toBe(3)
  })

  it('is walked, folded and edited by keyboard', async () => {
    const page = await open(few)
    await selectByKeyboard(page, 'web-02')
    await page.keyboard.press('Home')
    await page.keyboard.press('End')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => page.getByRole('treeitem', { selected: true }).getAttribute('aria-label')).toContain('Production')
    await page.getByLabel('Find a host').fill('')
    await tree(page).focus()
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => row(page, /^web-01/).count()).toBe(0)
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('F2')
    await page.getByRole('dialog', { name: 'Edit cache-01' }).waitFor()
    await field(page, 'Name').fill('cache-02')
    await page.keyboard.press('Enter')
    await row(page, /^cache-02/).waitFor()
  })

  it('deletes with a way back', async () => {
    const page = await open(few)
    await selectByKeyboard(page, 'web-02')
    await page.keyboard.press('Delete')
    await expect.poll(() => row(page, /^web-02/).count()).toBe(0)
    await page.getByLabel('Find a host').fill('')
    await expectAccessible(page)
    await button(page, 'Undo').click()
    await row(page, /^web-02/).waitFor()
    await page.getByText('web-02 is back.').waitFor()
  })

  it('has its menu on the keyboard: duplicate, move, open in a split', async () => {
    const page = await open(few)
    await selectByKeyboard(page, 'web-02')
    await page.keyboard.press('Shift+F10')
    const menu = page.getByRole('menu', { name: 'Actions for web-02' })
    await menu.waitFor()
    await expectAccessible(page)
    await menu.getByRole('menuitem', { name: 'Duplicate' }).press('Enter')
    await row(page, /^web-02 \(2\)/).waitFor()
    await selectByKeyboard(page, 'arm')
    await page.keyboard.press('ContextMenu')
    await page.getByRole('menuitem', { name: 'Move to group' }).press('ArrowRight')
    await page.getByRole('menuitemradio', { name: 'Lab' }).press('Enter')
    await page.getByText('Moved arm-runner to Lab.').waitFor()
    await tree(page).focus()
    await page.keyboard.press('Shift+F10')
    await page.getByRole('menuitem', { name: 'Move to group' }).press('ArrowRight')
    await page.getByRole('menuitem', { name: 'New group…' }).press('Enter')
    await dialog(page).getByLabel('Group', { exact: true }).fill('Shed')
    await dialog(page).getByRole('button', { name: 'Move' }).click()
    await page.getByText('Moved arm-runner to Shed.').waitFor()
    await page.getByLabel('Find a host').fill('')
    await row(page, 'Shed, one host').waitFor()
    await row(page, /^arm-runner/).click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Open in a split' }).click()
    await page.getByRole('tab', { name: /arm-runner/ }).waitFor()
  })

  it('does not edit or delete the built-in host', async () => {
    const page = await open(few)
    await row(page, /^Built-in host/).click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Open', exact: true }).waitFor()
    expect(await page.getByRole('menuitem', { name: /Edit|Delete/ }).count()).toBe(0)
    await page.keyboard.press('Escape')
    await page.keyboard.press('Delete')
    await page.keyboard.press('F2')
    await row(page, /^Built-in host/).waitFor()
    expect(await dialog(page).count()).toBe(0)
  })

  it('draws only what is in view of hundreds of hosts', async () => {
    const page = await open({ query: { hosts: 'many' } })
    await tree(page).focus()
    expect(await page.getByRole('treeitem').count()).toBeLessThan(60)
    await page.keyboard.press('End')
    await row(page, /^node-600/).waitFor()
    await page.keyboard.press('Control+k')
    await page.keyboard.type('node-317')
    await row(page, /^node-317/).waitFor()
  })

  it('says in a few words what keeps a host from being used', async () => {
    const page = await open(few)
    await page.evaluate(() => {
      const problem = { code: 'host-key-changed', action: 'ask', message: '', params: { address: 'web-01' } } as const
      window.bowline?.controls.connection('web-01', { state: 'halted', problem } as never)
      window.bowline?.controls.connection('web-02', { state: 'suspect' } as never)
    })
    await row(page, 'web-01, needs you, host key changed').waitFor()
    await row(page, 'web-02, silent').waitFor()
    await expectAccessible(page)
  })
})
