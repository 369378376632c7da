/** What the engine finds wrong with a draft: the same kinds as `host/check.rs`, for the fake engine. */
import type { FieldProblem, HostDraft, HostField, ProblemKind } from './generated'

const CONTROL = /[\p{Cc}\u2028\u2029]/u
const SHELL = /[;&|$`"'\\<>(){}*?!#]/

function ofWord(value: string): ProblemKind | undefined {
  if (CONTROL.test(value)) return 'control-character'
  if (value.startsWith('-')) return 'leading-dash'
  if (/\s/.test(value)) return 'whitespace'
  if (SHELL.test(value)) return 'shell-character'
  return undefined
}

function ofAddress(address: string): ProblemKind | undefined {
  if (address === '') return 'required'
  if (address.length > 255) return 'too-long'
  const wrong = ofWord(address)
  if (wrong) return wrong
  if (address.includes('@')) return 'user-in-address'
  if (/^[^:]+:\d+$/.test(address) || address.startsWith('[')) return 'port-in-address'
  return undefined
}

function ofName(name: string): ProblemKind | undefined {
  if (CONTROL.test(name)) return 'control-character'
  return name.length > 100 ? 'too-long' : undefined
}

function ofKey(draft: HostDraft): ProblemKind | undefined {
  if (CONTROL.test(draft.keyPath)) return 'control-character'
  if (draft.auth !== 'key') return undefined
  if (draft.keyPath === '') return 'required'
  if (draft.keyPath.endsWith('.pub')) return 'not-a-private-key'
  if (draft.keyPath.includes('missing')) return 'file-missing'
  return undefined
}

function ofRoute(options: HostDraft['options']): [HostField, ProblemKind | undefined][] {
  if (!options) return []
  const { jump, proxy, proxyCommand, bindAddress, connectTimeoutSeconds: seconds, startupCommand } = options
  const second = proxyCommand !== '' && (jump !== '' || proxy !== '')
  return [
    ['jump', jump.split(',').some((name) => jump !== '' && name.trim() === '') ? 'jump-form' : undefined],
    ['proxy', proxy === '' || /^(socks5|http):\/\/[^/]+:\d+$/.test(proxy) ? undefined : 'proxy-form'],
    ['proxyCommand', /%[^hnpr%]/.test(proxyCommand) ? 'unknown-token' : second ? 'second-route' : undefined],
    ['bindAddress', bindAddress === '' || /^[\d.]+$|:/.test(bindAddress) ? undefined : 'not-an-address'],
    ['connectTimeoutSeconds', seconds !== null && (seconds < 1 || seconds > 300) ? 'time-range' : undefined],
    [
      'startupCommand',
      CONTROL.test(startupCommand) ? 'control-character' : startupCommand.length > 4000 ? 'too-long' : undefined,
    ],
  ]
}

export function checkDraft(draft: HostDraft): FieldProblem[] {
  const found: [HostField, ProblemKind | undefined][] = [
    ['label', ofName(draft.label)],
    ['group', ofName(draft.group)],
    ['address', ofAddress(draft.address)],
    ['port', Number.isInteger(draft.port) && draft.port >= 1 && draft.port <= 65535 ? undefined : 'port-range'],
    ['user', draft.user.length > 255 ? 'too-long' : ofWord(draft.user)],
    ['keyPath', ofKey(draft)],
    ...ofRoute(draft.options),
  ]
  return found.flatMap(([field, problem]) => (problem ? [{ field, problem }] : []))
}
