/**
 * A host may have several connections, and the engine tells of the host as a whole: doubt about one of them is doubt about it. What
 * is said of a terminal is about the one that it is on. Pure.
 */
import type { ConnectionView, LaneView, TerminalId } from '../ipc'

export interface FrontLane {
  /** As the connection of the terminal in front is, and not another one of the same host. */
  view: ConnectionView
  lane: LaneView | undefined
  /** Another connection of the host is in doubt. */
  doubtElsewhere: boolean
}

export function frontLane(view: ConnectionView, lanes: readonly LaneView[], terminal: TerminalId | undefined): FrontLane {
  const own = lanes.find((lane) => terminal !== undefined && lane.terminals.includes(terminal))
  // What is known of one connection is the newest as it is; of several, the host's own figures may be those of another.
  if (!own || view.lanes < 2) return { view, lane: own ?? lanes[0], doubtElsewhere: false }
  const doubtElsewhere = !own.suspect && view.state === 'suspect'
  const { hostId, terminals, lanes: count } = view
  const figures = {
    hostId,
    terminals,
    lanes: count,
    roundTripMs: own.roundTrips.at(-1)?.ms ?? null,
    lastHeardMs: own.lastHeardMs,
    cipher: own.cipher,
    server: own.server,
  }
  return { view: doubtElsewhere ? { ...figures, state: 'up' } : { ...view, ...figures }, lane: own, doubtElsewhere }
}
