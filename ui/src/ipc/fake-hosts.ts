/** Hosts for the fake engine. */
import type { Host, HostDraft, ImportCandidate } from './generated'

function draft(address: string, more: Partial<HostDraft> = {}): HostDraft {
  return { label: '', group: '', address, port: 22, user: '', auth: 'automatic', keyPath: '', ...more }
}

function saved(id: string, address: string, more: Partial<HostDraft> = {}): Host {
  return { ...draft(address, more), id, builtin: false, hasPassword: false, linked: null }
}

function linked(alias: string, address: string, path: string, line: number, more: Partial<HostDraft> = {}): Host {
  const host = saved(`config:${alias}`, address, { label: alias, group: path, ...more })
  return { ...host, linked: { path, line } }
}

/** As they stand in the person's ssh_config. */
export const LINKED_HOSTS: readonly Host[] = [
  linked('bastion', 'bastion.example.net', '~/.ssh/config', 4, { user: 'ada' }),
  linked('backup', 'backup.example.net', '~/.ssh/config', 12, { port: 2200 }),
  linked('lab-07', 'lab-07.example.net', '~/.ssh/config.d/lab', 2),
]

export const FAKE_HOSTS: readonly Host[] = [
  saved('web-01', 'web-01.example.net', { label: 'web-01', group: 'Production', user: 'deploy' }),
  saved('web-02', 'web-02.example.net', { label: 'web-02', group: 'Production', user: 'deploy' }),
  saved('db-primary', '10.0.3.20', {
    label: 'db-primary',
    group: 'Production',
    user: 'postgres',
    auth: 'key',
    keyPath: '~/.ssh/id_db',
  }),
  saved('cache-01', 'changed', { label: 'cache-01', group: 'Production' }),
  saved('build', 'build.example.net', { label: '构建机', group: 'Build', user: 'ci' }),
  saved('arm', 'arm-runner.example.net', { label: 'arm-runner', group: 'Build', port: 2222, user: 'ci' }),
  saved('unknown', 'unknown', { group: 'Lab', user: 'root' }),
  saved('password', 'password', { group: 'Lab', user: 'root', auth: 'password' }),
  saved('passphrase', 'passphrase', { group: 'Lab', auth: 'key', keyPath: '~/.ssh/id_ed25519' }),
  saved('interactive', 'interactive', { group: 'Lab', auth: 'keyboard-interactive' }),
]

export function manyHosts(): Host[] {
  return Array.from({ length: 600 }, (_, index) => {
    const number = String(index + 1).padStart(3, '0')
    return saved(`node-${number}`, `node-${number}.example.net`, {
      label: `node-${number}`,
      group: `Rack ${String(Math.floor(index / 100) + 1)}`,
    })
  })
}

export function importCandidates(): ImportCandidate[] {
  return [
    { alias: 'bastion', draft: draft('bastion.example.net', { label: 'bastion', user: 'ada' }), ignored: [], saved: false },
    {
      alias: 'backup',
      draft: draft('backup.example.net', { label: 'backup', port: 2200, auth: 'key', keyPath: '~/.ssh/id_backup' }),
      ignored: ['ProxyJump', 'LocalForward'],
      saved: false,
    },
    { alias: 'pi', draft: draft('192.168.1.20', { label: 'pi', user: 'pi' }), ignored: [], saved: false },
  ]
}
