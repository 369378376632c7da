/**
 * What was typed while a terminal waited for its connection: kept in order, shown to the person, and sent to the next shell only
 * if the person says so. It lives in this window and nowhere else.
 */
import { ref } from 'vue'

/** Bytes of UTF-8 that are kept: more than anybody types into a terminal that does not answer. */
export const PENDING_BYTES = 4096

/** Keys that send a sequence, by what a person calls them. */
const NAMED: readonly [RegExp, string][] = [
  // eslint-disable-next-line no-control-regex -- arrow keys send an escape character
  [/\x1b[[O]A/g, '↑'],
  // eslint-disable-next-line no-control-regex -- as above
  [/\x1b[[O]B/g, '↓'],
  // eslint-disable-next-line no-control-regex -- as above
  [/\x1b[[O]C/g, '→'],
  // eslint-disable-next-line no-control-regex -- as above
  [/\x1b[[O]D/g, '←'],
  [/\r\n|\r|\n/g, '⏎'],
  [/\t/g, '⇥'],
  [/\x7f/g, '⌫'],
  // What turns or hides text would make a command look like another one.
  [/[\u0080-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g, '\ufffd'],
]

/** A line that asks for something which is typed unseen. */
const ASKS_UNSEEN = /(?:password|passphrase|passcode|\bpin\b|密码|口令|密碼)[^:：]*[:：]\s*$/i

/** Keys as a person can read them: each control character has a sign. */
export function visibleKeys(text: string): string {
  const named = NAMED.reduce((shown, [pattern, sign]) => shown.replace(pattern, sign), text)
  // eslint-disable-next-line no-control-regex -- the rest of C0, as Unicode's pictures of them
  return named.replace(/[\x00-\x1f]/g, (control) => String.fromCharCode(0x2400 + control.charCodeAt(0)))
}

// eslint-disable-next-line no-control-regex -- what arrow keys and their like send
const SEQUENCE = /\x1b(?:\[[0-?]*[ -/]*[@-~]|O.)/g

/** What was typed as text: without keys that only mean something to a terminal, and without what was erased again. */
function plainText(keys: string): string {
  const text = keys.replace(SEQUENCE, '').replace(/\r\n?/g, '\n')
  const characters: string[] = []
  for (const one of text) {
    if (one === '\x7f') characters.pop()
    // eslint-disable-next-line no-control-regex -- all but tab and line feed
    else if (!/[\x00-\x08\x0b-\x1f\x80-\x9f]/.test(one)) characters.push(one)
  }
  return characters.join('')
}

export class PendingKeys {
  /** As a person can read it; empty when nothing waits. */
  readonly shown = ref('')
  /** More was typed than is kept. */
  readonly full = ref(false)
  #text = ''
  #bytes = 0
  #unseen = false

  get isEmpty(): boolean {
    return this.#text === ''
  }

  /** As text for the clipboard; empty for what would have been typed unseen. */
  get copyable(): string {
    return this.#unseen ? '' : plainText(this.#text)
  }

  /** The shell was lost with this line under the cursor. What would have been typed unseen is not shown here either. */
  begin(line: string): void {
    if (this.isEmpty) this.#unseen = ASKS_UNSEEN.test(line)
  }

  /** Takes a key or a paste as a whole; false when there is no room. Once something was refused, nothing more is kept. */
  add(text: string): boolean {
    const bytes = new TextEncoder().encode(text).length
    if (this.full.value || this.#bytes + bytes > PENDING_BYTES) {
      this.full.value = true
      return false
    }
    this.#text += text
    this.#bytes += bytes
    this.shown.value = this.#unseen ? '•'.repeat([...this.#text].length) : visibleKeys(this.#text)
    return true
  }

  /** All of it, which then waits no more. */
  take(): string {
    const text = this.#text
    this.clear()
    return text
  }

  clear(): void {
    this.#text = ''
    this.#bytes = 0
    this.shown.value = ''
    this.full.value = false
  }
}
