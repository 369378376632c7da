// The real app in its real window, driven through tauri-driver as a person would use it: things are found by role and name.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Builder, Capabilities, Key } from 'selenium-webdriver'
import { end, start } from '../../../scripts/processes.mjs'
import { freePort } from './ports.mjs'
import { findByRole } from './roles.mjs'

export { Key }

const root = join(import.meta.dirname, '../../..')
export const APP = process.env.BOWLINE_APP ?? join(root, 'target/debug/bowline-desktop')
const SCREENSHOTS = join(root, 'target/screenshots')
// A button answers in milliseconds; this is for a machine that compiles something else meanwhile.
const PATIENCE_MS = 30_000
const DRIVER_READY_MS = 10_000

/** Starts the app on a desktop and opens a session with its window. `env` is added to the desktop's. */
export async function openApp(desktop, { application = APP, args = [], env = {} } = {}) {
  if (!existsSync(application)) throw new Error(`${application} is not there: build it with \`npm start\` or \`npm test\``)
  const [port, nativePort] = [await freePort(), await freePort()]
  const log = openSync(join(desktop.logs, 'app.log'), 'a')
  const child = start(tauriDriver(), ['--port', `${port}`, '--native-port', `${nativePort}`], {
    env: { ...desktop.env, ...env },
    cwd: desktop.home,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  try {
    const server = `http://127.0.0.1:${port}/`
    await reachable(server, child)
    const capabilities = new Capabilities({ browserName: 'wry', 'tauri:options': { application, args } })
    const driver = await new Builder().usingServer(server).withCapabilities(capabilities).build()
    return new App(driver, child, desktop)
  } catch (error) {
    await end(child)
    throw error
  }
}

class App {
  #driver
  #child

  constructor(driver, child, desktop) {
    this.#driver = driver
    this.#child = child
    this.desktop = desktop
    this.logs = desktop.logs
  }

  /** The selenium session, for what this class has no word for. */
  get driver() {
    return this.#driver
  }

  /** The id of the driver's process; the app's run below it. */
  get driverProcess() {
    return this.#child.pid
  }

  /** Runs a function in the window. It must not refer to anything outside itself. */
  run(script, ...args) {
    return this.#driver.executeScript(`return (${script}).apply(null, arguments)`, ...args)
  }

  /** All visible elements of a role; `name` is a part of their accessible name, in any case, unless `exact`. */
  allByRole(role, name = null, { exact = false, within = null } = {}) {
    return this.run(findByRole, role, name, exact, within)
  }

  /** The one visible element of a role and name. Waits for it; says what is there instead if it does not come. */
  async byRole(role, name = null, options = {}) {
    let found = []
    await this.until(
      `there is one ${role} ${JSON.stringify(name)}`,
      async () => {
        found = await this.allByRole(role, name, options)
        return found.length === 1
      },
      async () => `found ${found.length}; the window says:\n${await this.text()}`,
    )
    return found[0]
  }

  /** A form field by its label. */
  async byLabel(name, options = {}) {
    const roles = ['textbox', 'searchbox', 'combobox', 'spinbutton', 'checkbox', 'switch', 'radio', 'slider']
    let found = []
    await this.until(
      `there is one field ${JSON.stringify(name)}`,
      async () => {
        found = []
        for (const role of roles) found.push(...(await this.allByRole(role, name, options)))
        return found.length === 1
      },
      async () => `found ${found.length}; the window says:\n${await this.text()}`,
    )
    return found[0]
  }

  /** Waits until it is enabled as well: a click on what is not yet is lost without a word. */
  async click(role, name, options = {}) {
    await this.again(async () => {
      const found = await this.byRole(role, name, options)
      await this.until(`${role} ${JSON.stringify(name)} is enabled`, () => this.run((it) => !it.disabled, found))
      await found.click()
    })
  }

  async doubleClick(role, name, options = {}) {
    await this.again(async () =>
      this.#driver
        .actions()
        .doubleClick(await this.byRole(role, name, options))
        .perform(),
    )
  }

  /**
   * Clicks with the right button of the X server's own mouse. WebKitWebDriver would press the right button and release the
   * left one, which closes the menu again.
   */
  async contextClick(role, name, options = {}) {
    const element = await this.byRole(role, name, options)
    const { x, y } = await this.run((it) => {
      const box = it.getBoundingClientRect()
      return { x: Math.round(window.screenX + box.x + box.width / 2), y: Math.round(window.screenY + box.y + box.height / 2) }
    }, element)
    execFileSync('xdotool', ['mousemove', `${x}`, `${y}`, 'click', '3'], { env: this.desktop.env })
  }

  /** Replaces what a field holds, key by key as a person does. */
  async fill(label, text, options = {}) {
    await this.again(async () => {
      const field = await this.byLabel(label, options)
      await field.sendKeys(Key.chord(Key.CONTROL, 'a'), Key.BACK_SPACE)
      await field.sendKeys(text)
    })
  }

  /** Chooses an option of a list, by its value. */
  async choose(label, value) {
    await this.again(async () => {
      const [list] = await this.allByRole('combobox', label)
      await list.findElement({ css: `option[value="${value}"]` }).click()
    })
  }

  /** Presses keys where the focus is: `press(Key.CONTROL, 'k')` is a chord. */
  async press(...keys) {
    const actions = this.#driver.actions()
    for (const key of keys) actions.keyDown(key)
    for (const key of keys.toReversed()) actions.keyUp(key)
    await actions.perform()
  }

  /** Types into the terminal that is shown, as soon as one is. `\n` is Enter. */
  async type(text) {
    let field
    await this.until(
      'a terminal is shown',
      async () => {
        field = await this.run(() => {
          const shown = [...document.querySelectorAll('.xterm-helper-textarea')].filter(
            (it) => it.closest('.xterm').getClientRects().length > 0,
          )
          return shown.find((it) => it === document.activeElement) ?? shown.at(-1) ?? null
        })
        return field !== null
      },
      async () => `the window says:\n${await this.text()}`,
    )
    await this.again(() => field.sendKeys(text.replaceAll('\n', Key.ENTER)))
  }

  /** The rows of the terminal that is shown, without blanks at their ends. */
  async rows() {
    const rows = await this.run(() => {
      const shown = [...document.querySelectorAll('.xterm')].filter((it) => it.getClientRects().length > 0)
      const terminal = shown.find((it) => it.contains(document.activeElement)) ?? shown.at(-1)
      return [...(terminal?.querySelectorAll('.xterm-rows > div') ?? [])].map((row) => row.textContent)
    })
    return rows.map((row) => row.replaceAll('\u00a0', ' ').trimEnd())
  }

  /** Waits until the terminal shows a text (or something that matches), and returns its rows. */
  async untilTerminal(wanted, options) {
    let rows = []
    await this.until(
      `the terminal shows ${wanted}`,
      async () => {
        rows = await this.rows()
        return wanted instanceof RegExp ? wanted.test(rows.join('\n')) : rows.join('\n').includes(wanted)
      },
      () => `it shows:\n${rows.join('\n').trimEnd()}`,
      options,
    )
    return rows
  }

  /** What the window says in words. */
  text() {
    return this.run(() => document.body.innerText)
  }

  async untilText(wanted, options) {
    let text = ''
    await this.until(
      `the window says ${wanted}`,
      async () => {
        text = await this.text()
        return wanted instanceof RegExp ? wanted.test(text) : text.includes(wanted)
      },
      () => `it says:\n${text}`,
      options,
    )
  }

  /** Polls a condition until it holds. `instead` says what was there, for the message. */
  async until(what, holds, instead = () => '', { patience = PATIENCE_MS } = {}) {
    const deadline = Date.now() + patience
    for (;;) {
      if (await this.again(holds)) return
      if (Date.now() > deadline) {
        await this.screenshot(`failed-${Date.now()}`)
        throw new Error(`Waited ${patience / 1000} s until ${what}; ${await instead()}`)
      }
      await sleep(50)
    }
  }

  /** Does something once more when the window replaced the element meanwhile. */
  async again(work) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work()
      } catch (error) {
        const replaced = /StaleElementReference|ElementClickIntercepted|ElementNotInteractable/.test(error.name)
        if (!replaced || attempt === 20) throw error
        await sleep(100)
      }
    }
  }

  /** Lists, from now on, what the content security policy refuses. */
  async watchPolicy() {
    await this.run(() => {
      window.refusedByPolicy = []
      document.addEventListener('securitypolicyviolation', (event) =>
        window.refusedByPolicy.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`),
      )
    })
    return () => this.run(() => window.refusedByPolicy)
  }

  /** Changes the size of the window and waits until the page has it. */
  async resize(width, height) {
    await this.#driver.manage().window().setRect({ width, height })
    await this.until(`the window is ${width} px wide`, async () => (await this.run(() => window.innerWidth)) === width)
  }

  /** Saves a picture of the window below target/screenshots and returns its path. */
  async screenshot(name) {
    mkdirSync(SCREENSHOTS, { recursive: true })
    await this.run(repaint)
    // What the page has decided is in the picture one frame later.
    await this.#driver.executeAsyncScript((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
    const path = join(SCREENSHOTS, `${name}.png`)
    writeFileSync(path, Buffer.from(await this.#driver.takeScreenshot(), 'base64'))
    return path
  }

  /** What the app and its driver printed. */
  log() {
    return readFileSync(join(this.logs, 'app.log'), 'utf8')
  }

  /** Closes the window and ends the driver. Safe to call twice. */
  async close() {
    await this.#driver.quit().catch(() => {})
    await end(this.#child)
  }
}

/** Sent as a script. WebKit takes its picture after the next paint; without a GPU there is none until something changes. */
function repaint() {
  const dot = document.createElement('i')
  Object.assign(dot.style, { position: 'fixed', right: '0', bottom: '0', width: '1px', height: '1px', pointerEvents: 'none' })
  document.body.append(dot)
  let left = 40
  const timer = setInterval(() => {
    dot.style.backgroundColor = left % 2 ? 'rgb(127, 127, 127)' : 'rgb(128, 128, 128)'
    left -= 1
    if (left > 0) return
    clearInterval(timer)
    dot.remove()
  }, 50)
}

function tauriDriver() {
  const own = join(root, 'target/tools/bin/tauri-driver')
  return existsSync(own) ? own : 'tauri-driver'
}

async function reachable(server, child) {
  const deadline = Date.now() + DRIVER_READY_MS
  const died = child.ended.then(({ code, signal, error }) => {
    throw new Error(`tauri-driver ended at once: ${error?.message ?? signal ?? code}`)
  })
  died.catch(() => {})
  const ready = async () => {
    for (;;) {
      try {
        if ((await fetch(`${server}status`)).ok) return
      } catch {
        // Not listening yet.
      }
      if (Date.now() > deadline) throw new Error(`tauri-driver does not answer at ${server}`)
      await sleep(50)
    }
  }
  await Promise.race([died, ready()])
}
