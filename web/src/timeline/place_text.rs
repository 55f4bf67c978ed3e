//! Places as links name them: `left:tx:5`, `right:rx:12`, `left:tx3:5` of the third queue's ring, `right:socket:3`. Slots count
//! from 0, queues and threads from 1, as on the page.

use super::{Place, Ring, Side};

/// The lanes by name, in the order of [`Side::BOTH`].
const SIDES: [&str; 2] = ["left", "right"];
/// The rings by name.
const RINGS: [(&str, Ring); 2] = [("tx", Ring::Tx), ("rx", Ring::Rx)];

impl Place {
    /// Its name in links.
    pub fn write(self) -> String {
        let (side, what, number) = match self {
            Self::Slot { side, ring, queue: 0, slot } => (side, RINGS[ring as usize].0.to_owned(), slot),
            Self::Slot { side, ring, queue, slot } => {
                (side, format!("{}{}", RINGS[ring as usize].0, queue.saturating_add(1)), slot)
            }
            Self::Socket { side, thread } => (side, "socket".to_owned(), thread.saturating_add(1)),
        };
        format!("{}:{what}:{number}", SIDES[side as usize])
    }

    /// The place of a name; None if it is none.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let (side, what, number) = (parts.next()?, parts.next()?, parts.next()?.parse::<u32>().ok()?);
        let side = Side::BOTH[SIDES.iter().position(|name| *name == side)?];
        let of = |ring: &(&str, Ring)| {
            let queue = match what.strip_prefix(ring.0)? {
                "" => 0,
                // The first one's number is left out, and no number has two forms.
                number if !number.starts_with(['0', '+']) => number.parse::<u32>().ok()?.checked_sub(1)?,
                _ => return None,
            };
            Some(Self::Slot { side, ring: ring.1, queue, slot: number })
        };
        match (parts.next(), what) {
            (Some(_), _) => None,
            (None, "socket") => Some(Self::Socket { side, thread: number.checked_sub(1)? }),
            (None, _) => RINGS.iter().find_map(of),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_named_as_on_the_page_and_found_by_their_names() {
        let cases = [
            ("left:tx:5", Place::Slot { side: Side::Left, ring: Ring::Tx, queue: 0, slot: 5 }),
            ("left:tx3:5", Place::Slot { side: Side::Left, ring: Ring::Tx, queue: 2, slot: 5 }),
            ("right:rx:0", Place::Slot { side: Side::Right, ring: Ring::Rx, queue: 0, slot: 0 }),
            ("right:socket:3", Place::Socket { side: Side::Right, thread: 2 }),
        ];
        for (text, place) in cases {
            assert_eq!((place.write().as_str(), Place::read(text)), (text, Some(place)));
        }
    }

    #[test]
    fn what_names_no_place_is_none() {
        let none = [
            "",
            "left",
            "left:tx",
            "left:tx:",
            "left:tx:-1",
            "left:tx:5:6",
            "top:tx:5",
            "left:ty:5",
            "left:TX:5",
            "left:tx0:5",
            "left:tx02:5",
            "left:tx-1:5",
            "left:tx:4294967296",
            "right:socket:0",
            "right:socket:3:",
        ];
        for text in none {
            assert_eq!(Place::read(text), None, "{text}");
        }
    }
}
