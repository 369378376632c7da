//! How one connection of a host is doing, as the health drawer shows it.

use serde::Serialize;
use ts_rs::TS;

/// Round trips that are kept for the sparkline and the 95th percentile.
pub const ROUND_TRIPS_KEPT: usize = 120;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum LaneKind {
    /// Terminals and commands.
    Interactive,
}

/// One measured round trip: a keepalive and its reply.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RoundTrip {
    /// Milliseconds since the Unix epoch.
    pub at_ms: f64,
    pub ms: f64,
}

/// One connection of a host. Times are milliseconds since the Unix epoch, rates bytes per second over the last second.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LaneHealth {
    /// A number that names the connection while the app runs; never used twice.
    pub id: u32,
    pub kind: LaneKind,
    pub up_since_ms: f64,
    pub suspect: bool,
    /// The address that was reached, with its port.
    pub address: Option<String>,
    /// Oldest first, at most [`ROUND_TRIPS_KEPT`].
    pub round_trips: Vec<RoundTrip>,
    pub round_trip_p95_ms: Option<f64>,
    pub last_heard_ms: f64,
    pub received_bytes: f64,
    pub sent_bytes: f64,
    pub received_per_second: f64,
    pub sent_per_second: f64,
    /// TCP segments that were sent again, where the system says so.
    pub retransmits: Option<u32>,
    pub key_exchange: Option<String>,
    pub host_key: Option<String>,
    pub cipher: Option<String>,
    /// None where the cipher authenticates by itself.
    pub mac: Option<String>,
    /// The server's identification.
    pub server: Option<String>,
    /// When the keys were last exchanged.
    pub keyed_ms: f64,
    pub sessions: u32,
    /// How many sessions it may have; less than 8 once the server has refused one.
    pub sessions_max: u32,
}
