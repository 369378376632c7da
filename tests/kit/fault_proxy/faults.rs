//! What a proxy does to the bytes that pass, and the dice that it throws.

use std::time::Duration;

use super::{Cut, Direction};

/// The faults of a proxy.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    to_server: Line,
    to_client: Line,
    pub(super) refuse_new: bool,
    /// New connections are taken and not passed on.
    pub(super) black_hole: bool,
    /// It does not listen.
    pub(super) deaf: bool,
}

/// The faults of one direction.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pub(super) delay: Duration,
    pub(super) jitter: Duration,
    pub(super) bytes_per_second: Option<u64>,
    pub(super) fragment_bytes: Option<usize>,
    pub(super) frozen: bool,
    pub(super) cut: Option<(u64, Cut)>,
    pub(super) corrupt: Option<u64>,
}

impl Faults {
    pub(super) fn line(&self, direction: Direction) -> &Line {
        match direction {
            Direction::ToServer => &self.to_server,
            Direction::ToClient => &self.to_client,
        }
    }

    pub(super) fn line_mut(&mut self, direction: Direction) -> &mut Line {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }
}

/// What happens to the next bytes of a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// So many of them are passed on.
    pub(super) pass: usize,
    /// This one of them is corrupted.
    pub(super) corrupt: Option<usize>,
    /// Then the connection is cut.
    pub(super) cut: Option<Cut>,
}

impl Line {
    /// Decides about `length` bytes that follow the first `passed` of a connection. A cut or a corruption that is used up
    /// is taken away.
    pub(super) fn judge(&mut self, passed: u64, length: usize) -> Verdict {
        let end = passed + length as u64;
        let cut = self.cut.take_if(|(at, _)| *at <= end);
        let pass = cut.map_or(length, |(at, _)| usize::try_from(at.saturating_sub(passed)).unwrap_or(length));
        let passed_end = passed + pass as u64;
        let corrupt = self.corrupt.take_if(|at| (passed..passed_end).contains(at));
        Verdict {
            pass,
            corrupt: corrupt.and_then(|at| usize::try_from(at - passed).ok()),
            cut: cut.map(|(_, cut)| cut),
        }
    }
}

/// A small seeded random number generator (SplitMix64, <https://prng.di.unimi.it/splitmix64.c>): the same seed gives the same
/// throws on every machine.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// A number from 0 up to `most`, both included.
    pub(super) fn up_to(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        most.checked_add(1).map_or(mixed, |range| mixed % range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_falls_right_after_its_byte_and_only_once() {
        let mut line = Line { cut: Some((10, Cut::Reset)), ..Line::default() };
        assert_eq!(line.judge(0, 9), Verdict { pass: 9, corrupt: None, cut: None });
        assert_eq!(line.judge(9, 5), Verdict { pass: 1, corrupt: None, cut: Some(Cut::Reset) });
        assert_eq!(line.judge(0, 99), Verdict { pass: 99, corrupt: None, cut: None });
    }

    #[test]
    fn a_byte_behind_the_cut_is_not_corrupted() {
        let mut line = Line { cut: Some((10, Cut::Finish)), corrupt: Some(10), ..Line::default() };
        assert_eq!(line.judge(0, 20), Verdict { pass: 10, corrupt: None, cut: Some(Cut::Finish) });
        assert_eq!(line.judge(0, 20), Verdict { pass: 20, corrupt: Some(10), cut: None });
    }

    #[test]
    fn the_same_seed_throws_the_same() {
        let throws = |seed| {
            let mut dice = Dice::new(seed);
            (0..20).map(|_| dice.up_to(5)).collect::<Vec<_>>()
        };
        assert_eq!(throws(7), throws(7));
        assert_ne!(throws(7), throws(8));
        assert!(throws(7).iter().all(|&throw| throw <= 5));
    }
}
