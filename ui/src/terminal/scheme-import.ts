/**
 * Colour schemes in the formats of other terminals: iTerm2 (property list), Windows Terminal (JSON), Alacritty (TOML) and
 * base16 (YAML or JSON). Whatever a file holds, what comes out is colours and a name, or nothing.
 */
import { plainTitle } from './hidden-characters'
import { kindOf, type Scheme } from './schemes'

/** The largest schemes there are have some 20 KiB. */
export const SCHEME_FILE_MAX_BYTES = 256 * 1024
const NAME_CHARACTERS = 60

/** Colours by the names that are used here: `background`, `foreground`, `cursor`, `selection`, `0` to `15`. */
type Found = Map<string, string>

/** `#rgb`, `#rrggbb`, `rrggbb` and `0xrrggbb`, with or without opacity, as `#rrggbb`. */
function colour(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined
  const digits = /^(?:#|0x)?([0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})$/i.exec(text.trim())?.[1]
  if (digits === undefined) return undefined
  const six = digits.length === 3 ? [...digits].map((digit) => digit + digit).join('') : digits.slice(0, 6)
  return `#${six.toLowerCase()}`
}

const NORMAL = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const

function assemble(name: string, found: Found): Scheme | undefined {
  const ansi = Array.from({ length: 16 }, (_, n) => found.get(`${n}`))
  const [background, foreground] = [found.get('background'), found.get('foreground')]
  const complete = ansi.filter((one) => one !== undefined)
  if (background === undefined || foreground === undefined || complete.length < 16) return undefined
  const shown = Array.from(plainTitle(name)).slice(0, NAME_CHARACTERS).join('').trim()
  if (shown === '') return undefined
  return {
    id: `imported:${shown.toLowerCase()}`,
    name: shown,
    kind: kindOf(background),
    background,
    foreground,
    cursor: found.get('cursor') ?? foreground,
    selection: found.get('selection') ?? (kindOf(background) === 'dark' ? '#44536a' : '#c3d3e8'),
    ansi: complete,
  }
}

function put(found: Found, name: string, value: unknown): void {
  const one = colour(value)
  if (one !== undefined) found.set(name, one)
}

/** iTerm2: a `dict` of `Ansi 0 Color` and the like, each a `dict` of components between 0 and 1. */
function fromPropertyList(text: string, name: string): Scheme | undefined {
  // An entity can stand for gigabytes of itself; no scheme has any.
  if (/<!ENTITY/i.test(text)) return undefined
  const parsed = new DOMParser().parseFromString(text.replace(/<!DOCTYPE[^>[]*>/i, ''), 'application/xml')
  const dict = [...(parsed.documentElement?.children ?? [])].find((element) => element.tagName === 'dict')
  const found: Found = new Map()
  for (const [key, value] of dict ? pairsOf(dict) : []) {
    const known: Record<string, string> = {
      'Background Color': 'background',
      'Foreground Color': 'foreground',
      'Cursor Color': 'cursor',
      'Selection Color': 'selection',
    }
    const as = known[key] ?? /^Ansi (\d{1,2}) Color$/.exec(key)?.[1]
    if (as === undefined || value.tagName !== 'dict') continue
    const parts = new Map([...pairsOf(value)].map(([part, element]) => [part, Number(element.textContent)]))
    const bytes = ['Red', 'Green', 'Blue'].map((part) => Math.round((parts.get(`${part} Component`) ?? NaN) * 255))
    if (bytes.every((byte) => byte >= 0 && byte <= 255))
      put(found, as, bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(''))
  }
  return assemble(name, found)
}

function* pairsOf(dict: Element): Generator<[string, Element]> {
  const children = [...dict.children]
  for (const [at, child] of children.entries()) {
    const value = children[at + 1]
    if (child.tagName === 'key' && value) yield [child.textContent ?? '', value]
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** Windows Terminal: one scheme, or settings with a list of `schemes`, of which the first counts. Or base16 as JSON. */
function fromJson(text: string, name: string): Scheme | undefined {
  let value: unknown
  try {
    // With the comments that settings.json may have at the beginning of a line.
    value = JSON.parse(text.replace(/^\s*\/\/.*$/gm, ''))
  } catch {
    return undefined
  }
  const one: unknown = isRecord(value) && Array.isArray(value['schemes']) ? value['schemes'][0] : value
  if (!isRecord(one)) return undefined
  const palette = isRecord(one['palette']) ? one['palette'] : one
  const named = [one['name'], one['scheme']].find((value) => typeof value === 'string') ?? name
  if ('base00' in palette) return fromBase16(new Map(Object.entries(palette)), named)
  const found: Found = new Map()
  put(found, 'background', one['background'])
  put(found, 'foreground', one['foreground'])
  put(found, 'cursor', one['cursorColor'])
  put(found, 'selection', one['selectionBackground'])
  for (const [n, own] of NORMAL.entries()) {
    const theirs = own === 'magenta' ? 'purple' : own
    put(found, `${n}`, one[theirs] ?? one[own])
    const bright = (colourName: string) => one[`bright${colourName.charAt(0).toUpperCase()}${colourName.slice(1)}`]
    put(found, `${n + 8}`, bright(theirs) ?? bright(own))
  }
  return assemble(named, found)
}

/** https://github.com/chriskempson/base16: eight shades and eight accents. */
function fromBase16(values: Map<string, unknown>, name: string): Scheme | undefined {
  const found: Found = new Map()
  const base = (digit: string) => values.get(`base0${digit}`) ?? values.get(`base0${digit.toLowerCase()}`)
  const accents = ['8', 'B', 'A', 'D', 'E', 'C']
  const order = ['0', ...accents, '5', '3', ...accents, '7']
  for (const [n, digit] of order.entries()) put(found, `${n}`, base(digit))
  put(found, 'background', base('0'))
  put(found, 'foreground', base('5'))
  put(found, 'cursor', base('5'))
  put(found, 'selection', base('2'))
  return assemble(name, found)
}

/** The lines `base00: "181818"` and `scheme: "Name"`; nothing else of YAML is needed. */
function fromYaml(text: string, name: string): Scheme | undefined {
  const values = new Map<string, unknown>()
  let own: string | undefined
  for (const line of text.split(/\r?\n/)) {
    const [, key, value] = /^\s{0,8}(base0[0-9a-f]|scheme|name)\s*:\s*["']?([^"'\n]{1,200}?)["']?\s*(?:#\s.*)?$/i.exec(line) ?? []
    if (key === undefined || value === undefined) continue
    if (/^base/i.test(key)) values.set(`base0${key.slice(5).toUpperCase()}`, value)
    else own = key.toLowerCase() === 'name' ? value : (own ?? value)
  }
  return fromBase16(values, own ?? name)
}

/** Alacritty: the tables below `[colors]`, also as inline tables. */
function fromToml(text: string, name: string): Scheme | undefined {
  const found: Found = new Map()
  const take = (table: string, key: string, value: string) => {
    if (table === 'primary' && (key === 'background' || key === 'foreground')) put(found, key, value)
    if (table === 'cursor' && key === 'cursor') put(found, 'cursor', value)
    if (table === 'selection' && key === 'background') put(found, 'selection', value)
    const n = NORMAL.findIndex((one) => one === key)
    if (n >= 0 && table === 'normal') put(found, `${n}`, value)
    if (n >= 0 && table === 'bright') put(found, `${n + 8}`, value)
  }
  let table = ''
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[\s*([\w.-]{1,80})\s*\]\s*(?:#.*)?$/.exec(line)?.[1]
    if (header !== undefined) table = header
    const inline = table === 'colors' ? /^\s*(\w{1,20})\s*=\s*\{([^}]{0,2000})\}/.exec(line) : null
    if (inline) for (const [, key = '', value = ''] of (inline[2] ?? '').matchAll(PAIR)) take(inline[1] ?? '', key, value)
    else if (table.startsWith('colors.'))
      for (const [, key = '', value = ''] of line.replace(/^\s*#.*/, '').matchAll(PAIR)) take(table.slice(7), key, value)
  }
  // Where no bright ones are given, Alacritty shows the normal ones.
  for (const n of NORMAL.keys()) if (!found.has(`${n + 8}`) && found.has(`${n}`)) found.set(`${n + 8}`, found.get(`${n}`) ?? '')
  return assemble(name, found)
}

const PAIR = /(\w{1,30})\s*=\s*["']([^"']{1,20})["']/g

/** A scheme out of a file's text. `fileName` names it where the text does not. Undefined: none of the formats, or not complete. */
export function readScheme(text: string, fileName: string): Scheme | undefined {
  if (text.length > SCHEME_FILE_MAX_BYTES) return undefined
  const name = fileName.replace(/\.[^.]*$/, '') || fileName
  const start = text.trimStart()
  if (start.startsWith('<')) return fromPropertyList(start, name)
  if (/^(?:\{|\[\s*\{|\/\/)/.test(start)) return fromJson(start, name)
  if (/^\s*\[\s*colors/m.test(text)) return fromToml(text, name)
  return fromYaml(text, name)
}

/** More than anyone chooses from. */
export const IMPORTED_MAX = 50

/** Imported schemes as they were stored; what is not one is left out. */
export function readImported(stored: unknown): Scheme[] {
  if (!Array.isArray(stored)) return []
  return stored.slice(-IMPORTED_MAX).flatMap((one: unknown) => {
    if (!isRecord(one) || !Array.isArray(one['ansi']) || typeof one['name'] !== 'string') return []
    const found: Found = new Map()
    for (const key of ['background', 'foreground', 'cursor', 'selection']) put(found, key, one[key])
    one['ansi'].slice(0, 16).forEach((value: unknown, n) => put(found, `${n}`, value))
    const scheme = assemble(one['name'], found)
    return scheme ? [scheme] : []
  })
}

/** The newest last; one of the same name is replaced, and the oldest goes when there are too many. */
export function withImported(imported: readonly Scheme[], scheme: Scheme): Scheme[] {
  return [...imported.filter(({ id }) => id !== scheme.id), scheme].slice(-IMPORTED_MAX)
}
