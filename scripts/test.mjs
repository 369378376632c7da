// npm test: everything, one named check after the other, going on after a failure so that one run shows all.
// The last line is `N passed, N failed`. On a busy machine a deadline may pass by before a process gets its turn: a test that
// failed is tried once more, and whatever passed only then is named at the end as unsteady. Those are to be mended too.
//
//   npm test                        all rings
//   npm test -- --only rust,ui      some of: lint, rust, ui, e2e

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { endAll, leaveNothingBehind } from './processes.mjs'
import { buildApp, FEATURES } from './setup/app.mjs'
import { ensureFrontend } from './setup/frontend.mjs'
import { ensurePackages } from './setup/packages.mjs'
import { chromium, ensureRustComponents, ensureSystem, ensureToolchains } from './setup/system.mjs'
import { ensureTools } from './setup/tools.mjs'
import { elapsed, Expected, root, step, stripColours } from './steps.mjs'

const RINGS = ['lint', 'rust', 'ui', 'e2e']
const rings = wantedRings()
const total = { passed: 0, failed: 0 }
const failures = []
const unsteady = []

await leaveNothingBehind(async () => {
  try {
    await setUp()
    if (rings.has('lint')) await lint()
    if (rings.has('ui')) await ui()
    if (rings.has('rust')) await rust()
    if (rings.has('e2e')) await endToEnd()
  } catch (error) {
    if (!error.shown) console.log(error.expected ? error.message : error)
    failures.push('set-up')
    total.failed += 1
  }
  const left = await endAll()
  for (const { pid, command } of left) console.log(`Had to be ended: ${pid} ${command}`)
  if (failures.length > 0) console.log(`\nFailed: ${failures.join(', ')}`)
  if (unsteady.length > 0) console.log(`\nUnsteady, passed at the second try: ${unsteady.join(', ')}`)
  console.log(`\nTook ${elapsed()}.`)
  console.log(`${total.passed} passed, ${total.failed} failed`)
  return total.failed === 0 ? 0 : 1
})

async function setUp() {
  await ensureToolchains()
  await ensureSystem('tests')
  if (rings.has('lint')) await ensureRustComponents()
  await ensurePackages()
  const tools = { lint: ['cargo-deny'], rust: ['cargo-nextest'], ui: [], e2e: ['tauri-driver'] }
  await ensureTools(...[...rings].flatMap((ring) => tools[ring]))
  process.env.BOWLINE_CHROMIUM ??= chromium() ?? ''
  // Tauri reads ui/dist when it is compiled, be it for a lint.
  await ensureFrontend()
}

async function lint() {
  await check('rustfmt', (run) => run('cargo', ['fmt', '--all', '--check']))
  await check('prettier', (run) => node(run, 'prettier/bin/prettier.cjs', '--check', '.'))
  await check('eslint', (run) => node(run, 'eslint/bin/eslint.js', '--max-warnings', '0', '.'))
  await check('types of the front end', (run) => node(run, 'vue-tsc/bin/vue-tsc.js', '--noEmit', '--project', 'ui/tsconfig.json'))
  if (existsSync(join(root, 'tests/ui/tsconfig.json'))) {
    await check('types of the UI tests', (run) =>
      node(run, 'vue-tsc/bin/vue-tsc.js', '--noEmit', '--project', 'tests/ui/tsconfig.json'),
    )
  }
  await check('nothing unused (knip)', (run) => node(run, 'knip/bin/knip.js'))
  await check('licences and sources (cargo-deny)', (run) =>
    run('cargo', ['deny', '--workspace', '--all-features', 'check', 'licenses', 'bans', 'sources']),
  )
  await check('the engine knows no Tauri', engineIsFreeOfTauri)
  await check('clippy', (run) =>
    run('cargo', ['clippy', '--locked', '--workspace', '--all-targets', ...FEATURES, '--', '-D', 'warnings']),
  )
  await check('generated types are up to date', (run) =>
    run('cargo', [
      'run',
      '--locked',
      '--quiet',
      '--package',
      'bowline-desktop',
      ...FEATURES,
      '--example',
      'ipc-types',
      '--',
      '--check',
    ]),
  )
}

async function ui() {
  await check('unit tests (vitest)', (run) => vitest(run, 'ui/vite.config.ts', '--root', join(root, 'ui')))
  await check('UI in Chromium', (run) => {
    if (!process.env.BOWLINE_CHROMIUM) {
      throw new Expected(
        'There is no Chromium on PATH. On Ubuntu, install Google Chrome or any other real Chromium (the chromium package is a snap), or name one in BOWLINE_CHROMIUM.',
      )
    }
    return vitest(run, 'tests/ui/vitest.config.ts', '--retry', '1')
  })
}

async function rust() {
  // Keys, known hosts and the keyring of the person who runs this stay untouched.
  await onDesktop({ display: false }, (env) =>
    check('Rust tests (nextest)', async (run) => {
      // Root on Linux can do all that the tests need (a test user, an sshd): there, a skipped test is a failed one.
      if (process.platform === 'linux' && process.getuid() === 0) env.BOWLINE_TESTS_SKIP = 'never'
      const args = [
        'nextest',
        'run',
        '--locked',
        '--workspace',
        '--no-fail-fast',
        '--no-tests=pass',
        '--retries',
        '1',
        ...FEATURES,
      ]
      return counted(await run('cargo', args, { env, fails: true }), countNextest)
    }),
  )
  await check("the engine's screen against xterm.js", async (run) => {
    await run('cargo', ['build', '--locked', '--package', 'bowline-tests', '--example', 'screen'])
    return vitest(run, 'tests/screen/vitest.config.ts')
  })
}

async function endToEnd() {
  let app
  await check('the app builds', async (run) => {
    app = await buildApp(run)
    // Some of them use the command beside the app.
    await run('cargo', ['build', '--locked', '--workspace', ...FEATURES])
  })
  if (!app) return
  await onDesktop({ display: false, keyring: false }, (env) =>
    check('the real window', async (run) => {
      const files = readdirSync(join(root, 'tests/e2e')).filter((name) => name.endsWith('.test.mjs'))
      if (files.length === 0) throw new Expected('There are no tests in tests/e2e')
      const sum = { passed: 0, failed: 0 }
      for (const name of files) {
        const args = ['--test', '--test-timeout=180000', '--test-reporter=spec', `tests/e2e/${name}`]
        const once = async () =>
          counted(await run(process.execPath, args, { env: { ...env, BOWLINE_APP: app }, fails: true }), countNodeTest)
        let counts = await once()
        if (counts.failed > 0) {
          counts = await once()
          if (counts.failed === 0) unsteady.push(name)
        }
        sum.passed += counts.passed
        sum.failed += counts.failed
      }
      return sum
    }),
  )
}

/** One check: its counts are added up; one that counts nothing counts as one. */
async function check(name, work) {
  let counts
  try {
    await step(name, async (run, line) => {
      const result = await work(run, line)
      if (result && 'passed' in result) {
        counts = result
        if (counts.failed > 0) throw new Expected(`${name}: ${counts.passed} passed, ${counts.failed} failed`)
        return `${counts.passed} passed`
      }
      counts = { passed: 1, failed: 0 }
      return ''
    })
  } catch {
    counts ??= { passed: 0, failed: 1 }
    failures.push(name)
  }
  total.passed += counts.passed
  total.failed += counts.failed
}

function node(run, script, ...args) {
  return run(process.execPath, [join(root, 'node_modules', script), ...args]).then(() => undefined)
}

async function vitest(run, config, ...args) {
  const script = join(root, 'node_modules/vitest/vitest.mjs')
  return counted(
    await run(process.execPath, [script, 'run', '--config', join(root, config), '--passWithNoTests', ...args], { fails: true }),
    countVitest,
  )
}

async function engineIsFreeOfTauri(run) {
  const { output } = await run('cargo', [
    'tree',
    '--locked',
    '--package',
    'bowline-core',
    '--prefix',
    'none',
    '--edges',
    'normal,build',
    '--target',
    'all',
  ])
  const found = output.split('\n').filter((line) => /^(tauri|wry|tao|webkit2gtk|gtk)\b/.test(line))
  if (found.length > 0) throw new Expected(`bowline-core depends on ${found.join(', ')}`)
}

/** A runner that fails without a failed test (it crashed, a file did not load) counts as one failure. */
function counted({ code, output }, count) {
  const counts = count(stripColours(output))
  if (code !== 0 && counts.failed === 0) counts.failed = 1
  return counts
}

function countNextest(output) {
  const lines = output.split('\n')
  const summary = lines.findLast((line) => /^\s*Summary \[/.test(line)) ?? ''
  for (const line of lines) {
    const flaky = /^\s*FLAKY \d+\/\d+ \[[^\]]*\]\s+(?:\([^)]*\)\s+)?(.+)$/.exec(line)
    if (flaky && !unsteady.includes(flaky[1])) unsteady.push(flaky[1])
  }
  return {
    passed: number(summary, /(\d+) passed/),
    failed: number(summary, /(\d+) failed/) + number(summary, /(\d+) timed out/) + number(summary, /(\d+) exec failed/),
  }
}

function countVitest(output) {
  const lines = output.split('\n')
  const summary = lines.findLast((line) => /^\s*Tests\s+\d/.test(line)) ?? ''
  for (const line of lines) {
    const again = /^Unsteady: (.+)$/.exec(line)
    if (again) unsteady.push(again[1])
  }
  return { passed: number(summary, /(\d+) passed/), failed: number(summary, /(\d+) failed/) }
}

function countNodeTest(output) {
  const line = (name) => number(output, new RegExp(`^(?:ℹ|#) ${name} (\\d+)$`, 'm'))
  return { passed: line('pass'), failed: line('fail') + line('cancelled') }
}

function number(text, pattern) {
  return Number(pattern.exec(text)?.[1] ?? 0)
}

async function onDesktop(options, work) {
  const { openDesktop } = await import('../tests/e2e/support/desktop.mjs')
  const desktop = await openDesktop(options)
  try {
    await work(desktop.env)
  } finally {
    await desktop.close()
  }
}

function wantedRings() {
  const args = process.argv.slice(2)
  if (args.length === 0) return new Set(RINGS)
  const named = args[0] === '--only' && args.length === 2 ? args[1].split(',') : []
  if (named.length === 0 || named.some((ring) => !RINGS.includes(ring))) {
    console.error(`Usage: npm test [-- --only ${RINGS.join(',')}]`)
    process.exit(2)
  }
  return new Set(named)
}
