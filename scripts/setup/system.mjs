// What the system has to have. On Debian and Ubuntu it is installed; elsewhere we say what is missing and how to get it.

import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Expected, step } from '../steps.mjs'

// What the app is compiled with: WebKitGTK with its GTK 3, and D-Bus, which Tauri's windows link to.
const BUILD = ['build-essential', 'pkg-config', 'libwebkit2gtk-4.1-dev', 'libdbus-1-dev']
// A desktop where there is none, the way in for a test, and letters to draw (also Chinese ones).
const DESKTOP = ['xvfb', 'webkit2gtk-driver', 'dbus', 'gnome-keyring', 'fonts-dejavu-core', 'fonts-wqy-microhei']
// What the tests meet: a real OpenSSH, a link of their own, others' programs, mouse and keys from outside.
const TESTS = [
  'openssh-server',
  'openssh-client',
  'openssh-sftp-server',
  'dropbear-bin',
  'iproute2',
  'rsync',
  'xdotool',
  'procps',
  'vim-tiny',
  'file',
  'tmux',
  'curl',
  'screen',
  'lrzsz',
  'sshfs',
]
// Login shells beside bash: each takes the lines of a reconnect, and what teaches it marks, in a way of its own.
const SHELLS = ['zsh', 'fish', 'tcsh']

/** `purpose` is 'app' (build it), 'desktop' (also run it where there is no display) or 'tests' (everything). */
export async function ensureSystem(purpose) {
  if (process.platform === 'linux' && onPath('dpkg-query') && onPath('apt-get')) return ensureDebian(purpose)
  await step('system packages', () => checkElsewhere(purpose))
}

/** Rust with the parts that are needed, and Node. The only things a person installs by hand. */
export async function ensureToolchains() {
  await step('Rust and Node', async (run) => {
    const [major, minor] = process.versions.node.split('.').map(Number)
    if (major < 20 || (major === 20 && minor < 19))
      throw new Expected(`Node ${process.versions.node} is too old: 20.19 or newer is needed.`)
    if (!onPath('cargo'))
      throw new Expected(
        'cargo is not there. Install Rust with rustup (see the Rust project\'s "Install" page), then run this again.',
      )
    const wanted = /rust-version = "(.+)"/.exec(readFileSync(join(import.meta.dirname, '../../Cargo.toml'), 'utf8'))[1]
    const { output } = await run('rustc', ['--version'])
    const has = /rustc (\d+\.\d+)/.exec(output)?.[1] ?? '0.0'
    if (older(has, wanted))
      throw new Expected(`Rust ${has} is too old: ${wanted} or newer is needed. Try \`rustup update stable\`.`)
    return `Rust ${has}, Node ${process.versions.node}`
  })
}

/** rustfmt and clippy, which a minimal Rust lacks. */
export async function ensureRustComponents() {
  const missing = ['rustfmt', 'clippy'].filter(
    (name) => spawnSync('cargo', [name === 'rustfmt' ? 'fmt' : name, '--version']).status !== 0,
  )
  if (missing.length === 0) return
  await step(`rustup: ${missing.join(', ')}`, (run) => run('rustup', ['component', 'add', ...missing]).then(() => ''))
}

/** A Chromium for the tests of the UI: its path, or nothing. */
export function chromium() {
  const named = process.env.BOWLINE_CHROMIUM
  if (named) return named
  return ['chromium', 'google-chrome', 'google-chrome-stable', 'chromium-browser']
    .map(onPath)
    .find((path) => path && !isSnapStub(path))
}

export function hasDisplay() {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)
}

/** The path of a program, or nothing. */
export function onPath(program) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, process.platform === 'win32' ? `${program}.exe` : program)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not in this folder.
    }
  }
  return undefined
}

/** Names of packages that are wanted and not installed. */
export function missingPackages(purpose) {
  const wanted = [...BUILD, ...(purpose === 'app' ? [] : DESKTOP), ...(purpose === 'tests' ? [...TESTS, ...SHELLS] : [])]
  // Ubuntu's chromium package is a snap, which cannot run in most containers: there, Chrome has to be installed by hand.
  if (purpose === 'tests' && !isUbuntu() && !chromium()) wanted.push('chromium')
  const listed = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Status} ${Package}\n', ...wanted], { encoding: 'utf8' }).stdout
  const installed = new Set(
    listed
      .split('\n')
      .filter((line) => line.startsWith('installed '))
      .map((line) => line.split(' ')[1]),
  )
  return wanted.filter((name) => !installed.has(name))
}

async function ensureDebian(purpose) {
  await step('system packages', async (run, line) => {
    const missing = missingPackages(purpose)
    if (missing.length === 0) return 'all there'
    const apt = (...args) => aptGet(run, args)
    line.says(missing.join(' '))
    if (process.getuid() !== 0) askForSudo(missing)
    await apt('update')
    await apt('install', '--yes', '--no-install-recommends', ...missing)
    const still = missingPackages(purpose)
    if (still.length > 0) throw new Expected(`apt-get did not install ${still.join(' ')}`)
    return `installed ${missing.join(' ')}`
  })
}

function aptGet(run, args) {
  const settings = ['DEBIAN_FRONTEND=noninteractive', 'NEEDRESTART_MODE=a']
  // Another apt may be at work (unattended upgrades on a fresh machine): wait for it instead of failing.
  const command = ['env', ...settings, 'apt-get', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Use-Pty=0', ...args]
  return process.getuid() === 0 ? run(command[0], command.slice(1)) : run('sudo', ['-n', ...command])
}

function askForSudo(missing) {
  const byHand = `Install them by hand, then run this again:\n  sudo apt-get install ${missing.join(' ')}`
  if (!onPath('sudo')) throw new Expected(`These packages are missing, and there is no sudo.\n${byHand}`)
  process.stdout.write(`\nThese packages are missing and will be installed: ${missing.join(' ')}\n`)
  // The password is asked for on the terminal; with no terminal this fails at once instead of waiting for ever.
  const asked = spawnSync('sudo', process.stdin.isTTY ? ['-v'] : ['-n', '-v'], { stdio: 'inherit' })
  if (asked.status !== 0) throw new Expected(`sudo was refused.\n${byHand}`)
}

function checkElsewhere() {
  const missing = { darwin: missingOnMac, win32: missingOnWindows }[process.platform]?.() ?? missingOnOtherLinux()
  if (missing.length > 0) throw new Expected(`Missing on this machine:\n${missing.map((it) => `  - ${it}`).join('\n')}`)
  return 'all there'
}

function missingOnMac() {
  const tools = spawnSync('xcode-select', ['-p']).status === 0
  return tools ? [] : ["Apple's command line tools: run `xcode-select --install`"]
}

function missingOnWindows() {
  const missing = []
  const programs = [process.env['ProgramFiles(x86)'], process.env.ProgramFiles].filter(Boolean)
  const vswhere = programs.map((folder) => join(folder, 'Microsoft Visual Studio/Installer/vswhere.exe')).find(existsSync)
  const compiler =
    vswhere &&
    execFileSync(
      vswhere,
      ['-products', '*', '-requires', 'Microsoft.VisualStudio.Component.VC.Tools.x86.x64', '-property', 'installationPath'],
      { encoding: 'utf8' },
    ).trim()
  if (!compiler) missing.push('Visual Studio Build Tools with "Desktop development with C++"')
  if (!programs.some((folder) => existsSync(join(folder, 'Microsoft/EdgeWebView/Application')))) {
    missing.push('the WebView2 runtime (part of Windows 11; on Windows 10 install "Evergreen Bootstrapper")')
  }
  if (!onPath('nasm') && process.arch === 'x64') missing.push('NASM, on PATH: the cryptography library assembles with it')
  return missing
}

function missingOnOtherLinux() {
  const missing = ['cc', 'pkg-config'].filter((name) => !onPath(name)).map((name) => `${name} (a C compiler and pkg-config)`)
  if (!onPath('pkg-config')) return missing
  for (const library of ['webkit2gtk-4.1', 'gtk+-3.0', 'dbus-1']) {
    if (spawnSync('pkg-config', ['--exists', library]).status !== 0) missing.push(`${library}, with its development files`)
  }
  return missing
}

function isUbuntu() {
  return existsSync('/etc/os-release') && /^ID(_LIKE)?=.*ubuntu/m.test(readFileSync('/etc/os-release', 'utf8'))
}

function isSnapStub(path) {
  return path.endsWith('chromium-browser') && readFileSync(path, 'latin1').includes('snap install')
}

function older(has, wanted) {
  const [a, b] = [has, wanted].map((it) => it.split('.').map(Number))
  return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1])
}
