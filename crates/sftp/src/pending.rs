//! Which requests are under way. Pure: a table of fixed size, and ids that say where in it a request stands.

/// How many requests are in flight at once. Small files over a line of 50 ms are what needs so many: each that goes up takes six,
/// so that 1,024 of them are 2,340 files a second with all that is around them, where rsync does 2,460. What they may bring back is bounded in bytes beside this (`driver.rs`).
pub const IN_FLIGHT_MAX: usize = 2048;

/// The low bits of an id that are the place in the table.
const PLACE_BITS: u32 = IN_FLIGHT_MAX.trailing_zeros();

/// The requests under way, by id. An id comes again only after its place was used 2^22 times, so an answer that comes
/// twice, or long after its request, finds nobody.
#[derive(Debug)]
pub(crate) struct Pending<T> {
    places: Vec<Place<T>>,
    free: Vec<usize>,
}

#[derive(Debug)]
struct Place<T> {
    generation: u32,
    waiting: Option<T>,
}

impl<T> Pending<T> {
    pub(crate) fn new() -> Self {
        Self {
            places: (0..IN_FLIGHT_MAX).map(|_| Place { generation: 0, waiting: None }).collect(),
            free: (0..IN_FLIGHT_MAX).rev().collect(),
        }
    }

    pub(crate) fn has_room(&self) -> bool {
        !self.free.is_empty()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.free.len() == self.places.len()
    }

    /// Notes a request and returns its id.
    ///
    /// # Errors
    /// Gives it back when there is no room.
    pub(crate) fn insert(&mut self, waiting: T) -> Result<u32, T> {
        let Some(index) = self.free.pop() else { return Err(waiting) };
        let place = &mut self.places[index];
        place.waiting = Some(waiting);
        place.generation = place.generation.wrapping_add(1);
        let index = u32::try_from(index).expect("the table is short");
        Ok(place.generation << PLACE_BITS | index)
    }

    /// What waits for the answer to `id`; None if nothing does.
    pub(crate) fn take(&mut self, id: u32) -> Option<T> {
        let index = id as usize % IN_FLIGHT_MAX;
        let place = &mut self.places[index];
        if id != place.generation << PLACE_BITS | (id % (1 << PLACE_BITS)) {
            return None;
        }
        let waiting = place.waiting.take()?;
        self.free.push(index);
        Some(waiting)
    }

    /// Everything that waits, when no answer will come any more.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = T> {
        self.free = (0..IN_FLIGHT_MAX).rev().collect();
        self.places.iter_mut().filter_map(|place| place.waiting.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_finds_its_request_once() {
        let mut pending = Pending::new();
        let ids: Vec<u32> = (0..IN_FLIGHT_MAX).map(|number| pending.insert(number).expect("room")).collect();
        assert!(!pending.has_room());
        assert_eq!(pending.insert(999), Err(999));
        for (number, &id) in ids.iter().enumerate().rev() {
            assert_eq!(pending.take(id), Some(number));
            assert_eq!(pending.take(id), None, "a second answer");
        }
        assert!(pending.is_empty());
    }

    #[test]
    fn a_late_answer_does_not_reach_the_next_request_in_the_same_place() {
        let mut pending = Pending::new();
        let first = pending.insert("first").expect("room");
        pending.take(first);
        let second = pending.insert("second").expect("room");
        assert_ne!(first, second);
        assert_eq!(pending.take(first), None);
        assert_eq!(pending.take(second), Some("second"));
    }

    #[test]
    fn no_other_id_finds_anything() {
        let mut pending = Pending::new();
        let id = pending.insert(()).expect("room");
        for other in (0..32).map(|bit| id ^ (1 << bit)).chain([0, u32::MAX]) {
            assert_eq!(pending.take(other), None, "{other}");
        }
        assert_eq!(pending.take(id), Some(()));
    }

    #[test]
    fn what_is_left_is_given_back_and_the_table_is_empty() {
        let mut pending = Pending::new();
        for number in 0..5 {
            pending.insert(number).expect("room");
        }
        let mut left: Vec<i32> = pending.drain().collect();
        left.sort_unstable();
        assert_eq!(left, [0, 1, 2, 3, 4]);
        assert!(pending.is_empty());
    }
}
