// A TCP line to a server that a test can spoil: cut it, freeze it, take no new connection.

import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'

/** Opens one to a port on loopback. Clients dial `line.port`. */
export async function openLine(target) {
  const line = new Line(target)
  await line.accept()
  return line
}

class Line {
  /** The port of the server behind it; another one counts for connections from now on. */
  target
  #server = null
  #pairs = new Set()
  #frozen = false
  /** Connections that were taken so far. */
  taken = 0

  constructor(target) {
    this.target = target
  }

  /** Takes connections, on the same port as before. */
  async accept() {
    if (this.#server) return
    const server = createServer((client) => this.#join(client))
    server.listen(this.port ?? 0, '127.0.0.1')
    await once(server, 'listening')
    this.#server = server
    this.port = server.address().port
  }

  /** Nobody listens any more; connections that are there stay. */
  async refuse() {
    const server = this.#server
    this.#server = null
    if (!server) return
    server.close()
    // `close` waits for the connections; the port is free at once.
    server.unref()
  }

  /** Every connection ends with a reset, as when a box on the way forgot it. */
  cut() {
    for (const [client, server] of this.#pairs) {
      client.resetAndDestroy()
      server.destroy()
    }
  }

  /** Nothing moves in either direction, and nothing is lost. */
  freeze() {
    this.#frozen = true
    for (const pair of this.#pairs) for (const socket of pair) socket.pause()
  }

  thaw() {
    this.#frozen = false
    for (const pair of this.#pairs) for (const socket of pair) socket.resume()
  }

  async close() {
    await this.refuse()
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy()
  }

  #join(client) {
    this.taken += 1
    const server = createConnection(this.target, '127.0.0.1')
    const pair = [client, server]
    this.#pairs.add(pair)
    for (const [from, to] of [pair, pair.toReversed()]) {
      from.setNoDelay(true)
      from.on('data', (bytes) => {
        if (!to.write(bytes)) from.pause()
      })
      to.on('drain', () => this.#frozen || from.resume())
      from.on('end', () => to.end())
      from.on('error', () => to.destroy())
      from.on('close', () => {
        to.destroy()
        this.#pairs.delete(pair)
      })
    }
    if (this.#frozen) for (const socket of pair) socket.pause()
  }
}
