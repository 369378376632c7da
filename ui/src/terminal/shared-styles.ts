/**
 * The style sheets of terminals, one for all that look alike. xterm.js makes eight hundred rules for each terminal, under a class of
 * its own; a new sheet makes the web view look at the style of everything in the document anew, a hundred tabs too (50 of the 95 ms
 * until a tab that was long unseen stood there). So a sheet belongs to its text, and a terminal gets its class.
 */

/** The class of xterm.js 6.0.0 for one terminal, by which it also names what blinks. */
const OWNER = /xterm-dom-renderer-owner-(\d+)/
/** Looks that no terminal has any more, kept for the next one. A look is text and colours of a font and a scheme. */
const UNUSED_MAX = 8

interface Look {
  sheet: CSSStyleSheet
  className: string
  users: number
}

const looks = new Map<string, Look>()
let made = 0

/** The rules with nothing in them that is one terminal's. */
export function lookOf(text: string): string {
  const owner = OWNER.exec(text)?.[1]
  if (owner === undefined) return text
  const own = new RegExp(`(xterm-dom-renderer-owner-|blink_(?:underline|bar|block)_)${owner}\\b`, 'g')
  return text.replace(own, '$1SHARED')
}

function take(text: string): Look {
  const key = lookOf(text)
  let look = looks.get(key)
  if (!look) {
    const className = `xterm-dom-renderer-owner-look-${++made}`
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(key.replaceAll('xterm-dom-renderer-owner-SHARED', className).replaceAll('_SHARED', `_look_${made}`))
    look = { sheet, className, users: 0 }
    document.adoptedStyleSheets.push(sheet)
  }
  look.users++
  // The one that was taken last comes last.
  looks.delete(key)
  looks.set(key, look)
  return look
}

function leave(look: Look): void {
  look.users--
  const unused = [...looks].filter(([, { users }]) => users === 0)
  for (const [key, { sheet }] of unused.slice(0, Math.max(0, unused.length - UNUSED_MAX))) {
    looks.delete(key)
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet)
  }
}

/** What stands for one `<style>` of a terminal. */
export class SharedStyle {
  #look: Look | undefined
  #text: string | undefined
  #gone = false

  /** `place` becomes part of the terminal's element. */
  constructor(private readonly place: HTMLElement) {}

  /** Takes the rules when the work at hand is done: by then the place is where it belongs, and nothing is measured in between. */
  set(text: string): void {
    if (this.#text === undefined) queueMicrotask(() => this.#show())
    this.#text = text
  }

  #show(): void {
    const text = this.#text
    this.#text = undefined
    if (text === undefined || this.#gone) return
    const before = this.#look
    this.#look = take(text)
    const root = this.place.closest('.xterm')
    if (before !== this.#look) {
      if (before) root?.classList.remove(before.className)
      root?.classList.add(this.#look.className)
    }
    if (before) leave(before)
  }

  remove(): void {
    this.#gone = true
    if (!this.#look) return
    this.place.closest('.xterm')?.classList.remove(this.#look.className)
    leave(this.#look)
    this.#look = undefined
  }
}
