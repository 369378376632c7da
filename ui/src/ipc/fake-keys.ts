/** The keys of the fake engine: a host whose address has `refused-key` takes none. */
import { problem } from './fake-problem'
import type { Commands, Host, InstallOutcome, KeyInfo } from './generated'

const WORK: KeyInfo = {
  path: '~/.ssh/id_ed25519',
  algorithm: 'ssh-ed25519',
  fingerprint: 'SHA256:uNiVztksCsDhcc0u9e8BrrO2WsPfcSFSAZLnhrWJcuY',
  comment: 'ada@desk',
  encrypted: true,
}

export class FakeKeys {
  private keys: KeyInfo[]
  private readonly installed = new Set<string>()

  constructor(withKey: boolean) {
    this.keys = withKey ? [WORK] : []
  }

  all(): KeyInfo[] {
    return this.keys
  }

  generate({ path, comment, passphrase }: Commands['key_generate']['args']): KeyInfo {
    if (this.keys.some((key) => key.path === path)) throw problem('key-exists', { path })
    const key: KeyInfo = { ...WORK, path, comment, encrypted: passphrase !== null }
    this.keys = [...this.keys, key]
    return key
  }

  install(host: Host, path: string): InstallOutcome {
    const { address, user } = host
    if (address.includes('refused-key')) throw problem('key-not-accepted', { path, address, user })
    const known = `${host.id} ${path}`
    const outcome: InstallOutcome = this.installed.has(known) ? 'already-there' : 'installed'
    this.installed.add(known)
    return outcome
  }
}
