// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { actionForChord, actions, listenForKeys, registerAction, runAction } from '../../ui/src/workspace/actions'
import { ariaKeys, chordOf, keyCaps, parseChord, takenFromTerminal, type KeyPress } from '../../ui/src/workspace/keys'
import { platformOf, type Platform } from '../../ui/src/workspace/platform'

const removals: (() => void)[] = []
const register: typeof registerAction = (action) => {
  const remove = registerAction(action)
  removals.push(remove)
  return remove
}
afterEach(() => {
  removals.splice(0).forEach((remove) => remove())
  document.body.replaceChildren()
})

function press(key: string, code: string, ...held: ('ctrl' | 'alt' | 'shift' | 'meta')[]): KeyPress {
  return {
    key,
    code,
    ctrlKey: held.includes('ctrl'),
    altKey: held.includes('alt'),
    shiftKey: held.includes('shift'),
    metaKey: held.includes('meta'),
  }
}

describe('key chords', () => {
  it('reads Mod as Cmd on macOS and as Ctrl elsewhere', () => {
    expect(parseChord('Mod+Shift+p', 'macos')).toEqual({ ctrl: false, alt: false, shift: true, meta: true, key: 'P' })
    expect(parseChord('Mod+Shift+p', 'linux')).toEqual({ ctrl: true, alt: false, shift: true, meta: false, key: 'P' })
  })

  it.each([
    ['a Latin letter', press('T', 'KeyT', 'ctrl', 'shift'), 'Ctrl+Shift+T'],
    ['a letter moved by the layout (Dvorak)', press('t', 'KeyK', 'ctrl', 'shift'), 'Ctrl+Shift+T'],
    ['a Cyrillic layout', press('Е', 'KeyT', 'ctrl', 'shift'), 'Ctrl+Shift+T'],
    ['a digit that Alt turned into a sign', press('¡', 'Digit1', 'alt'), 'Alt+1'],
    ['plus without Shift', press('=', 'Equal', 'ctrl'), 'Ctrl+Plus'],
    ['a named key', press('PageDown', 'PageDown', 'ctrl'), 'Ctrl+PageDown'],
  ])('matches %s', (_, pressed, chord) => {
    expect(chordOf(pressed)).toEqual(parseChord(chord, 'linux'))
  })

  it.each<[string, Platform, boolean]>([
    ['Ctrl+C', 'linux', false],
    ['Ctrl+K', 'linux', false],
    ['Ctrl+Z', 'windows', false],
    ['F1', 'linux', false],
    ['F10', 'linux', false],
    ['Alt+B', 'linux', false],
    ['Ctrl+Alt+T', 'linux', false],
    ['ArrowUp', 'linux', false],
    ['Shift+Tab', 'linux', false],
    ['Ctrl+Shift+C', 'linux', true],
    ['Ctrl+Tab', 'linux', true],
    ['Ctrl+Shift+Tab', 'linux', true],
    ['Ctrl+PageUp', 'windows', true],
    ['Shift+Insert', 'linux', true],
    ['Alt+1', 'linux', true],
    ['Alt+0', 'linux', false],
    ['Cmd+C', 'macos', true],
    ['Ctrl+C', 'macos', false],
  ])('%s in a terminal on %s belongs to the window: %s', (chord, platform, taken) => {
    expect(takenFromTerminal(parseChord(chord, platform), platform)).toBe(taken)
  })

  it('shows keys as the platform writes them', () => {
    expect(keyCaps(parseChord('Mod+Shift+P', 'linux'), 'linux')).toEqual(['Ctrl', 'Shift', 'P'])
    expect(keyCaps(parseChord('Mod+Shift+P', 'macos'), 'macos')).toEqual(['⇧⌘P'])
    expect(ariaKeys(parseChord('Mod+Shift+P', 'linux'))).toBe('Control+Shift+P')
  })

  it('tells the platforms apart', () => {
    expect(['MacIntel', 'Win32', 'Linux x86_64'].map(platformOf)).toEqual(['macos', 'windows', 'linux'])
  })
})

describe('actions', () => {
  it('run by id, unless disabled or unknown', () => {
    const run = vi.fn()
    let enabled = false
    register({ id: 'test.run', enabled: () => enabled, run })
    expect(runAction('test.run')).toBe(false)
    enabled = true
    expect(runAction('test.run')).toBe(true)
    expect(runAction('test.absent')).toBe(false)
    expect(run).toHaveBeenCalledOnce()
  })

  it('leave the list when removed', () => {
    const remove = register({ id: 'test.gone', run: () => {} })
    expect(actions.value.map((action) => action.id)).toContain('test.gone')
    remove()
    expect(actions.value.map((action) => action.id)).not.toContain('test.gone')
  })

  it('find their chord by platform, and a disabled one leaves the key alone', () => {
    register({ id: 'test.copy', keys: { mac: 'Cmd+C', other: ['Ctrl+Shift+C', 'Ctrl+Insert'] }, run: () => {} })
    register({ id: 'test.off', keys: 'Ctrl+Shift+X', enabled: () => false, run: () => {} })
    expect(actionForChord(parseChord('Ctrl+Insert', 'linux'), true, 'linux')?.id).toBe('test.copy')
    expect(actionForChord(parseChord('Cmd+C', 'macos'), true, 'macos')?.id).toBe('test.copy')
    expect(actionForChord(parseChord('Ctrl+Insert', 'macos'), true, 'macos')).toBeUndefined()
    expect(actionForChord(parseChord('Ctrl+Shift+X', 'linux'), false, 'linux')).toBeUndefined()
  })
})

describe('the key listener', () => {
  function dispatch(target: EventTarget, init: KeyboardEventInit): KeyboardEvent {
    const event = new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init })
    target.dispatchEvent(event)
    return event
  }
  function place(html: string): Element {
    const box = document.createElement('div')
    box.className = html
    const field = document.createElement('textarea')
    box.append(field)
    document.body.append(box)
    return field
  }

  it('keeps Ctrl+K from a field and leaves it to a terminal', () => {
    const run = vi.fn()
    register({ id: 'test.find', keys: 'Mod+K', run })
    removals.push(listenForKeys(window, 'linux'))
    const inTerminal = dispatch(place('xterm'), { key: 'k', code: 'KeyK', ctrlKey: true })
    expect([run.mock.calls.length, inTerminal.defaultPrevented]).toEqual([0, false])
    const inField = dispatch(place('field'), { key: 'k', code: 'KeyK', ctrlKey: true })
    expect([run.mock.calls.length, inField.defaultPrevented]).toEqual([1, true])
  })

  it('leaves keys alone while an input method composes, and in a dialog', () => {
    const run = vi.fn()
    register({ id: 'test.palette', keys: 'Mod+Shift+P', run })
    removals.push(listenForKeys(window, 'linux'))
    const chord = { key: 'P', code: 'KeyP', ctrlKey: true, shiftKey: true }
    dispatch(place('xterm'), { ...chord, isComposing: true })
    const inDialog = place('box')
    inDialog.parentElement?.setAttribute('role', 'dialog')
    dispatch(inDialog, chord)
    expect(run).not.toHaveBeenCalled()
    dispatch(place('xterm'), chord)
    expect(run).toHaveBeenCalledOnce()
  })

  it('keeps the key of an action that cannot run from the program in a terminal, where it would be Ctrl-C', () => {
    register({ id: 'test.output', keys: 'Ctrl+Shift+C', enabled: () => false, run: () => {} })
    removals.push(listenForKeys(window, 'linux'))
    const held = { ctrlKey: true, shiftKey: true }
    expect(dispatch(place('xterm'), { key: 'C', code: 'KeyC', ...held }).defaultPrevented).toBe(true)
    expect(dispatch(place('xterm'), { key: 'Y', code: 'KeyY', ...held }).defaultPrevented).toBe(false)
  })

  it('runs once while a key is held down', () => {
    const run = vi.fn()
    register({ id: 'test.close', keys: 'Mod+Shift+W', run })
    removals.push(listenForKeys(window, 'linux'))
    const field = place('xterm')
    dispatch(field, { key: 'W', code: 'KeyW', ctrlKey: true, shiftKey: true })
    dispatch(field, { key: 'W', code: 'KeyW', ctrlKey: true, shiftKey: true, repeat: true })
    expect(run).toHaveBeenCalledOnce()
  })
})
