//! The opening: legs of a journey through the demo's events, each with a caption of at most eight words. Any input ends it.
//! Where motion is not wanted, four of the places that it comes to are stills to step through.

use snapstack::sim::Stage;

use crate::timeline::{Side, Timeline, Track};

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
    /// The position of the still that shows where it leads to, if one does.
    pub still: Option<u32>,
}

/// Where the demo opens: the first page packet's bytes are in the application's buffer and not yet sent.
pub fn opening(timeline: &Timeline) -> Option<u32> {
    let packet = timeline.packet_of_frame(FIRST_PAGE)?;
    let track = timeline.track(Side::Right, packet)?;
    timeline.write(Side::Right, track.write).map(|write| write.at)
}

/// The journey, once the whole run is there; None for traffic without the demo's pages.
pub fn journey(timeline: &Timeline) -> Option<Vec<Leg>> {
    let side = Side::Right;
    let of = |frame| timeline.track(side, timeline.packet_of_frame(frame)?).copied();
    let (first, again) = (of(FIRST_PAGE)?, of(SAME_PAGE)?);
    let filled = |track: &Track| timeline.write(side, track.write).map(|write| write.at);
    let called = |track: &Track| timeline.call_of(side, track).map(|call| call.at);
    let leg = |to: u32, ms: f64, caption: &str| Leg {
        to: f64::from(to),
        ms,
        caption: caption.to_owned(),
        accelerate: false,
        still: None,
    };
    // What stands still shows also what has come of it.
    let settled = |at: u32| {
        let effects = Side::BOTH.into_iter().flat_map(|side| timeline.effects(side, at));
        effects.map(|(at, _)| at).fold(at, u32::max)
    };
    let still = |at: u32, leg: Leg| Leg { still: Some(settled(at)), ..leg };
    let bytes = crate::scene::grouped(u64::from(first.len));
    let lines = timeline.lines_of(side, &again).len();
    let (call, call_again) = (called(&first)?, called(&again)?);
    let (before, there, wire) = (filled(&first)?, filled(&again)?, first.at(Stage::Wire) + 2);
    Some(vec![
        still(before, leg(before, 1000.0, &format!("Same {bytes} bytes, two stacks"))),
        leg(call - 1, 200.0, "One copies, one takes a reference"),
        still(call, leg(call, 2300.0, "One copies, one takes a reference")),
        leg(settled(call), 300.0, "One copies, one takes a reference"),
        leg(first.at(Stage::Driver), 700.0, "Headers, ring, DMA"),
        leg(first.at(Stage::Dma), 600.0, "Headers, ring, DMA"),
        still(wire, leg(wire, 700.0, "Identical on the wire")),
        leg(there - 1, 900.0, "Fast-forward to another client"),
        // The still says in one picture what moves in two legs.
        still(call_again, leg(there, 1300.0, &format!("Its {lines} lines are already here"))),
        leg(call_again - 1, 150.0, "The left lane copies again"),
        leg(call_again, 1000.0, "The left lane copies again"),
        leg(settled(call_again), 250.0, "The left lane copies again"),
        Leg {
            to: f64::from(timeline.len()),
            ms: 2600.0,
            caption: "The rest of the run".to_owned(),
            accelerate: true,
            still: None,
        },
    ])
}
