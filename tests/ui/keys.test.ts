/** Installing a key on a host from its menu: choosing or making one, and what is said afterwards. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium } from './chromium'

const { open } = useChromium()

const dialog = (page: Page) => page.getByRole('dialog')
const button = (page: Page, name: string) => dialog(page).getByRole('button', { name, exact: true })
const field = (page: Page, name: string) => dialog(page).getByLabel(name, { exact: true })

async function openDialog(page: Page, host: string, item = 'Install my key…'): Promise<void> {
  await page.getByRole('treeitem', { name: new RegExp(`^${host}`) }).click({ button: 'right' })
  await page.getByRole('menuitem', { name: item }).click()
}

const saved = async (page: Page, id: string) =>
  (await page.evaluate(() => window.bowline?.controls.hosts()))?.find((host) => host.id === id)

describe('installing a key', () => {
  it('installs a key of ~/.ssh, says so, and lets the host use it from then on', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await openDialog(page, 'web-01')
    await dialog(page)
      .getByRole('radio', { name: /id_ed25519/ })
      .waitFor()
    await expectAccessible(page)
    await button(page, 'Install').click()
    await dialog(page).getByText('The key ~/.ssh/id_ed25519 was added on web-01, and a login with it worked.').waitFor()
    await expectAccessible(page)
    await button(page, 'Use this key').click()
    await dialog(page).waitFor({ state: 'detached' })
    expect(await saved(page, 'web-01')).toMatchObject({ auth: 'key', keyPath: '~/.ssh/id_ed25519' })

    await openDialog(page, 'web-01')
    await button(page, 'Install').click()
    await dialog(page).getByText('The key ~/.ssh/id_ed25519 was on web-01 already').waitFor()
    expect(await button(page, 'Use this key').count()).toBe(0)
  })

  it('makes a key that has a name of its own, with a passphrase that was typed twice', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await openDialog(page, 'web-02')
    await button(page, 'Make a new key').click()
    expect(await field(page, 'File').inputValue()).toBe('~/.ssh/id_ed25519_2')
    await field(page, 'Passphrase').fill('open sesame')
    await field(page, 'Passphrase again').fill('open says me')
    await button(page, 'Make the key').click()
    await dialog(page).getByText('The two are not the same.').waitFor()
    await expectAccessible(page)
    await field(page, 'Passphrase again').fill('open sesame')
    await field(page, 'File').fill('~/.ssh/id_ed25519')
    await button(page, 'Make the key').click()
    await dialog(page).getByText('there is a file already: ~/.ssh/id_ed25519').waitFor()
    await field(page, 'File').fill('~/.ssh/web')
    await button(page, 'Make the key').click()
    await expect.poll(() => dialog(page).getByRole('radio', { name: /web/ }).isChecked()).toBe(true)
    await button(page, 'Install').click()
    await dialog(page).getByText('The key ~/.ssh/web was added on web-02').waitFor()
  })

  it('says why a host does not take the key', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await page.getByRole('navigation').getByRole('button', { name: 'Add a host' }).click()
    await page.keyboard.type('refused-key.example.net')
    await button(page, 'Save').click()
    await openDialog(page, 'refused-key')
    await button(page, 'Install').click()
    await dialog(page).getByRole('alert').getByText('but the server does not take it').waitFor()
    await expectAccessible(page)
  })

  it('speaks Chinese', async () => {
    const page = await open({ query: { hosts: 'few' }, language: 'zh-CN' })
    await openDialog(page, 'web-01', '安装我的密钥…')
    await button(page, '安装').click()
    await dialog(page).getByText('并已用它成功登录').waitFor()
  })
})

async function openNewHost(address: string): Promise<Page> {
  const page = await open({ query: { hosts: 'few' } })
  await page.getByRole('navigation').getByRole('button', { name: 'Add a host' }).click()
  await page.keyboard.type(address)
  await button(page, 'Save and open').click()
  return page
}

const state = (page: Page, name: string) =>
  page.getByRole('treeitem', { name: new RegExp(`^${name}`) }).getAttribute('aria-label')

describe('questions about keys', () => {
  it('says that a security key wants to be touched, and lets one stop waiting', async () => {
    const page = await openNewHost('security-key.example.net')
    await dialog(page).getByText('The key ada@token signs only when it is touched.').waitFor()
    await expectAccessible(page)
    await button(page, 'Stop waiting').click()
    await expect.poll(() => state(page, 'security-key')).toContain('stopped')
  })

  it('asks whether the agent may keep a key; not now is no failure', async () => {
    const page = await openNewHost('add-to-agent.example.net')
    await dialog(page).getByText('The key ~/.ssh/id_ed25519 has logged you in.').waitFor()
    await expectAccessible(page)
    await button(page, 'Not now').click()
    await expect.poll(() => state(page, 'add-to-agent')).toContain('connected')
  })
})
