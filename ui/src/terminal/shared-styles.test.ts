// @vitest-environment happy-dom
import { beforeEach, expect, it } from 'vitest'
import { lookOf, SharedStyle } from './shared-styles'

const rules = (owner: number, colour: string): string =>
  `.xterm-dom-renderer-owner-${owner} .xterm-fg-1 { color: ${colour}; }` +
  `@keyframes blink_bar_${owner} { 50% { color: ${colour}; } }` +
  `.xterm-dom-renderer-owner-${owner} .cursor { animation: blink_bar_${owner} 1s; width: ${owner}px; }`

function terminal(): { root: HTMLElement; style: SharedStyle } {
  const root = document.createElement('div')
  root.className = 'xterm'
  const place = document.createElement('span')
  root.append(place)
  return { root, style: new SharedStyle(place) }
}

const settled = () => Promise.resolve()

beforeEach(() => {
  document.adoptedStyleSheets = []
})

it('takes out what is one terminal’s, and nothing else', () => {
  expect(lookOf(rules(7, 'red'))).toBe(
    rules(7, 'red')
      .replace(/owner-7/g, 'owner-SHARED')
      .replace(/blink_bar_7/g, 'blink_bar_SHARED'),
  )
  expect(lookOf(rules(1, 'red')).includes('width: 1px')).toBe(true)
})

it('gives terminals that look alike one sheet, and others their own', async () => {
  const [one, two, three] = [terminal(), terminal(), terminal()]
  one.style.set(rules(1, 'red').replace('width: 1px', ''))
  two.style.set(rules(22, 'red').replace('width: 22px', ''))
  three.style.set(rules(3, 'blue'))
  await settled()
  expect(document.adoptedStyleSheets).toHaveLength(2)
  expect(two.root.className).toBe(one.root.className)
  expect(three.root.className).not.toBe(one.root.className)
  two.style.set(rules(22, 'blue').replace('width: 22px', 'width: 3px'))
  await settled()
  expect(two.root.className).toBe(three.root.className)
})

it('keeps a few looks for the next terminal and no more, and none for one that was gone at once', async () => {
  const late = terminal()
  late.style.set(rules(1, 'never'))
  late.style.remove()
  for (let n = 0; n < 20; n++) {
    const { root, style } = terminal()
    style.set(rules(1, `rgb(${n}, 0, 0)`))
    await settled()
    style.remove()
    expect(root.className).toBe('xterm')
  }
  expect(document.adoptedStyleSheets.length).toBeLessThanOrEqual(8)
})
