//! What records tell of the link's faults.

use snapstack::buffers::Scheme;
use snapstack::sim::{Change, Config, Event, FaultKind, Kind, Lane, Setup, Workload};

use super::small;

/// The NIC cuts a send into frames that leave in one step: each is told by its own number, and none twice.
#[test]
fn of_frames_that_leave_at_once_each_is_told_by_its_own_number() {
    let frames = [3, 5, 6, 9, 20, 33];
    let changes: Vec<_> = frames.map(|frame| Change::Lose { from_peer: false, frame }).into();
    for (scheme, tso) in Scheme::ALL.into_iter().flat_map(|scheme| [0, 40_000].map(|tso| (scheme, tso))) {
        let config = Config { tso, ..small(Workload::Bulk, 5) };
        let setup = Setup { changes: changes.clone(), ..Setup::new(config, None) };
        let mut lane = Lane::new(scheme, &setup, ()).unwrap();
        while lane.step() {}
        assert!(lane.frames()[0] > 40);
        let events = lane.take_events();
        let events = events.as_chunks().0.iter().map(|words| Event::decode(words).unwrap());
        let lost: Vec<u32> = events
            .filter_map(|event| match event.kind {
                Kind::Fault { fault: FaultKind::Lost, from_peer: false, frame } => Some(frame),
                _ => None,
            })
            .collect();
        assert_eq!(lost, frames, "{scheme:?}, {tso} B at once");
    }
}
