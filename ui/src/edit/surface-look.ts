/** How CodeMirror looks: everything from the tokens of the window, which reach into its shadow root and change with the theme. */
import { HighlightStyle } from '@codemirror/language'
import { EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'

export const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.controlKeyword], color: 'var(--tab-violet)' },
  { tag: [tags.string, tags.special(tags.string), tags.regexp, tags.attributeValue], color: 'var(--tab-green)' },
  { tag: [tags.number, tags.bool, tags.null, tags.atom, tags.unit], color: 'var(--tab-orange)' },
  { tag: [tags.comment, tags.docComment, tags.meta], color: 'var(--faint)', fontStyle: 'italic' },
  { tag: [tags.propertyName, tags.attributeName, tags.definition(tags.propertyName), tags.labelName], color: 'var(--tab-blue)' },
  { tag: [tags.typeName, tags.className, tags.namespace, tags.tagName, tags.standard(tags.name)], color: 'var(--tab-cyan)' },
  {
    tag: [tags.function(tags.variableName), tags.function(tags.definition(tags.variableName)), tags.macroName],
    color: 'var(--tab-yellow)',
  },
  { tag: [tags.heading], color: 'var(--accent)', fontWeight: '600' },
  { tag: tags.strong, fontWeight: '600' },
  { tag: tags.emphasis, fontStyle: 'italic' },
  { tag: [tags.link, tags.url], color: 'var(--retry)', textDecoration: 'underline' },
  { tag: [tags.deleted, tags.invalid], color: 'var(--down)' },
  { tag: tags.inserted, color: 'var(--up)' },
])

const field = {
  height: '26px',
  padding: '0 var(--s2)',
  background: 'var(--ground)',
  color: 'var(--ink)',
  border: 'var(--hair) solid var(--edge)',
  borderRadius: '4px',
  font: 'inherit',
}

export const look = EditorView.theme({
  '&': { height: '100%', color: 'var(--ink)', backgroundColor: 'var(--term)', fontSize: 'var(--edit-size)' },
  '&[hidden]': { display: 'none !important' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--edit-font)', lineHeight: '1.5' },
  '.cm-content': { caretColor: 'var(--accent)', padding: 'var(--s2) 0' },
  '.cm-cursor, .cm-dropCursor': { borderLeftColor: 'var(--accent)', borderLeftWidth: '2px' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': {
    background: 'var(--selection)',
  },
  '.cm-gutters': { backgroundColor: 'var(--term)', color: 'var(--faint)', border: 'none' },
  '.cm-lineNumbers .cm-gutterElement': { padding: '0 6px 0 14px' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--hover) 55%, transparent)' },
  '.cm-activeLineGutter': { color: 'var(--soft)' },
  '.cm-specialChar': { color: 'var(--down)' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--pick)', outline: '1px solid var(--edge)' },
  '.cm-nonmatchingBracket, &.cm-focused .cm-nonmatchingBracket': { backgroundColor: 'var(--down-wash)' },
  '.cm-searchMatch': { backgroundColor: 'var(--accent-wash)', outline: '1px solid var(--accent)' },
  '.cm-searchMatch-selected': { backgroundColor: 'var(--selection)' },
  '.cm-selectionMatch': { backgroundColor: 'var(--pick)' },
  '.cm-foldPlaceholder': { background: 'var(--pick)', border: 'none', color: 'var(--soft)', padding: '0 4px' },
  '.cm-panels': { backgroundColor: 'var(--raised)', color: 'var(--ink)', fontFamily: 'var(--font-ui)', fontSize: 'var(--t-m)' },
  '.cm-panels-top': { borderBottom: 'var(--hair) solid var(--line)' },
  '.cm-panel.cm-search': {
    padding: 'var(--s2) 34px var(--s2) var(--s3)',
    display: 'flex',
    flexWrap: 'wrap',
    gap: '6px',
    alignItems: 'center',
  },
  '.cm-panel.cm-search br': { flexBasis: '100%', content: '""' },
  '.cm-panel.cm-search label': {
    fontSize: 'var(--t-s)',
    color: 'var(--soft)',
    display: 'inline-flex',
    alignItems: 'center',
    gap: '4px',
  },
  '.cm-panel.cm-search [name=close]': { top: '8px', right: '10px', color: 'var(--soft)', fontSize: '16px' },
  '.cm-textfield': { ...field, margin: '0', minWidth: '180px' },
  '.cm-button': { ...field, margin: '0', backgroundImage: 'none', background: 'var(--panel)' },
  '.cm-button:hover': { background: 'var(--hover)' },
  '.cm-textfield:focus-visible, .cm-button:focus-visible, .cm-panel button:focus-visible': {
    outline: '2px solid var(--accent)',
    outlineOffset: '1px',
  },
  '&.cm-merge-a .cm-changedLine, .cm-deletedChunk': { backgroundColor: 'var(--down-wash)' },
  '&.cm-merge-b .cm-changedLine': { backgroundColor: 'color-mix(in srgb, var(--up) 10%, transparent)' },
  '&.cm-merge-a .cm-changedText': { background: 'color-mix(in srgb, var(--down) 28%, transparent)' },
  '&.cm-merge-b .cm-changedText': { background: 'color-mix(in srgb, var(--up) 28%, transparent)' },
  '&.cm-merge-a .cm-changedLineGutter': { background: 'var(--down)' },
  '&.cm-merge-b .cm-changedLineGutter': { background: 'var(--up)' },
  '.cm-collapsedLines': { color: 'var(--soft)', background: 'var(--hover)' },
})
