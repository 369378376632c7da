/** known_hosts for the fake engine: a plain host, one whose name is hashed, an authority, a revoked key and one of the system. */
import { problem } from './fake-problem'
import type { TrustedKey, TrustedKeys } from './generated'

const OWN = '/home/ada/.ssh/known_hosts'

interface KnownLine extends TrustedKey {
  /** What a hashed name stands for. */
  hidden?: string
}

function known(line: number, names: string[], letter: string, more: Partial<KnownLine> = {}): KnownLine {
  return {
    file: OWN,
    line,
    names,
    hashed: false,
    marker: null,
    algorithm: 'ssh-ed25519',
    fingerprint: `SHA256:${letter.repeat(43)}`,
    comment: '',
    writable: true,
    ...more,
  }
}

export function fakeTrust() {
  let lines: KnownLine[] = [
    known(1, ['web-01.example.net', '192.0.2.10'], 'a', { comment: 'set up in May' }),
    known(2, [], 'b', { hashed: true, hidden: 'secret.example.net' }),
    known(3, ['*.example.net'], 'c', { marker: 'cert-authority', algorithm: 'ecdsa-sha2-nistp256' }),
    known(4, ['*'], 'd', { marker: 'revoked', algorithm: 'ssh-rsa' }),
    known(1, ['[git.example.org]:2222'], 'e', { file: '/etc/ssh/ssh_known_hosts', writable: false }),
  ]
  const removals: KnownLine[] = []

  const text = (line: KnownLine) => [...line.names, line.fingerprint, line.comment, line.algorithm].join(' ').toLowerCase()

  return {
    trusted_keys: ({ search }: { search: string }): TrustedKeys => {
      const typed = search.trim().toLowerCase()
      const found = lines.filter((line) => text(line).includes(typed) || line.hidden === typed)
      return { keys: found.map(({ hidden: _, ...key }) => key), found: found.length, total: lines.length }
    },
    trusted_key_remove: ({ file, line, fingerprint }: { file: string; line: number; fingerprint: string }): number => {
      const gone = lines.find((one) => one.file === file && one.line === line && one.fingerprint === fingerprint)
      if (!gone) throw problem('trusted-key-moved', { path: file, line: String(line) }, 'retry')
      lines = lines.filter((one) => one !== gone)
      return removals.push(gone)
    },
    trusted_key_restore: ({ removal }: { removal: number }): null => {
      const back = removals[removal - 1]
      if (back) lines = [...lines, back].sort((a, b) => b.file.localeCompare(a.file) || a.line - b.line)
      return null
    },
    /** Somebody else edits the file. */
    forget: (): void => void (lines = lines.map((line) => ({ ...line, fingerprint: `SHA256:${'z'.repeat(43)}` }))),
  }
}
