//! Who has to end when another one has, purely: the rules of a shell's pipeline, and those for what a shell does not have, a
//! stage whose connection is lost.

/// How a stage ended, as far as its neighbours are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// What it wrote is all that it had to say, whatever its status.
    Whole,
    /// Nobody read it any more, and it was told so.
    Unread,
    /// It was lost, failed or stopped: what it wrote must not pass for all.
    Torn,
}

/// What is asked of a stage. A later one of these includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// Its output is closed: as a shell's SIGPIPE, it hears of it when it writes.
    HangUp,
    /// It is ended, and gets no end of its input before that.
    End,
}

/// The stages of a pipe, from the first to the last.
#[derive(Debug)]
pub struct Course(Vec<Stage>);

#[derive(Debug, Clone, Copy, Default)]
struct Stage {
    ended: bool,
    order: Option<Order>,
}

impl Course {
    pub fn new(stages: usize) -> Self {
        Self(vec![Stage::default(); stages])
    }

    /// A stage has ended. What others are to do now, each order once.
    pub fn ended(&mut self, stage: usize, ending: Ending) -> Vec<(usize, Order)> {
        let Some(of_this) = self.0.get_mut(stage) else { return Vec::new() };
        of_this.ended = true;
        let mut orders = Vec::new();
        if let Some(before) = stage.checked_sub(1) {
            orders.extend(self.order(before, Order::HangUp));
        }
        if ending == Ending::Torn {
            orders.extend((stage + 1..self.0.len()).filter_map(|after| self.order(after, Order::End)));
        }
        orders
    }

    /// The person wants all of it to end.
    pub fn stop(&mut self) -> Vec<(usize, Order)> {
        (0..self.0.len()).filter_map(|stage| self.order(stage, Order::End)).collect()
    }

    fn order(&mut self, stage: usize, order: Order) -> Option<(usize, Order)> {
        let of_this = self.0.get_mut(stage)?;
        if of_this.ended || of_this.order.is_some_and(|given| given >= order) {
            return None;
        }
        of_this.order = Some(order);
        Some((stage, order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_ends_well_leaves_those_behind_it_to_read_on() {
        let mut course = Course::new(3);
        assert_eq!(course.ended(0, Ending::Whole), []);
        assert_eq!(course.ended(1, Ending::Whole), []);
        assert_eq!(course.ended(2, Ending::Whole), []);
    }

    #[test]
    fn whoever_has_no_reader_any_more_is_told_one_after_the_other() {
        let mut course = Course::new(3);
        assert_eq!(course.ended(2, Ending::Whole), [(1, Order::HangUp)]);
        assert_eq!(course.ended(1, Ending::Unread), [(0, Order::HangUp)]);
        assert_eq!(course.ended(0, Ending::Unread), []);
    }

    #[test]
    fn a_lost_stage_ends_all_behind_it_and_hangs_up_on_the_one_before() {
        let mut course = Course::new(5);
        assert_eq!(course.ended(2, Ending::Torn), [(1, Order::HangUp), (3, Order::End), (4, Order::End)]);
        // Told once: the news of the others says nothing new.
        assert_eq!(course.ended(3, Ending::Torn), []);
        assert_eq!(course.ended(1, Ending::Unread), [(0, Order::HangUp)]);
    }

    #[test]
    fn stopping_counts_also_where_it_was_hung_up_and_only_once() {
        let mut course = Course::new(3);
        course.ended(2, Ending::Whole);
        assert_eq!(course.stop(), [(0, Order::End), (1, Order::End)]);
        assert_eq!(course.stop(), []);
        assert_eq!(course.ended(1, Ending::Torn), []);
    }
}
