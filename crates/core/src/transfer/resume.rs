//! From where a transfer that was cut goes on. Only what was verified counts: a part file can be longer than that, with
//! gaps, since writes are under way side by side.

use std::ops::Range;

/// The last bytes before the offset, which are compared once more on both sides before anything is appended: a source
/// that was replaced by one of the same size and time shows there, if anywhere, for the price of one read.
pub const CHECKED_BYTES: u64 = 64 * 1024;

/// A source, as it is now or as it was when its transfer began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    pub size: u64,
    /// Seconds since 1970; None if nobody says.
    pub modified: Option<u64>,
}

/// What was written down about a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remembered {
    pub source: Source,
    /// Everything before this is in the part file, and was acknowledged as written.
    pub verified: u64,
}

/// Where to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    AtStart(Why),
    /// The part file is cut to `at`, and goes on there if both sides hold the same in `checked`.
    At {
        at: u64,
        checked: Range<u64>,
    },
    /// Everything is there; only the check of the whole and the rename are left.
    Whole,
}

/// Why a transfer begins at its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Nothing,
    /// Its size or time is another one.
    SourceChanged,
    /// Without a time of the source, nothing shows whether it changed.
    Unsure,
    /// The part file is gone, or shorter than what is known to be in it.
    PartChanged,
}

/// Decides from what was written down, what the source is now, and how long the part file is.
pub fn begin(remembered: Option<Remembered>, source: Source, part: Option<u64>) -> Begin {
    let Some(Remembered { source: before, verified }) = remembered else {
        return Begin::AtStart(Why::Nothing);
    };
    if verified == 0 {
        return Begin::AtStart(Why::Nothing);
    }
    match (before.modified, source.modified) {
        (Some(before), Some(now)) if before != now => return Begin::AtStart(Why::SourceChanged),
        (Some(_), Some(_)) => {}
        (None, _) | (_, None) => return Begin::AtStart(Why::Unsure),
    }
    if before.size != source.size || verified > source.size {
        return Begin::AtStart(Why::SourceChanged);
    }
    match part {
        Some(part) if part >= verified => {}
        Some(_) | None => return Begin::AtStart(Why::PartChanged),
    }
    if verified == source.size {
        return Begin::Whole;
    }
    Begin::At { at: verified, checked: verified.saturating_sub(CHECKED_BYTES)..verified }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: Source = Source { size: 1_000_000, modified: Some(1000) };

    fn known(verified: u64) -> Option<Remembered> {
        Some(Remembered { source: SOURCE, verified })
    }

    #[test]
    fn it_goes_on_behind_what_was_verified_and_not_behind_what_is_there() {
        let begin = begin(known(600_000), SOURCE, Some(900_000));
        assert_eq!(begin, Begin::At { at: 600_000, checked: 534_464..600_000 });
    }

    #[test]
    fn only_a_source_that_is_the_same_for_sure_goes_on() {
        let now = |size, modified| begin(known(600_000), Source { size, modified }, Some(600_000));
        assert_eq!(now(1_000_001, Some(1000)), Begin::AtStart(Why::SourceChanged));
        assert_eq!(now(500_000, Some(1000)), Begin::AtStart(Why::SourceChanged));
        assert_eq!(now(1_000_000, Some(1001)), Begin::AtStart(Why::SourceChanged));
        assert_eq!(now(1_000_000, None), Begin::AtStart(Why::Unsure));
        assert_eq!(now(1_000_000, Some(1000)), Begin::At { at: 600_000, checked: 534_464..600_000 });
    }

    #[test]
    fn a_part_file_that_is_gone_or_shorter_counts_for_nothing() {
        assert_eq!(begin(known(600_000), SOURCE, None), Begin::AtStart(Why::PartChanged));
        assert_eq!(begin(known(600_000), SOURCE, Some(599_999)), Begin::AtStart(Why::PartChanged));
    }

    #[test]
    fn nothing_is_left_of_a_file_that_is_whole() {
        assert_eq!(begin(known(1_000_000), SOURCE, Some(1_000_000)), Begin::Whole);
        assert_eq!(begin(known(1_000_001), SOURCE, Some(2_000_000)), Begin::AtStart(Why::SourceChanged));
    }

    #[test]
    fn without_a_word_about_it_it_begins_at_its_start() {
        assert_eq!(begin(None, SOURCE, Some(600_000)), Begin::AtStart(Why::Nothing));
        assert_eq!(begin(known(0), SOURCE, Some(600_000)), Begin::AtStart(Why::Nothing));
        let short = begin(known(100), SOURCE, Some(100));
        assert_eq!(short, Begin::At { at: 100, checked: 0..100 });
    }
}
