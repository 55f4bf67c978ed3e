//! What stands beside a figure: where it departs from the paper, and why.

use super::{Figure, Step};

/// Something to know about a figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its heading.
    pub title: &'static str,
    /// What it says.
    pub text: String,
}

/// The notes of a figure.
pub fn notes(figure: Figure, steps: &[Step]) -> Vec<Note> {
    let note = |title, text: &str| Note { title, text: text.to_owned() };
    match figure {
        Figure::Lines => vec![note(
            "Beside the paper",
            "Lines are 16 bytes here, so that a parent holds four line IDs. The numbers are the IDs that memory gave the lines: a line's content decides where it is put.",
        )],
        Figure::Packet => vec![note(
            "Beside the paper",
            "Lines are 16 bytes here, and the header space is the 16 lines under the packet's first word: the payload's own lines follow under the second. The kernel's snapshot, 29, has no number in the paper.",
        )],
        Figure::Transmit => {
            let root =
                steps.first().and_then(|step| step.state.segment(9000)).map_or(0, |segment| segment.root);
            vec![
                note(
                    "Erratum",
                    "The paper's example ends with TX Head and TX Tail at 1068 and 1069. By its own definition the NIC owns Tail + 1 to Head − 1: that would leave nearly the whole ring marked ready just after it drained. The consistent reading is Head = 1069, the next slot to fill, and Tail = 1068, the last one sent. It is what the ring of the core arrives at.",
                ),
                Note {
                    title: "Beside the paper",
                    text: format!(
                        "The paper's object has root line 1; here memory chose line {root}. The object is 2,560 bytes in lines of 16, a packet for each 256, and the ring has 12 slots, of which one was used before."
                    ),
                },
            ]
        }
        Figure::Receive => vec![note(
            "Beside the paper",
            "Section 3.3 has no figure and no numbers: the RX ring follows the TX ring of Figure 4, and the second frame's stack segment is 31. The NIC splits headers from payload, so that payload begins on a line; without that, equal payload is found only where it happens to line up.",
        )],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_erratum_says_what_the_core_arrives_at() {
        let steps = Figure::Transmit.run().unwrap();
        let notes = notes(Figure::Transmit, &steps);
        let pointers = steps.last().unwrap().state.ring.as_ref().unwrap().pointers;
        assert!(notes[0].text.contains(&format!("Head = {}", pointers.head)));
        assert!(notes[0].text.contains(&format!("Tail = {}", pointers.tail)));
    }
}
