/** Which language a file is written in, by its name or its first line. The languages themselves are loaded when they are wanted. */
import type { Extension } from '@codemirror/state'
import { StreamLanguage, type StreamParser } from '@codemirror/language'

interface Language {
  /** As it is called in every language. */
  name: string
  load: () => Promise<Extension>
}

const stream = async (parser: Promise<StreamParser<unknown>>): Promise<Extension> => StreamLanguage.define(await parser)

const LANGUAGES = {
  json: { name: 'JSON', load: async () => (await import('@codemirror/lang-json')).json() },
  yaml: { name: 'YAML', load: async () => (await import('@codemirror/lang-yaml')).yaml() },
  python: { name: 'Python', load: async () => (await import('@codemirror/lang-python')).python() },
  javascript: { name: 'JavaScript', load: async () => (await import('@codemirror/lang-javascript')).javascript({ jsx: true }) },
  typescript: {
    name: 'TypeScript',
    load: async () => (await import('@codemirror/lang-javascript')).javascript({ jsx: true, typescript: true }),
  },
  markdown: { name: 'Markdown', load: async () => (await import('@codemirror/lang-markdown')).markdown() },
  xml: { name: 'XML', load: async () => (await import('@codemirror/lang-xml')).xml() },
  html: { name: 'HTML', load: async () => (await import('@codemirror/lang-html')).html() },
  css: { name: 'CSS', load: async () => (await import('@codemirror/lang-css')).css() },
  shell: { name: 'Shell', load: () => stream(import('@codemirror/legacy-modes/mode/shell').then((mode) => mode.shell)) },
  nginx: { name: 'nginx', load: () => stream(import('@codemirror/legacy-modes/mode/nginx').then((mode) => mode.nginx)) },
  dockerfile: {
    name: 'Dockerfile',
    load: () => stream(import('@codemirror/legacy-modes/mode/dockerfile').then((mode) => mode.dockerFile)),
  },
  toml: { name: 'TOML', load: () => stream(import('@codemirror/legacy-modes/mode/toml').then((mode) => mode.toml)) },
  properties: {
    name: 'INI',
    load: () => stream(import('@codemirror/legacy-modes/mode/properties').then((mode) => mode.properties)),
  },
  sql: { name: 'SQL', load: () => stream(import('@codemirror/legacy-modes/mode/sql').then((mode) => mode.standardSQL)) },
  go: { name: 'Go', load: () => stream(import('@codemirror/legacy-modes/mode/go').then((mode) => mode.go)) },
  rust: { name: 'Rust', load: () => stream(import('@codemirror/legacy-modes/mode/rust').then((mode) => mode.rust)) },
  c: { name: 'C', load: () => stream(import('@codemirror/legacy-modes/mode/clike').then((mode) => mode.c)) },
  cpp: { name: 'C++', load: () => stream(import('@codemirror/legacy-modes/mode/clike').then((mode) => mode.cpp)) },
  java: { name: 'Java', load: () => stream(import('@codemirror/legacy-modes/mode/clike').then((mode) => mode.java)) },
  perl: { name: 'Perl', load: () => stream(import('@codemirror/legacy-modes/mode/perl').then((mode) => mode.perl)) },
  ruby: { name: 'Ruby', load: () => stream(import('@codemirror/legacy-modes/mode/ruby').then((mode) => mode.ruby)) },
  lua: { name: 'Lua', load: () => stream(import('@codemirror/legacy-modes/mode/lua').then((mode) => mode.lua)) },
  diff: { name: 'Diff', load: () => stream(import('@codemirror/legacy-modes/mode/diff').then((mode) => mode.diff)) },
} satisfies Record<string, Language>

export type LanguageId = keyof typeof LANGUAGES

const ENDINGS: Record<string, LanguageId> = {
  ...every('json', 'json jsonc json5 webmanifest map'),
  ...every('yaml', 'yaml yml'),
  ...every('python', 'py pyw pyi'),
  ...every('javascript', 'js mjs cjs jsx'),
  ...every('typescript', 'ts mts cts tsx'),
  ...every('markdown', 'md markdown'),
  ...every('xml', 'xml svg xsl xslt plist rss'),
  ...every('html', 'html htm xhtml vue'),
  ...every('css', 'css'),
  ...every('shell', 'sh bash zsh ksh profile'),
  ...every('toml', 'toml'),
  ...every('properties', 'ini properties cfg cnf conf service socket timer mount target desktop env'),
  ...every('sql', 'sql'),
  ...every('go', 'go'),
  ...every('rust', 'rs'),
  ...every('c', 'c h'),
  ...every('cpp', 'cc cpp cxx hh hpp hxx'),
  ...every('java', 'java'),
  ...every('perl', 'pl pm'),
  ...every('ruby', 'rb'),
  ...every('lua', 'lua'),
  ...every('diff', 'diff patch'),
}

const NAMES: Record<string, LanguageId> = {
  dockerfile: 'dockerfile',
  containerfile: 'dockerfile',
  'nginx.conf': 'nginx',
  'cargo.lock': 'toml',
  pipfile: 'toml',
  gemfile: 'ruby',
  rakefile: 'ruby',
  '.bashrc': 'shell',
  '.bash_profile': 'shell',
  '.bash_aliases': 'shell',
  '.profile': 'shell',
  '.zshrc': 'shell',
  '.zprofile': 'shell',
  '.gitconfig': 'properties',
  '.editorconfig': 'properties',
}

function every(id: LanguageId, endings: string): Record<string, LanguageId> {
  return Object.fromEntries(endings.split(' ').map((ending) => [ending, id]))
}

/** Nothing for plain text. A path decides where many files of one name lie (`/etc/nginx/sites-available/shop`). */
export function languageOf(path: string, firstLine: string): LanguageId | null {
  const name = (path.split('/').at(-1) ?? '').toLowerCase()
  const known = NAMES[name]
  if (known) return known
  if (/(^|\/)nginx\//.test(path) && /\.conf$|sites-(available|enabled)\//.test(path)) return 'nginx'
  if (/^(dockerfile|containerfile)\./.test(name)) return 'dockerfile'
  const ending = name.includes('.') ? (name.split('.').at(-1) ?? '') : ''
  const byEnding = ENDINGS[ending]
  if (byEnding) return byEnding
  const program = /^#!\s*(?:\S*\/)?([a-z]+)[\d.]*(?:\s+([a-z]+))?/.exec(firstLine)
  const ran = program?.[1] === 'env' ? program[2] : program?.[1]
  if (ran === undefined) return firstLine.startsWith('<?xml') ? 'xml' : null
  const programs: Record<string, LanguageId> = {
    ...every('shell', 'sh bash zsh ksh dash ash'),
    ...every('python', 'python'),
    ...every('javascript', 'node'),
    ...every('perl', 'perl'),
    ...every('ruby', 'ruby'),
    ...every('lua', 'lua'),
  }
  return programs[ran] ?? null
}

export function languageName(id: LanguageId): string {
  return LANGUAGES[id].name
}

export function loadLanguage(id: LanguageId): Promise<Extension> {
  return LANGUAGES[id].load()
}
