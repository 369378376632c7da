/**
 * Every action of the window, under one id: the palette lists them, keys and the native menu run them. The title is
 * `actions.<id>` in the catalogue (ids are nested by their dots there, so no id may be the beginning of another).
 */
import { computed, getCurrentScope, onScopeDispose, shallowReactive } from 'vue'
import { attempt } from '../notices/attempt'
import { chordOf, chordsOf, sameChord, takenFromTerminal, type Chord, type Keys } from './keys'
import { platform as ownPlatform, type Platform } from './platform'

export interface Action {
  id: string
  keys?: Keys
  /** Asked when the palette opens and when a key is pressed; absent means always. A key of a disabled action is let through, except a letter with Ctrl and Shift in a terminal. */
  enabled?: () => boolean
  /** Copying, pasting and the like: a text field that has the focus does these itself. */
  fieldsKeep?: boolean
  /** Not listed by the palette (Alt+1 to Alt+9). */
  unlisted?: boolean
  /** Runs again and again while its key is held down. */
  repeats?: boolean
  run: () => void | Promise<void>
}

/** The page of trusted host keys, which what went wrong with a key leads to. */
export const TRUSTED_KEYS_ACTION = 'trust.open'

const registry = shallowReactive(new Map<string, Action>())

/** In order of registration. */
export const actions = computed(() => [...registry.values()])

/** Registers until the returned function is called or the current scope (a component, a store) ends. */
export function registerAction(action: Action): () => void {
  registry.set(action.id, action)
  const remove = () => {
    if (registry.get(action.id) === action) registry.delete(action.id)
  }
  if (getCurrentScope()) onScopeDispose(remove)
  return remove
}

export function isEnabled(action: Action): boolean {
  return action.enabled?.() ?? true
}

/** Whether an action exists and is enabled. */
export function canRun(id: string): boolean {
  const action = registry.get(id)
  return action !== undefined && isEnabled(action)
}

/** Runs an action that exists and is enabled; says whether it did. Unknown ids (of an older menu) do nothing. */
export function runAction(id: string): boolean {
  const action = registry.get(id)
  if (!action || !isEnabled(action)) return false
  void attempt(() => action.run())
  return true
}

/** The first chord of an action, for menus, buttons and the palette. */
export function chordFor(id: string, platform: Platform = ownPlatform): Chord | undefined {
  return chordsOf(registry.get(id)?.keys, platform)[0]
}

/** The action that a chord runs now. Later registrations win over earlier ones. */
export function actionForChord(chord: Chord, inTerminal: boolean, platform: Platform = ownPlatform): Action | undefined {
  if (inTerminal && !takenFromTerminal(chord, platform)) return undefined
  return actions.value
    .toReversed()
    .find((action) => chordsOf(action.keys, platform).some((own) => sameChord(own, chord)) && isEnabled(action))
}

/**
 * Whether a chord belongs to an action that cannot run now, and would reach a program as something that nobody means: Ctrl+Shift+C
 * with nothing selected, or Ctrl+Shift+Alt+C without marks, as Ctrl-C. Arrows and the like reach it as what they are.
 */
function isSpent(chord: Chord, platform: Platform): boolean {
  if (!chord.ctrl || !chord.shift || !/^[A-Z]$/.test(chord.key)) return false
  return actions.value.some((action) => chordsOf(action.keys, platform).some((own) => sameChord(own, chord)))
}

/** Listens for every action's keys, before the terminal and the fields of the window see them. */
export function listenForKeys(target: Window = window, platform: Platform = ownPlatform): () => void {
  const onKeydown = (event: KeyboardEvent) => {
    if (event.isComposing || event.keyCode === 229 || event.getModifierState('AltGraph')) return
    const element = event.target instanceof Element ? event.target : null
    if (element?.closest('[role="dialog"], [role="alertdialog"]')) return
    const inTerminal = element?.closest('.xterm') != null
    const chord = chordOf(event)
    const action = actionForChord(chord, inTerminal, platform)
    if (!action && inTerminal && isSpent(chord, platform)) {
      event.preventDefault()
      event.stopPropagation()
    }
    if (!action || (action.fieldsKeep && !inTerminal && element?.matches('input, textarea'))) return
    event.preventDefault()
    event.stopPropagation()
    if (!event.repeat || action.repeats) void attempt(() => action.run())
  }
  target.addEventListener('keydown', onKeydown, { capture: true })
  return () => target.removeEventListener('keydown', onKeydown, { capture: true })
}
