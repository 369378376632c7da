/**
 * Colours of a terminal beside Bowline's own: well-known palettes, as their authors published them. `bowline` stands for the
 * colours of the design tokens (`terminal.css`), which follow the window.
 */

export interface Scheme {
  id: string
  name: string
  kind: 'dark' | 'light'
  background: string
  foreground: string
  cursor: string
  selection: string
  /** The sixteen of ANSI, the bright ones last. */
  ansi: readonly string[]
}

export const OWN_SCHEME = 'bowline'

const colours = (text: string) => text.split(' ').map((colour) => `#${colour}`)

/** `base`: background, text, cursor, selection. */
function scheme(id: string, name: string, kind: 'dark' | 'light', base: string, normal: string, bright: string): Scheme {
  const [background = '', foreground = '', cursor = '', selection = ''] = colours(base)
  return { id, name, kind, background, foreground, cursor, selection, ansi: [...colours(normal), ...colours(bright)] }
}

export const SCHEMES: readonly Scheme[] = [
  scheme(
    'catppuccin-mocha',
    'Catppuccin Mocha',
    'dark',
    '1e1e2e cdd6f4 f5e0dc 585b70',
    '45475a f38ba8 a6e3a1 f9e2af 89b4fa f5c2e7 94e2d5 bac2de',
    '585b70 f38ba8 a6e3a1 f9e2af 89b4fa f5c2e7 94e2d5 a6adc8',
  ),
  scheme(
    'dracula',
    'Dracula',
    'dark',
    '282a36 f8f8f2 f8f8f2 44475a',
    '21222c ff5555 50fa7b f1fa8c bd93f9 ff79c6 8be9fd f8f8f2',
    '6272a4 ff6e6e 69ff94 ffffa5 d6acff ff92df a4ffff ffffff',
  ),
  scheme(
    'github-dark',
    'GitHub Dark',
    'dark',
    '0d1117 e6edf3 2f81f7 264f78',
    '484f58 ff7b72 3fb950 d29922 58a6ff bc8cff 39c5cf b1bac4',
    '6e7681 ffa198 56d364 e3b341 79c0ff d2a8ff 56d4dd ffffff',
  ),
  scheme(
    'gruvbox-dark',
    'Gruvbox Dark',
    'dark',
    '282828 ebdbb2 ebdbb2 504945',
    '282828 cc241d 98971a d79921 458588 b16286 689d6a a89984',
    '928374 fb4934 b8bb26 fabd2f 83a598 d3869b 8ec07c ebdbb2',
  ),
  scheme(
    'high-contrast',
    'High Contrast',
    'dark',
    '000000 ffffff ffff00 3a5f9f',
    '000000 ff6b6b 5af78e fff36b 8fb8ff ff92ff 6ff3ff e6e6e6',
    '9a9a9a ff8f8f 8dffb0 fff8a0 b5d0ff ffb8ff a8f8ff ffffff',
  ),
  scheme(
    'monokai',
    'Monokai',
    'dark',
    '272822 f8f8f2 f8f8f2 49483e',
    '272822 f92672 a6e22e f4bf75 66d9ef ae81ff a1efe4 f8f8f2',
    '75715e f92672 a6e22e f4bf75 66d9ef ae81ff a1efe4 f9f8f5',
  ),
  scheme(
    'nord',
    'Nord',
    'dark',
    '2e3440 d8dee9 d8dee9 434c5e',
    '3b4252 bf616a a3be8c ebcb8b 81a1c1 b48ead 88c0d0 e5e9f0',
    '4c566a bf616a a3be8c ebcb8b 81a1c1 b48ead 8fbcbb eceff4',
  ),
  scheme(
    'one-half-dark',
    'One Half Dark',
    'dark',
    '282c34 dcdfe4 a3b3cc 474e5d',
    '282c34 e06c75 98c379 e5c07b 61afef c678dd 56b6c2 dcdfe4',
    '5a6374 e06c75 98c379 e5c07b 61afef c678dd 56b6c2 dcdfe4',
  ),
  scheme(
    'rose-pine',
    'Rosé Pine',
    'dark',
    '191724 e0def4 e0def4 403d52',
    '26233a eb6f92 31748f f6c177 9ccfd8 c4a7e7 ebbcba e0def4',
    '6e6a86 eb6f92 31748f f6c177 9ccfd8 c4a7e7 ebbcba e0def4',
  ),
  scheme(
    'solarized-dark',
    'Solarized Dark',
    'dark',
    '002b36 839496 93a1a1 073642',
    '073642 dc322f 859900 b58900 268bd2 d33682 2aa198 eee8d5',
    '002b36 cb4b16 586e75 657b83 839496 6c71c4 93a1a1 fdf6e3',
  ),
  scheme(
    'tokyo-night',
    'Tokyo Night',
    'dark',
    '1a1b26 c0caf5 c0caf5 283457',
    '15161e f7768e 9ece6a e0af68 7aa2f7 bb9af7 7dcfff a9b1d6',
    '414868 f7768e 9ece6a e0af68 7aa2f7 bb9af7 7dcfff c0caf5',
  ),
  scheme(
    'catppuccin-latte',
    'Catppuccin Latte',
    'light',
    'eff1f5 4c4f69 dc8a78 acb0be',
    '5c5f77 d20f39 40a02b df8e1d 1e66f5 ea76cb 179299 acb0be',
    '6c6f85 d20f39 40a02b df8e1d 1e66f5 ea76cb 179299 bcc0cc',
  ),
  scheme(
    'github-light',
    'GitHub Light',
    'light',
    'ffffff 1f2328 0969da b6d7ff',
    '24292f cf222e 116329 4d2d00 0969da 8250df 1b7c83 6e7781',
    '57606a a40e26 1a7f37 633c01 218bff a475f9 3192aa 8c959f',
  ),
  scheme(
    'gruvbox-light',
    'Gruvbox Light',
    'light',
    'fbf1c7 3c3836 3c3836 d5c4a1',
    'fbf1c7 cc241d 98971a d79921 458588 b16286 689d6a 7c6f64',
    '928374 9d0006 79740e b57614 076678 8f3f71 427b58 3c3836',
  ),
  scheme(
    'one-half-light',
    'One Half Light',
    'light',
    'fafafa 383a42 bfceff bfceff',
    '383a42 e45649 50a14f c18301 0184bc a626a4 0997b3 fafafa',
    '4f525d df6c75 98c379 e4c07a 61afef c577dd 56b5c1 ffffff',
  ),
  scheme(
    'rose-pine-dawn',
    'Rosé Pine Dawn',
    'light',
    'faf4ed 575279 575279 dfdad9',
    'f2e9e1 b4637a 286983 ea9d34 56949f 907aa9 d7827e 575279',
    '9893a5 b4637a 286983 ea9d34 56949f 907aa9 d7827e 575279',
  ),
  scheme(
    'solarized-light',
    'Solarized Light',
    'light',
    'fdf6e3 657b83 586e75 eee8d5',
    '073642 dc322f 859900 b58900 268bd2 d33682 2aa198 eee8d5',
    '002b36 cb4b16 586e75 657b83 839496 6c71c4 93a1a1 fdf6e3',
  ),
  scheme(
    'tokyo-night-day',
    'Tokyo Night Day',
    'light',
    'e1e2e7 3760bf 3760bf b7c1e3',
    'b4b5b9 f52a65 587539 8c6c3e 2e7de9 9854f1 007197 6172b0',
    'a1a6c5 f52a65 587539 8c6c3e 2e7de9 9854f1 007197 3760bf',
  ),
]

export function findScheme(id: string, imported: readonly Scheme[]): Scheme | undefined {
  return SCHEMES.find((one) => one.id === id) ?? imported.find((one) => one.id === id)
}

/** Whether a background is dark, by its luminance as people see it (WCAG 2, relative luminance). */
export function kindOf(background: string): 'dark' | 'light' {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => parseInt(background.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? 'light' : 'dark'
}
