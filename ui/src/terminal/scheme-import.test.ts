// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { IMPORTED_MAX, readImported, readScheme, withImported } from './scheme-import'
import { kindOf, SCHEMES, type Scheme } from './schemes'

const nord = SCHEMES.find(({ id }) => id === 'nord') as Scheme
const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white']

const windowsTerminal = {
  name: 'Nord',
  background: nord.background,
  foreground: nord.foreground,
  cursorColor: nord.cursor,
  selectionBackground: nord.selection,
  ...Object.fromEntries(
    NAMES.flatMap((name, n) => {
      const theirs = name === 'magenta' ? 'purple' : name
      return [
        [theirs, nord.ansi[n]],
        [`bright${theirs[0]?.toUpperCase()}${theirs.slice(1)}`, nord.ansi[n + 8]],
      ]
    }),
  ),
}

const component = (colour: string, at: number) => parseInt(colour.slice(at, at + 2), 16) / 255
const plistColour = (name: string, colour: string) =>
  `<key>${name}</key><dict><key>Alpha Component</key><real>1</real><key>Blue Component</key><real>${component(colour, 5)}</real>
   <key>Color Space</key><string>sRGB</string><key>Green Component</key><real>${component(colour, 3)}</real>
   <key>Red Component</key><real>${component(colour, 1)}</real></dict>`
const plist = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
${nord.ansi.map((colour, n) => plistColour(`Ansi ${n} Color`, colour)).join('\n')}
${plistColour('Background Color', nord.background)}${plistColour('Foreground Color', nord.foreground)}
${plistColour('Cursor Color', nord.cursor)}${plistColour('Selection Color', nord.selection)}
</dict></plist>`

const toml = `
# Nord
[colors.primary]
background = "${nord.background}"
foreground = '${nord.foreground}' # text
[colors.cursor]
text = "#2e3440"
cursor = "${nord.cursor}"
[colors.selection]
background = "${nord.selection}"
[colors.normal]
${NAMES.map((name, n) => `${name} = "${nord.ansi[n]?.replace('#', '0x')}"`).join('\n')}
[colors]
bright = { ${NAMES.map((name, n) => `${name} = "${nord.ansi[n + 8]}"`).join(', ')} }
[font]
normal = { family = "x" }
`

describe('a scheme is read', () => {
  it.each([
    ['iTerm2', plist, 'Nord.itermcolors'],
    ['Windows Terminal', JSON.stringify(windowsTerminal), 'x.json'],
    ['settings of Windows Terminal', `// settings\n${JSON.stringify({ schemes: [windowsTerminal] })}`, 'x.json'],
    ['Alacritty', toml, 'Nord.toml'],
  ])('from %s', (_, text, file) => {
    expect(readScheme(text, file)).toEqual({ ...nord, id: 'imported:nord', name: 'Nord' })
  })

  it.each([
    ['YAML', (digit: string, colour: string) => `base0${digit}: "${colour}" # comment\n`, 'scheme: "Made Up"\nauthor: "x"\n', ''],
    ['newer YAML', (digit: string, colour: string) => `  base0${digit}: "#${colour}"\n`, 'name: "Made Up"\npalette:\n', ''],
    [
      'JSON',
      (digit: string, colour: string) => `"base0${digit}": "${colour}"${digit === 'F' ? '' : ','}`,
      '{"scheme": "Made Up", ',
      '}',
    ],
  ])('from base16 as %s', (_, line, head, tail) => {
    const text = head + [...'0123456789ABCDEF'].map((digit) => line(digit, digit.repeat(6).toLowerCase())).join('') + tail
    expect(readScheme(text, 'x.yaml')).toMatchObject({
      name: 'Made Up',
      kind: 'dark',
      background: '#000000',
      foreground: '#555555',
    })
    expect(readScheme(text, 'x.yaml')?.ansi.slice(0, 9).join()).toBe(
      '#000000,#888888,#bbbbbb,#aaaaaa,#dddddd,#eeeeee,#cccccc,#555555,#333333',
    )
  })
})

describe('what does harm is refused', () => {
  it.each([
    ['nothing', ''],
    ['something else', 'hello\nworld'],
    ['entities', `<!DOCTYPE p [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>${plist.slice(plist.indexOf('<plist'))}`],
    ['broken XML', '<plist><dict><key>'],
    ['broken JSON', '{"base00": '],
    ['deep JSON', '['.repeat(50_000)],
    ['too much', `{"name":"${'x'.repeat(300_000)}"}`],
    ['a colour that is more than one', JSON.stringify({ ...windowsTerminal, red: 'red; background: url(//evil)' })],
    ['a missing colour', JSON.stringify({ ...windowsTerminal, red: undefined })],
    ['a number in place of a colour', JSON.stringify({ ...windowsTerminal, background: 7 })],
  ])('%s', (_, text) => expect(readScheme(text, 'x')).toBeUndefined())

  it('a name that could be more than a name', () => {
    const name = `a\u202Eb\nc${'x'.repeat(200)}`
    expect(readScheme(JSON.stringify({ ...windowsTerminal, name }), 'x')?.name).toBe(`a b c${'x'.repeat(55)}`)
    expect(readScheme(JSON.stringify({ ...windowsTerminal, name: '\u200b' }), 'x')).toBeUndefined()
  })

  it('a stored one that is none, and more than there may be', () => {
    const sound = readScheme(toml, 'Nord.toml')
    expect(readImported([sound, { ...sound, background: 'evil' }, 7, null, { name: 'x' }])).toEqual([sound])
    expect(readImported({ length: 3 })).toEqual([])
    const many = Array.from({ length: 200 }, (_, n) => ({ ...nord, name: `No ${n}` }))
    expect(readImported(many)).toHaveLength(IMPORTED_MAX)
    const kept = many.reduce<Scheme[]>((list, scheme) => withImported(list, { ...scheme, id: scheme.name }), [])
    expect(kept.map(({ name }) => name).slice(-2)).toEqual(['No 198', 'No 199'])
    expect(kept).toHaveLength(IMPORTED_MAX)
  })
})

it('every scheme that comes along is complete, and as dark or light as it says', () => {
  expect(SCHEMES.length).toBeGreaterThanOrEqual(14)
  expect(new Set(SCHEMES.map(({ id }) => id)).size).toBe(SCHEMES.length)
  for (const { name, kind, background, foreground, cursor, selection, ansi } of SCHEMES) {
    expect([background, foreground, cursor, selection, ...ansi].join(), name).toMatch(/^(#[0-9a-f]{6},){19}#[0-9a-f]{6}$/)
    expect(kindOf(background), name).toBe(kind)
  }
})
