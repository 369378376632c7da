/** Keys of one terminal for another one, whose program may have asked for other codes. */

// eslint-disable-next-line no-control-regex -- keys begin with an escape character
const CURSOR_KEY = /^\x1b[[O]([A-DHF])$/

/** The arrows, Home and End have two codes each: DECCKM says which (xterm's ctlseqs, "PC-Style Function Keys"). */
export function keysFor(text: string, applicationCursorKeys: boolean): string {
  const [, key] = CURSOR_KEY.exec(text) ?? []
  return key === undefined ? text : `\x1b${applicationCursorKeys ? 'O' : '['}${key}`
}
