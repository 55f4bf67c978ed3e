//! The opening: legs of a journey through the demo's events, each with a caption of at most eight words. Any input ends it.

use crate::timeline::Timeline;

/// Captured packet of the first page, and of the same page for another client.
const FIRST_PAGE: u32 = 27;
const SAME_PAGE: u32 = 114;

/// From wherever the journey is to a position, in a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Leg {
    /// Where to.
    pub to: f64,
    /// How long, in milliseconds.
    pub ms: f64,
    /// What is said meanwhile.
    pub caption: String,
    /// Whether it starts slowly.
    pub accelerate: bool,
}

/// Where the demo opens: the first page packet is in the application's buffer and not yet sent.
pub fn opening(timeline: &Timeline) -> Option<u32> {
    let send = timeline.traffic.sends.iter().position(|send| send.frame == FIRST_PAGE)?;
    Some(timeline.sends[send].at).filter(|at| *at <= timeline.len())
}

/// The journey, once the whole run is there; None for traffic without the demo's pages.
pub fn journey(timeline: &Timeline) -> Option<Vec<Leg>> {
    let first = timeline.packets.get(timeline.packet_of_frame(FIRST_PAGE)? as usize)?;
    let again = timeline.packets.get(timeline.packet_of_frame(SAME_PAGE)? as usize)?;
    let leg = |to: u32, ms: f64, caption: &str| Leg {
        to: f64::from(to),
        ms,
        caption: caption.to_owned(),
        accelerate: false,
    };
    let bytes = crate::scene::grouped(u64::from(first.len));
    let lines = timeline.traffic.sends[again.send as usize].lines;
    Some(vec![
        leg(first.stages[0], 1000.0, &format!("Same {bytes} bytes, two stacks")),
        leg(first.stages[1] - 1, 300.0, "One copies, one takes a reference"),
        leg(first.stages[1], 2200.0, "One copies, one takes a reference"),
        leg(first.stages[4], 600.0, "Headers, ring, DMA"),
        leg(first.stages[6], 600.0, "Headers, ring, DMA"),
        leg(first.stages[7] + 2, 700.0, "Identical on the wire"),
        leg(again.stages[0] - 1, 900.0, "Fast-forward to another client"),
        leg(again.stages[0], 1300.0, &format!("Its {lines} lines are already here")),
        leg(again.stages[1], 700.0, "The left lane copies again"),
        Leg {
            to: f64::from(timeline.len()),
            ms: 2600.0,
            caption: "The rest of the run".to_owned(),
            accelerate: true,
        },
    ])
}
