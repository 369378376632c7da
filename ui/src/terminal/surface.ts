/**
 * One xterm.js terminal as the rest of the window sees it: an element to put somewhere, bytes in, bytes out. It knows nothing of
 * hosts, connections or Vue. Terminal bytes pass through here and never enter reactive state.
 */
import { FitAddon } from '@xterm/addon-fit'
import { UnicodeGraphemesAddon } from '@xterm/addon-unicode-graphemes'
import { Unicode11Addon } from '@xterm/addon-unicode11'
import { Terminal } from '@xterm/xterm'
import '@xterm/xterm/css/xterm.css'
import type { TerminalSize } from '../ipc'
import type { Platform } from '../workspace/platform'
import { onThemeChange, readTheme, shownScheme, type SchemeChoice } from './colours'
import { fontList, fontsReady } from './fonts'
import { joinLigatures } from './ligatures'
import { limitSequences } from './limits'
import { openLinks } from './links'
import { noticeLostFocus } from './lost-focus'
import type { Command } from './marks/command-marks'
import { TerminalMarks } from './marks/terminal-marks'
import { answerModeRequests } from './mode-reports'
import { Pictures } from './pictures/pictures'
import { openWithRenderer } from './renderer'
import { usesScreenReader } from './screen-reader'
import { Finder } from './search/finder'
import type { SearchQuery } from './search/seeker'
import { refuseStrayKeys } from './stray-keys'
import './terminal.css'

/** The part of the settings that a terminal follows. */
export interface Appearance extends SchemeChoice {
  fontFamily: string
  fontSize: number
  lineHeight: number
  cursorStyle: 'block' | 'bar' | 'underline'
  cursorBlink: boolean
  scrollback: number
  minimumContrast: '1' | '4.5' | '7'
  screenReader: 'auto' | 'on' | 'off'
  graphemes: boolean
  ligatures: boolean
  pictures: boolean
}

export interface SurfaceEvents {
  /** Typed text, mouse reports and answers to the program's questions. */
  text: (text: string) => void
  /** The same in old 8-bit encodings: one byte in each character. */
  binary: (text: string) => void
  size: (size: TerminalSize) => void
  selection: () => void
  openLink: (url: string) => void
  /** A program on the server wants something of the clipboard (OSC 52). */
  clipboard: (payload: string) => void
  hoverLink: (url: string | null) => void
  /** The mark of a command was clicked. */
  mark: (command: Command) => void
}

/** Programs that draw a screen break below this size, and a hidden pane is measured as nothing. */
const SMALLEST: TerminalSize = { cols: 10, rows: 3 }

/** In CSS pixels, for a screen that is larger than its pane. */
const SMALLEST_LETTERS = 5

/** Reports of the mouse and of the focus, and brackets around pastes. */
const NO_REPORTS = '\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l'
/** What a program may have left behind: those, a scroll region, a hidden cursor, colours. */
const SOFT_RESET = `${NO_REPORTS}\x1b[!p\x1b[?25h\x1b[0m`

/** Nothing blinks for those who asked for no motion. */
const MOTION = window.matchMedia('(prefers-reduced-motion: reduce)')

export class Surface {
  readonly element = document.createElement('div')
  readonly terminal: Terminal
  readonly marks: TerminalMarks
  readonly #fit = new FitAddon()
  readonly #finder: Finder
  readonly #pictures: Pictures
  readonly #stopTheme: () => void
  readonly #stopFocus: () => void
  #appearance: Appearance
  #endLigatures: (() => void) | undefined
  #fitting = 0
  #fixed: TerminalSize | null = null
  #opened = false
  #focusWanted = false
  /** What had the focus when it was wanted: someone who goes elsewhere meanwhile keeps it. */
  #focusWas: Element | null = null
  #disposed = false
  /** Pixels that a bar covers below. */
  #covered = 0
  /** The screen is moved up for a bar that has gone. */
  #liftEnds = false

  constructor(
    appearance: Appearance,
    private readonly platform: Platform,
    private readonly events: SurfaceEvents,
  ) {
    this.#appearance = { ...appearance }
    this.element.className = 'terminal-surface'
    refuseStrayKeys(this.element)
    this.terminal = new Terminal({
      ...this.#options(appearance),
      allowProposedApi: true,
      // A new window of text should not scroll past what was there.
      scrollOnEraseInDisplay: true,
      rescaleOverlappingGlyphs: true,
      // Never act on what output asks about the window itself.
      windowOptions: {},
      logLevel: 'off',
    })
    this.#finder = new Finder(this.terminal)
    this.#pictures = new Pictures(this.terminal)
    this.#showColours()
    this.#listen()
    this.marks = new TerminalMarks(this.terminal, this.element, this.events.mark)
    this.#stopFocus = noticeLostFocus(this.terminal, this.element)
    this.#stopTheme = onThemeChange(() => this.#showColours())
    MOTION.addEventListener('change', this.#onMotion)
  }

  /** What a screen reader hears in place of output that nobody could listen to: of all terminals. */
  static sayTooMuchOutput(words: string): void {
    Terminal.strings.tooMuchOutput = words
  }

  get size(): TerminalSize {
    return { cols: this.terminal.cols, rows: this.terminal.rows }
  }

  /** Shows the terminal in a container that is part of the document. Resolves once it is drawn and has its size. */
  async attach(container: HTMLElement): Promise<void> {
    container.append(this.element)
    if (!this.#opened) {
      this.#opened = true
      const { fontFamily, fontSize } = this.#appearance
      await fontsReady(fontList(fontFamily), fontSize)
      if (this.#disposed) return
      // Now that it has a place its tokens can be read.
      if (this.element.dataset['theme']) this.#showColours()
      openWithRenderer(this.terminal, this.element, this.platform, () => this.#disposed)
      this.#showText()
    }
    this.#fitNow()
    if (this.#focusWanted && this.#focusWas === document.activeElement) this.focus()
  }

  /** Takes as many columns and rows as fit; many calls in one frame are one. */
  fitSoon(): void {
    if (this.#fitting !== 0) return
    this.#fitting = requestAnimationFrame(() => {
      this.#fitting = 0
      this.#fitNow()
    })
  }

  #fitNow(): void {
    // A hidden tab has no size: what it had stays.
    if (this.#disposed || !this.element.isConnected || this.element.clientWidth === 0 || this.element.clientHeight === 0) return
    if (this.#fixed) return this.#fitFixed(this.#fixed)
    const proposed = this.#fit.proposeDimensions()
    if (!proposed || !Number.isFinite(proposed.cols) || !Number.isFinite(proposed.rows)) return
    const cols = Math.max(SMALLEST.cols, proposed.cols)
    const rows = Math.max(SMALLEST.rows, proposed.rows)
    if (cols !== this.terminal.cols || rows !== this.terminal.rows) this.terminal.resize(cols, rows)
  }

  /** Shows a screen of a size that is not the window's own choice, with letters as large as fit, up to those of the settings. */
  fixSize(size: TerminalSize): void {
    this.#fixed = size
    this.terminal.resize(size.cols, size.rows)
    this.fitSoon()
  }

  #fitFixed({ cols, rows }: TerminalSize): void {
    const { options } = this.terminal
    const { fontSize } = this.#appearance
    // How many cells fit is known for the letters as they are now; their size follows from that.
    const proposed = this.#fit.proposeDimensions()
    if (!proposed || !Number.isFinite(proposed.cols) || !Number.isFinite(proposed.rows)) return
    const fits = Math.min(proposed.cols / cols, proposed.rows / rows) * (options.fontSize ?? fontSize)
    options.fontSize = Math.max(SMALLEST_LETTERS, Math.min(fontSize, Math.floor(fits)))
  }

  /** Output of the server, at most 64 KiB. `parsed` is called when it is on the screen's way and its credit may go back. */
  write(bytes: Uint8Array, parsed: () => void): void {
    const { loading } = this.#pictures
    if (loading) void loading.then(() => this.#writeNow(bytes, parsed))
    else this.#writeNow(bytes, parsed)
  }

  #writeNow(bytes: Uint8Array, parsed: () => void): void {
    this.terminal.write(bytes, () => {
      parsed()
      // What comes moves the text anyway; now nothing jumps that stood still.
      if (this.#liftEnds) this.#liftBy(0)
    })
  }

  /**
   * Moves the screen up for a bar that covers its lowest pixels, no further than the line with the cursor needs. Nothing is laid
   * out anew and the server hears of no other size. With 0 it stays as it is until something is written.
   */
  keepAbove(covered: number): void {
    this.#covered = covered
    this.#liftEnds = covered === 0
    // Behind what is still being parsed: the cursor may be about to move.
    if (covered > 0) this.terminal.write('', () => this.#liftForBar())
  }

  #liftForBar(): void {
    if (this.#disposed || this.#covered === 0) return
    this.#liftBy(Math.max(0, this.#covered - this.#freeBelowCursor()))
  }

  #liftBy(pixels: number): void {
    this.#liftEnds = false
    this.element.style.translate = pixels === 0 ? '' : `0 ${-pixels}px`
  }

  /** Pixels below the line with the cursor. */
  #freeBelowCursor(): number {
    const screen = this.element.querySelector('.xterm-screen')?.getBoundingClientRect()
    if (!screen) return Infinity
    const { active } = this.terminal.buffer
    // Whoever reads above wants nothing to move.
    if (active.viewportY < active.baseY) return Infinity
    // A program that draws the whole screen has something to say in its last line, too.
    const lines = active.type === 'alternate' ? this.terminal.rows : active.cursorY + 1
    const bottom = screen.top + (screen.height / this.terminal.rows) * lines
    return this.element.getBoundingClientRect().bottom - bottom
  }

  /**
   * Takes back what the program had asked for, so that the mouse selects. What is on the screen stays, to the cursor: the engine
   * writes what comes between the lost shell and the next one, and its own screen has to be the same.
   */
  quieten(): void {
    this.terminal.write(NO_REPORTS)
  }

  /** What the engine does for its terminals (`terminal_reset`), for one that never came to be. */
  softReset(): void {
    this.terminal.write(`\x18\x1b7\x1b[?1049l${SOFT_RESET}\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\`)
  }

  apply(appearance: Appearance): void {
    const before = this.#appearance
    this.#appearance = { ...appearance }
    Object.assign(this.terminal.options, this.#options(appearance))
    // Not without need: a theme takes back the colours that a program has set.
    if (JSON.stringify(shownScheme(before)) !== JSON.stringify(shownScheme(appearance))) this.#showColours()
    this.#showText()
    this.#pictures.show(appearance.pictures)
    if (!this.#opened) return
    const family = fontList(appearance.fontFamily)
    if (before.fontFamily === appearance.fontFamily && before.fontSize === appearance.fontSize) this.fitSoon()
    else void fontsReady(family, appearance.fontSize).then(() => this.#measureAgain())
  }

  /** The line that the cursor is in, up to the cursor. */
  get cursorLine(): string {
    const { active } = this.terminal.buffer
    return active.getLine(active.baseY + active.cursorY)?.translateToString(true, 0, active.cursorX) ?? ''
  }

  /** Takes the keyboard, at once or as soon as it is drawn. */
  focus(): void {
    this.#focusWanted = !this.element.isConnected || !this.terminal.textarea
    this.#focusWas = document.activeElement
    if (!this.#focusWanted) this.terminal.focus()
  }

  /**
   * Looks for something new in the whole scrollback, from the newest line up.
   *
   * @throws PatternError
   */
  find(query: SearchQuery): void {
    this.#finder.begin(query)
  }

  /** To the next match, or to the one before it. */
  findStep(direction: 'next' | 'previous'): void {
    this.#finder.step(direction === 'next' ? 1 : -1)
  }

  /** `index` is -1 where none is chosen; `complete` is false where there may be more than `count`. */
  onMatches(listener: (index: number, count: number, complete: boolean) => void): () => void {
    return this.#finder.onMatches(listener)
  }

  endSearch(): void {
    this.#finder.end()
  }

  dispose(): void {
    this.#disposed = true
    cancelAnimationFrame(this.#fitting)
    this.#stopTheme()
    MOTION.removeEventListener('change', this.#onMotion)
    this.#stopFocus()
    this.marks.dispose()
    this.#pictures.dispose()
    this.#finder.dispose()
    this.terminal.dispose()
    this.element.remove()
  }

  #showColours(): void {
    const scheme = shownScheme(this.#appearance)
    // What the window draws here, a composition for instance, takes the colours of its side as well.
    if (scheme) this.element.dataset['theme'] = scheme.kind
    else delete this.element.dataset['theme']
    this.element.style.backgroundColor = scheme?.background ?? ''
    this.terminal.options.theme = readTheme(scheme, this.element.isConnected ? this.element : undefined)
  }

  /** What of the settings is no option of xterm.js. */
  #showText(): void {
    const { graphemes, ligatures } = this.#appearance
    // As the engine counts columns, unless a person wants it otherwise.
    this.terminal.unicode.activeVersion = graphemes ? '15-graphemes' : '11'
    // Xterm.js joins characters once it is drawn.
    if (ligatures && this.terminal.element) this.#endLigatures ??= joinLigatures(this.terminal, this.element)
    else {
      this.#endLigatures?.()
      this.#endLigatures = undefined
    }
  }

  readonly #onMotion = () => {
    this.terminal.options.cursorBlink = this.#appearance.cursorBlink && !MOTION.matches
  }

  #options(appearance: Appearance) {
    return {
      fontFamily: fontList(appearance.fontFamily),
      fontSize: appearance.fontSize,
      lineHeight: appearance.lineHeight,
      cursorStyle: appearance.cursorStyle,
      cursorBlink: appearance.cursorBlink && !MOTION.matches,
      scrollback: appearance.scrollback,
      minimumContrastRatio: Number(appearance.minimumContrast),
      screenReaderMode: usesScreenReader(appearance.screenReader),
    }
  }

  /** xterm.js measures a font when its name changes; a family that arrived after that needs a nudge. */
  #measureAgain(): void {
    if (this.#disposed) return
    const family = fontList(this.#appearance.fontFamily)
    this.terminal.options.fontFamily = `${family}, monospace`
    this.terminal.options.fontFamily = family
    this.fitSoon()
  }

  #listen(): void {
    const { terminal, events } = this
    terminal.loadAddon(this.#fit)
    terminal.loadAddon(new Unicode11Addon())
    terminal.loadAddon(new UnicodeGraphemesAddon())
    this.#showText()
    limitSequences(terminal)
    answerModeRequests(terminal)
    this.#pictures.show(this.#appearance.pictures)
    terminal.parser.registerOscHandler(52, (payload) => {
      events.clipboard(payload)
      return true
    })
    openLinks(terminal, this.platform, { open: events.openLink, hover: events.hoverLink })
    terminal.onData(events.text)
    terminal.onBinary(events.binary)
    terminal.onResize(events.size)
    terminal.onSelectionChange(events.selection)
  }
}
