//! What a person has set about time, for all hosts. What the ssh_config of a host or its form says wins there.

use std::time::Duration;

use serde::Deserialize;
use ts_rs::TS;

use super::dial::CONNECT_TIMEOUT;
use super::state::IDLE_BEFORE_PROBE;

/// As the settings have it. What is out of bounds is brought within them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionTimes {
    /// An address that does not answer for so long is given up: 2 to 120 seconds.
    pub dialling_seconds: u32,
    /// A connection that is quiet for so long is asked for a sign of life: 3 to 60 seconds.
    pub quiet_seconds: u32,
    /// A connection that nobody uses is closed after so long: a minute to a day.
    pub unused_minutes: u32,
}

impl Default for ConnectionTimes {
    fn default() -> Self {
        Self {
            dialling_seconds: CONNECT_TIMEOUT.as_secs() as u32,
            quiet_seconds: IDLE_BEFORE_PROBE.as_secs() as u32,
            unused_minutes: 30,
        }
    }
}

impl ConnectionTimes {
    pub fn dialling(self) -> Duration {
        Duration::from_secs(self.dialling_seconds.clamp(2, 120).into())
    }

    pub fn quiet(self) -> Duration {
        Duration::from_secs(self.quiet_seconds.clamp(3, 60).into())
    }

    pub fn unused(self) -> Duration {
        Duration::from_secs(60 * u64::from(self.unused_minutes.clamp(1, 24 * 60)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::IdleExpiry;

    #[test]
    fn the_usual_times_are_those_that_hold_without_a_window() {
        let usual = ConnectionTimes::default();
        assert_eq!(usual.dialling(), CONNECT_TIMEOUT);
        assert_eq!(usual.quiet(), IDLE_BEFORE_PROBE);
        assert_eq!(usual.unused(), IdleExpiry::default().last);
    }

    #[test]
    fn what_is_out_of_bounds_is_brought_within_them() {
        let never = ConnectionTimes { dialling_seconds: 0, quiet_seconds: 0, unused_minutes: 0 };
        assert_eq!([never.dialling(), never.quiet(), never.unused()].map(|time| time.as_secs()), [2, 3, 60]);
        let ever =
            ConnectionTimes { dialling_seconds: u32::MAX, quiet_seconds: u32::MAX, unused_minutes: u32::MAX };
        assert_eq!(
            [ever.dialling(), ever.quiet(), ever.unused()].map(|time| time.as_secs()),
            [120, 60, 86_400]
        );
    }
}
