/**
 * CodeMirror, with all that the window wants of it. It lives in a shadow root: there its style sheets are constructed ones, which
 * the content security policy allows, and nothing of them reaches the rest of the window. Loaded when the first file is opened.
 */
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, syntaxHighlighting } from '@codemirror/language'
import { MergeView, goToNextChunk, goToPreviousChunk } from '@codemirror/merge'
import { highlightSelectionMatches, openSearchPanel, search, searchKeymap } from '@codemirror/search'
import { Compartment, EditorState, type Extension, type Text } from '@codemirror/state'
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  rectangularSelection,
} from '@codemirror/view'
import { languageOf, loadLanguage, type LanguageId } from './languages'
import { colours, look } from './surface-look'

export interface SurfaceOptions {
  text: string
  path: string
  /** The accessible name of the text. */
  label: string
  readOnly: boolean
  /** Every `\r` is a character of the text: its line ends are of several kinds. */
  keepsReturns: boolean
  /** What CodeMirror says, in the language of the window. */
  phrases: Record<string, string>
  /** What the buttons of a comparison say. */
  takeTheirs: string
  theirs: string
  /** Whether the text differs from what is saved. */
  onDirty: (dirty: boolean) => void
  /** The text is another one, of so many characters. */
  onChange: (length: number) => void
  onPlace: (line: number, column: number) => void
}

export class Surface {
  readonly language: LanguageId | null
  readonly #view: EditorView
  readonly #root: ShadowRoot
  readonly #language = new Compartment()
  readonly #lines = new Compartment()
  #extensions: Extension
  #saved: Text
  #merge: MergeView | undefined
  #dirty = false

  constructor(
    host: HTMLElement,
    private readonly options: SurfaceOptions,
  ) {
    this.#root = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
    this.language = languageOf(options.path, options.text.slice(0, 200).split('\n')[0] ?? '')
    this.#extensions = this.#common()
    const state = EditorState.create({ doc: options.text, extensions: [this.#extensions, this.#label(), this.#follow()] })
    this.#saved = state.doc
    this.#view = new EditorView({ state, root: this.#root, parent: this.#root })
    void this.#loadLanguage()
  }

  get text(): string {
    return this.#front.state.sliceDoc()
  }

  get isComparing(): boolean {
    return this.#merge !== undefined
  }

  /** What is being typed into. */
  get #front(): EditorView {
    return this.#merge?.b ?? this.#view
  }

  focus(): void {
    this.#front.focus()
  }

  find(): void {
    openSearchPanel(this.#front)
  }

  /** What is in the text now is what is on the server, or was when `text` was taken. */
  saved(text: string): void {
    this.#saved = this.#front.state.toText(text)
    this.#tellDirty()
  }

  /** Another text takes its place, and can be undone; with `saved` it is that of the server. */
  replace(text: string, isSaved: boolean): void {
    this.endComparing(false)
    this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert: this.#view.state.toText(text) } })
    if (isSaved) this.#saved = this.#view.state.doc
    this.#tellDirty()
  }

  /** Shows what is on the server beside the text, which can still be changed; pieces can be taken over. */
  compare(theirs: string): void {
    this.endComparing(true)
    this.#view.dom.hidden = true
    this.#merge = new MergeView({
      a: {
        doc: this.#view.state.toText(theirs),
        extensions: [this.#extensions, EditorState.readOnly.of(true), label(this.options.theirs, true)],
      },
      b: {
        doc: this.#view.state.doc,
        extensions: [
          this.#extensions,
          this.#label(),
          this.#follow(),
          keymap.of([
            { key: 'Alt-ArrowDown', run: goToNextChunk },
            { key: 'Alt-ArrowUp', run: goToPreviousChunk },
          ]),
        ],
      },
      root: this.#root,
      parent: this.#root,
      revertControls: 'a-to-b',
      renderRevertControl: () => revertButton(this.options.takeTheirs),
      collapseUnchanged: { margin: 4, minSize: 8 },
    })
    this.#merge.b.focus()
  }

  /** Goes on with the text alone: with what the comparison made of it, or with what it was before. */
  endComparing(keep: boolean): void {
    const merge = this.#merge
    if (!merge) return
    const { doc } = merge.b.state
    this.#merge = undefined
    merge.destroy()
    this.#view.dom.hidden = false
    if (keep && !doc.eq(this.#view.state.doc))
      this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert: doc } })
    this.#tellDirty()
  }

  /** From now on all lines end alike. */
  dropReturns(): void {
    const text = this.text.replace(/\r\n?/g, '\n')
    this.#view.dispatch({ effects: this.#lines.reconfigure([]) })
    this.replace(text, false)
  }

  destroy(): void {
    this.#merge?.destroy()
    this.#view.destroy()
  }

  async #loadLanguage(): Promise<void> {
    if (this.language === null) return
    // Without its colours a text is still a text.
    const language = await loadLanguage(this.language).catch(() => undefined)
    if (language) this.#view.dispatch({ effects: this.#language.reconfigure(language) })
    // What is compared from now on has it as well.
    if (language) this.#extensions = [this.#extensions, language]
  }

  #tellDirty(): void {
    const dirty = !this.#front.state.doc.eq(this.#saved)
    if (dirty === this.#dirty) return
    this.#dirty = dirty
    this.options.onDirty(dirty)
  }

  #follow(): Extension {
    return EditorView.updateListener.of((update) => {
      if (update.docChanged) {
        this.#tellDirty()
        this.options.onChange(update.state.doc.length)
      }
      if (!update.docChanged && !update.selectionSet) return
      const { head } = update.state.selection.main
      const line = update.state.doc.lineAt(head)
      this.options.onPlace(line.number, head - line.from + 1)
    })
  }

  #label(): Extension {
    return label(this.options.label, this.options.readOnly)
  }

  #common(): Extension {
    const { keepsReturns, phrases, readOnly } = this.options
    return [
      EditorState.phrases.of(phrases),
      this.#lines.of(keepsReturns ? EditorState.lineSeparator.of('\n') : []),
      lineNumbers(),
      highlightActiveLineGutter(),
      highlightSpecialChars(),
      history(),
      foldGutter(),
      drawSelection(),
      EditorState.allowMultipleSelections.of(true),
      rectangularSelection(),
      indentOnInput(),
      bracketMatching(),
      highlightActiveLine(),
      highlightSelectionMatches(),
      search({ top: true }),
      syntaxHighlighting(colours),
      look,
      this.#language.of([]),
      readOnly ? EditorState.readOnly.of(true) : [],
      keymap.of([...searchKeymap, ...historyKeymap, ...foldKeymap, ...defaultKeymap, indentWithTab]),
    ]
  }
}

function label(text: string, readOnly: boolean): Extension {
  const attributes: Record<string, string> = { 'aria-label': text, spellcheck: 'false' }
  if (readOnly) attributes['aria-readonly'] = 'true'
  return EditorView.contentAttributes.of(attributes)
}

function revertButton(text: string): HTMLElement {
  const button = document.createElement('button')
  button.title = text
  button.setAttribute('aria-label', text)
  button.textContent = '→'
  return button
}
