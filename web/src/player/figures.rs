//! The figures on the page: at the position, and of the whole run.

use web_sys::Element;

use super::{Player, SLOTS};
use crate::plots::PLOTS;
use crate::scene::{duration, grouped};
use crate::timeline::{Series, Side, Timeline};

/// Elements by key, each with what was written last.
#[derive(Default)]
pub(super) struct Texts(Vec<(String, Option<Element>, String)>);

impl Texts {
    /// Writes a text into the element `out-{key}`, where that says anything else.
    pub(super) fn write(&mut self, key: &str, text: String) {
        // There are a few dozen.
        let at = self.0.iter().position(|(other, ..)| other == key).unwrap_or(self.0.len());
        if at == self.0.len() {
            self.0.push((key.to_owned(), None, String::new()));
        }
        let (_, element, last) = &mut self.0[at];
        if element.as_ref().is_none_or(|element| !element.is_connected()) {
            let document = web_sys::window().and_then(|window| window.document());
            *element = document.and_then(|document| document.get_element_by_id(&format!("out-{key}")));
            last.clear();
        }
        if *last != text
            && let Some(element) = element
        {
            element.set_text_content(Some(&text));
            *last = text;
        }
    }
}

/// What stands behind figures of a run that is not whole.
pub(super) fn so_far(timeline: &Timeline) -> &'static str {
    match (timeline.is_complete(), timeline.goes_on()) {
        (true, _) => "",
        (false, true) => " so far",
        (false, false) => " at stop",
    }
}

impl Player {
    /// How much of a run there is while it comes in, from 0 to 1, where that can be told: the share of a capture's payloads
    /// that were sent, or of the bytes that a workload's threads are to send and that a lane has copied.
    pub(super) fn computed(&self, timeline: &Timeline) -> Option<f64> {
        if !timeline.goes_on() {
            return None;
        }
        let share = if timeline.captured.is_empty() {
            let copied = timeline.series.iter().map(|lane| lane.copied.last()).fold(0.0, f64::max);
            copied / self.expected
        } else {
            let last = Side::BOTH
                .map(|side| timeline.called(side, timeline.len()).next().map_or(0, |call| call.write));
            f64::from(last[0].min(last[1])) / timeline.captured.len() as f64
        };
        Some(share).filter(|share| *share > 0.0 && share.is_finite()).map(|share| share.min(0.99))
    }

    /// Writes the figures: at the position, and of the whole run.
    pub(super) fn write(&mut self, timeline: &Timeline, position: u32) {
        let [left, right] = &*timeline.series;
        let so_far = so_far(timeline);
        let count = |series: &Series| {
            let (now, all) = (series.value(position) as u64, series.last() as u64);
            format!("{} / {}{so_far}", grouped(now), grouped(all))
        };
        let computed =
            self.computed(timeline).map_or(String::new(), |share| format!("{:.0} %", share * 100.0));
        let ratio = |series: &Series| format!("{:.2} / {:.2}", series.value(position), series.last());
        let time = timeline.time_ns(position);
        let moment = format!(
            "{} · event {} of {}{}",
            duration(time),
            grouped(u64::from(position)),
            grouped(u64::from(timeline.len())),
            so_far
        );
        let texts = [
            ("left-copied", count(&left.copied)),
            ("right-copied", count(&right.copied)),
            ("left-allocations", count(&left.allocations)),
            ("right-allocations", count(&right.allocations)),
            ("left-held", ratio(&left.held)),
            ("right-held", ratio(&right.held)),
            ("left-map-entries", count(&left.map_entries)),
            ("right-map-entries", count(&right.map_entries)),
            ("moment", moment),
            ("progress", computed),
        ];
        for (key, text) in texts {
            self.texts.write(key, text);
        }
        for slot in 0..SLOTS {
            let spec = &PLOTS[self.plots[slot]];
            for (i, curve) in spec.curves.iter().enumerate() {
                let value = spec.value(curve.series(&timeline.series).value(position));
                self.texts.write(&format!("plot-{slot}-{i}"), value);
            }
        }
    }
}
