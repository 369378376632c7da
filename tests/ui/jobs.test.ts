/** The tray of transfers in Chromium over the fake engine. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { JobState, JobView } from '../../ui/src/ipc'
import { expectAccessible, useChromium, type PageOptions } from './chromium'
import { openHost, prompt } from './workspace-page'

const { open } = useChromium()

const start = (options: PageOptions = {}) => open({ query: { hosts: 'few' }, ...options })
const tray = (page: Page) => page.getByRole('region', { name: 'Transfers', exact: true })
const row = (page: Page, name: string) => tray(page).getByRole('listitem').filter({ hasText: name })

type Given = Partial<Omit<JobView, 'state'>> & JobState

async function show(page: Page, ...jobs: Given[]): Promise<void> {
  await page.evaluate((given) => {
    const usual = {
      name: 'site-bundle.tar.zst',
      sources: 1,
      from: { at: 'here', path: '/home/ada/site-bundle.tar.zst' } as const,
      to: { at: 'host', hostId: 'web-01', path: '/srv/www/releases' } as const,
      counted: true,
      files: 1,
      bytes: 1_200_000_000,
      filesDone: 0,
      bytesDone: 732_000_000,
      rate: 53_000_000,
      secondsLeft: 9,
      current: null,
      filesSkipped: 0,
      filesBare: 0,
      errorCount: 0,
      errors: [],
      addedMs: 0,
      endedMs: null,
    }
    window.bowline?.controls.jobs.show(given.map((job, n) => ({ id: n + 1, ...usual, ...job })))
  }, jobs)
}

const add = (page: Page, name: string) =>
  page.evaluate(
    (path) =>
      window.bowline?.call('job_add', {
        request: {
          sources: [{ at: 'here', path }],
          target: { at: 'host', hostId: 'web-01', path: '/srv' },
          exact: false,
          onConflict: 'ask',
          verify: 'size',
          removeSources: false,
        },
      }),
    `/home/ada/${name}`,
  )

/** A job of the fake engine takes two seconds. */
const PATIENCE = { timeout: 6000 }

const orders = (page: Page) => page.evaluate(() => window.bowline?.controls.jobs.orders.map(({ id, order }) => [id, order]))
const answers = (page: Page) => page.evaluate(() => window.bowline?.controls.jobs.answers.map(({ id, answer }) => [id, answer]))
const problem = (code: string, params: Record<string, string> = {}) =>
  ({ code, message: code, action: 'retry', params }) as Extract<JobState, { state: 'failed' }>['problem']

const LOGS: Given = {
  state: 'running',
  name: 'logs',
  from: { at: 'host', hostId: 'web-01', path: '/srv/logs' },
  to: { at: 'host', hostId: 'db-primary', path: '/backup' },
  files: 5000,
  filesDone: 412,
  bytes: 40_000_000_000,
  bytesDone: 3_000_000_000,
  secondsLeft: 700,
  current: 'logs/2026/11/access.log.17.gz',
}

describe('the tray', () => {
  it('is there while there are jobs: a line that opens to a list', async () => {
    const page = await start()
    expect(await tray(page).count()).toBe(0)
    await show(page, { state: 'running' })
    await tray(page).getByRole('button', { name: 'site-bundle.tar.zst', expanded: false }).waitFor()
    await tray(page).getByText('61 %').waitFor()
    await tray(page).getByText('53 MB/s').first().waitFor()
    await expect.poll(() => tray(page).getByRole('progressbar').first().getAttribute('aria-valuenow')).toBe('61')
    expect(await tray(page).getByRole('list').count()).toBe(0)
    await show(page, { state: 'running' }, LOGS)
    await tray(page).getByRole('button', { name: '2 transfers' }).click()
    await row(page, 'logs').getByText('412 of 5,000 files').waitFor()
    await row(page, 'logs').getByText('web-01:/srv → db-primary:/backup').waitFor()
    await row(page, 'logs').getByText('access.log.17.gz').waitFor()
    await row(page, 'site-bundle').getByText('/home/ada → web-01:/srv/www/releases').waitFor()
    await expectAccessible(page)
  })

  it('says of files that arrived without their mode or time', async () => {
    const page = await start()
    await show(page, { state: 'done', files: 3, filesDone: 3, filesBare: 2 })
    await tray(page).getByRole('button', { expanded: false }).click()
    await row(page, 'site-bundle').getByText('2 files arrived without their mode or time').waitFor()
  })

  it.each(['dark', 'light'] as const)('says of each job what it does and what can be done, %s', async (theme) => {
    const page = await start({ theme })
    const conflict = {
      path: '/srv/www/releases/nginx.conf',
      sourceSize: 4100,
      sourceModified: 1_795_250_000,
      targetSize: 3900,
      targetModified: 1_795_100_000,
    }
    const denied = {
      path: '/srv/root.key',
      problem: problem('file-denied', { path: '/srv/root.key', address: 'web-01', doing: 'open' }),
    }
    await show(
      page,
      LOGS,
      { state: 'asking', conflict, name: 'nginx.conf', bytesDone: 0 },
      { state: 'waiting', problem: problem('reset', { address: 'web-01' }), name: 'photos', sources: 3 },
      { state: 'queued', name: 'next.iso', bytesDone: 0 },
      { state: 'paused', name: 'later.iso' },
      { state: 'done', name: 'keys', files: 9, filesDone: 9, errors: [denied], errorCount: 1 },
      { state: 'failed', problem: problem('host-disk-full', { address: 'web-01', path: '/srv' }), name: 'huge.iso' },
    )
    await tray(page)
      .getByRole('button', { name: /5 transfers/ })
      .click()
    await tray(page).getByText('one asks you').waitFor()
    await row(page, 'photos and 2 more')
      .getByText(/^waits:/)
      .waitFor()
    await row(page, 'keys').getByText('done but for one file').waitFor()
    await row(page, 'keys').getByText('One file was not copied').click()
    // The reason names the path, so it is not said twice.
    await row(page, 'keys').getByText('/srv/root.key on web-01 could not be used').waitFor()
    expect(await row(page, 'keys').getByText('/srv/root.key').count()).toBe(1)
    await expectAccessible(page)
    for (const [name, order] of [
      ['later.iso', 'Resume'],
      ['next.iso', 'Next in turn'],
      ['keys', 'Try again'],
      ['huge.iso', 'Take off the list'],
      ['logs', 'Pause'],
      ['photos', 'Cancel'],
    ] as const)
      await row(page, name).getByRole('button', { name: order }).click()
    expect(await orders(page)).toEqual([
      [5, 'resume'],
      [4, 'first'],
      [6, 'retry'],
      [7, 'remove'],
      [1, 'pause'],
      [3, 'cancel'],
    ])
  })

  it('asks in the row what becomes of a file that stands there, once or for all', async () => {
    const page = await start()
    await add(page, 'conflict.txt')
    await tray(page).getByText('one asks you').waitFor()
    expect(await page.getByRole('dialog').count()).toBe(0)
    await page.keyboard.press('Control+Shift+Alt+J')
    const question = tray(page).getByRole('group', { name: '/srv/conflict.txt is there already' })
    const sides = question.getByRole('definition')
    await expect
      .poll(() => question.getByRole('term').allTextContents())
      .toEqual(['There already, on web-01', 'To be copied, from this computer'])
    expect(await sides.first().textContent()).toContain('4.0 MB')
    expect(await sides.last().textContent()).toContain('12 MB')
    // The key led straight to the first answer.
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toContain('Overwrite')
    await question.getByRole('checkbox', { name: 'for all further files' }).check()
    await question.getByRole('button', { name: 'Keep both' }).click()
    await expect.poll(() => answers(page)).toEqual([[1, { onConflict: 'rename', forAll: true }]])
    await expect.poll(() => question.count()).toBe(0)
  })

  it('goes on to the next question by keyboard, wherever that is in the list', async () => {
    const page = await start()
    const conflict = { path: '/srv/a', sourceSize: 10, sourceModified: null, targetSize: 20, targetModified: null }
    const asks = (name: string): Given => ({ state: 'asking', conflict: { ...conflict, path: `/srv/${name}` }, name })
    const question = () =>
      page.evaluate(() => document.activeElement?.closest('[role="group"]')?.getAttribute('aria-label') ?? null)
    await show(page, asks('a'), asks('b'))
    await page.keyboard.press('Control+Shift+Alt+J')
    await expect.poll(question).toContain('/srv/a')
    await show(page, { state: 'done', name: 'a' }, asks('b'))
    await expect.poll(question).toContain('/srv/b')
    await show(page, { state: 'done', name: 'a' }, { state: 'done', name: 'b' })
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Take off the list: b')
  })

  it('offers to go on only where the other one is shorter', async () => {
    const page = await start()
    const conflict = { path: '/srv/a', sourceSize: 10, sourceModified: null, targetSize: 20, targetModified: null }
    await show(page, { state: 'asking', conflict, name: 'a' })
    await page.keyboard.press('Control+Shift+Alt+J')
    await tray(page).getByRole('button', { name: 'Skip' }).waitFor()
    expect(await tray(page).getByRole('button', { name: 'Go on where it ends' }).count()).toBe(0)
  })

  it('can be put away, and comes back with what is new', async () => {
    const page = await start()
    await show(page, { state: 'running' })
    await tray(page).getByRole('button', { name: 'Put the transfers away' }).click()
    await expect.poll(() => tray(page).count()).toBe(0)
    await show(page, { state: 'running', bytesDone: 800_000_000 })
    expect(await tray(page).count()).toBe(0)
    await show(page, { state: 'running' }, LOGS)
    await tray(page).waitFor()
  })

  it('says once and quietly what ended, and keeps the figures to itself', async () => {
    const page = await start()
    const said = () => page.getByRole('status').allTextContents()
    await show(page, { state: 'running', name: 'notes.txt' })
    await tray(page).getByText('61 %').waitFor()
    expect((await said()).join()).not.toContain('%')
    await show(page, { state: 'done', name: 'notes.txt', bytesDone: 1_200_000_000, filesDone: 1 })
    await expect.poll(said).toContain('notes.txt is done.')
    await tray(page).getByRole('button', { name: 'Clear finished' }).click()
    await expect.poll(() => tray(page).count()).toBe(0)
  })

  it('tells a person who looks elsewhere, and shows on the icon how far it is', async () => {
    const page = await start()
    await page.evaluate(() => (document.hasFocus = () => false))
    await add(page, 'denied.txt')
    const notified = () => page.evaluate(() => window.bowline?.controls.notified)
    await expect.poll(notified, PATIENCE).toEqual([{ title: 'Transfers', body: 'denied.txt ended with errors.' }])
    const icon = await page.evaluate(() => window.bowline?.controls.iconProgress)
    expect(icon?.[1]).toEqual({ state: 'running', share: 0.05 })
    expect(icon?.at(-1)).toEqual({ state: 'none' })
  })

  it('goes by keys, and the focus goes back to the terminal', async () => {
    const page = await start()
    await openHost(page, 'web-01')
    await prompt(page)
    await show(page, { state: 'running' }, LOGS)
    await page.keyboard.press('Control+Shift+Alt+Z')
    await expect
      .poll(() => orders(page))
      .toEqual([
        [1, 'pause'],
        [2, 'pause'],
      ])
    await page.keyboard.press('Control+Shift+Alt+J')
    await expect.poll(() => page.evaluate(() => document.activeElement?.closest('.tray') !== null)).toBe(true)
    await page.keyboard.press('Escape')
    await expect.poll(() => page.evaluate(() => document.activeElement?.closest('.xterm') !== null)).toBe(true)
    await page.keyboard.press('Control+Shift+Alt+J')
    await expect.poll(() => tray(page).getByRole('list').count()).toBe(0)
  })

  it('says of a job that failed how far it came, also folded', async () => {
    const page = await start()
    const failed: Given = { state: 'done', name: 'a.iso', errorCount: 1, bytesDone: 0, errors: [] }
    await show(page, failed)
    await tray(page).getByRole('button', { name: 'a.iso nothing was copied' }).waitFor()
    await tray(page).getByText('0 %').waitFor()
    expect(await tray(page).getByText('100 %').count()).toBe(0)
    await show(page, failed, { ...failed, name: 'b.iso' })
    await tray(page).getByText('0 done, 2 with errors').waitFor()
    expect(await tray(page).getByText('100 %').count()).toBe(0)
  })

  it('is called by the job that runs, and not by a folder that is watched', async () => {
    const page = await start()
    const watched: Given = { state: 'watching', name: 'site', sync: { deleted: 0, watch: true, rounds: 1 } }
    await show(page, watched, { state: 'running', name: 'huge.iso' })
    await tray(page)
      .getByRole('button', { name: /^huge\.iso/ })
      .waitFor()
  })

  it('keeps the keyboard when the button that was pressed is gone', async () => {
    const page = await start()
    await openHost(page, 'web-01')
    await prompt(page)
    await add(page, 'a.iso')
    const inTray = () => page.evaluate(() => document.activeElement?.closest('.tray') !== null)
    await tray(page).getByRole('button', { name: 'Pause', exact: true }).press('Enter')
    await tray(page).getByRole('button', { name: 'Resume', exact: true }).waitFor()
    expect(await inTray()).toBe(true)
    await page.keyboard.press('Control+Shift+Alt+J')
    await row(page, 'a.iso').getByRole('button', { name: 'Cancel: a.iso' }).press('Enter')
    await row(page, 'a.iso').getByRole('button', { name: 'Try again: a.iso' }).waitFor()
    expect(await inTray()).toBe(true)
    await tray(page).getByRole('button', { name: 'Clear finished' }).press('Enter')
    await expect.poll(() => tray(page).count()).toBe(0)
    await expect.poll(() => page.evaluate(() => document.activeElement?.closest('.xterm') !== null)).toBe(true)
  })

  it('stands in Chinese in a narrow window', async () => {
    const page = await start({ language: 'zh-CN', size: { width: 760, height: 480 } })
    await show(page, LOGS, { state: 'paused', name: '发布说明.md' })
    await page.keyboard.press('Control+Shift+Alt+J')
    await page.getByText('412 / 5,000 个文件').waitFor()
    await expectAccessible(page)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(760)
  })
})

describe('the limits', () => {
  it('are shown as the engine has them, and set there', async () => {
    const page = await start()
    await page.keyboard.press('Control+,')
    await page.getByRole('tab', { name: 'Transfers' }).click()
    const field = page.getByRole('spinbutton', { name: 'Transfers at once' })
    await expect.poll(() => field.inputValue()).toBe('3')
    await field.fill('5')
    await page.getByRole('spinbutton', { name: 'Speed of all together, KiB/s' }).fill('2048')
    const limits = () => page.evaluate(() => window.bowline?.controls.jobs.limits)
    await expect.poll(limits).toEqual({ jobs: 5, jobsPerHost: 2, rateKib: 2048 })
    await expectAccessible(page)
  })
})
