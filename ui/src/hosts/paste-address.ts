/** Takes apart what people paste into an address: `ssh user@host -p 2222`, `user@host:port`, `[::1]:22`, `ssh://user@host`. */

export interface PastedAddress {
  address: string
  user?: string
  port?: number
  keyPath?: string
  /** Parts that have no place in the form, named so that nothing is dropped in silence. */
  ignored: string[]
}

/** Options of ssh(1) that take an argument. */
const WITH_ARGUMENT = new Set('BbcDEeFIiJLlmOoPpQRSWw')

/** Null when there is nothing to take apart: the text is then pasted as it is. */
export function parsePastedAddress(pasted: string): PastedAddress | null {
  const text = pasted.trim().replace(/^[$#%>]\s+/, '')
  if (text === '' || /[\r\n]/.test(text)) return null
  const words = text.match(/(?:"[^"]*"|'[^']*'|\S)+/g) ?? []
  if (words[0] === 'ssh') return parseCommand(words.slice(1))
  if (words.length > 1) return null
  const target = parseTarget(text)
  const plain = target.user === undefined && target.port === undefined && target.address === text
  return plain || target.address === '' ? null : { ...target, ignored: [] }
}

type Target = Pick<PastedAddress, 'address' | 'user' | 'port'>

function parseTarget(text: string): Target {
  const bare = text.replace(/^ssh:\/\//i, '').replace(/\/.*$/, '')
  const at = bare.lastIndexOf('@')
  // A password in a URL is not taken over: it would be shown.
  const user = at > 0 ? bare.slice(0, at).split(':')[0] : undefined
  const place = bare.slice(at + 1)
  const [, bracketed, afterBracket] = /^\[([^\]]+)\](?::(\d+))?$/.exec(place) ?? []
  const [, name, afterName] = /^([^:]+):(\d+)$/.exec(place) ?? []
  const port = afterBracket ?? afterName
  return {
    address: bracketed ?? name ?? place,
    ...(user ? { user: decodeURIComponentSafely(user) } : {}),
    ...(port ? { port: Number(port) } : {}),
  }
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function parseCommand(words: string[]): PastedAddress | null {
  const result: PastedAddress = { address: '', ignored: [] }
  const rest = [...words]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word.startsWith('-') && word.length > 1) {
      const letter = word.charAt(1)
      if (!WITH_ARGUMENT.has(letter)) result.ignored.push(word)
      else takeOption(result, letter, unquoted(word.slice(2) || (rest.shift() ?? '')))
    } else if (result.address === '') {
      const { address, user, port } = parseTarget(unquoted(word))
      result.address = address
      if (user !== undefined) result.user ??= user
      if (port !== undefined) result.port ??= port
    } else {
      // The first word after the host begins a command.
      result.ignored.push([word, ...rest.splice(0)].join(' '))
    }
  }
  return result.address === '' ? null : result
}

function takeOption(result: PastedAddress, letter: string, value: string): void {
  if (letter === 'p' && /^\d+$/.test(value)) result.port = Number(value)
  else if (letter === 'l') result.user = value
  else if (letter === 'i') result.keyPath = value
  else if (letter === 'o') takeKeyword(result, value)
  else result.ignored.push(`-${letter} ${value}`)
}

function takeKeyword(result: PastedAddress, setting: string): void {
  const [, keyword = '', value = ''] = /^(\w+)\s*[= ]\s*(.*)$/.exec(setting) ?? []
  const name = keyword.toLowerCase()
  if (name === 'port' && /^\d+$/.test(value)) result.port = Number(value)
  else if (name === 'user') result.user = value
  else if (name === 'identityfile') result.keyPath = value
  else result.ignored.push(`-o ${setting}`)
}

function unquoted(word: string): string {
  return word.replace(/^(['"])(.*)\1$/, '$2')
}
