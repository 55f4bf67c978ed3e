//! The figures on the page: at the position, and of the whole run.

use std::collections::HashMap;

use web_sys::Element;

use super::{Player, SLOTS};
use crate::plots::PLOTS;
use crate::scene::{duration, grouped};
use crate::timeline::{Series, Timeline};

/// Elements by key, each with what was written last.
#[derive(Default)]
pub(super) struct Texts(HashMap<String, (Option<Element>, String)>);

impl Texts {
    /// Writes a text into the element `out-{key}`, where that says anything else.
    pub(super) fn write(&mut self, key: &str, text: String) {
        let (element, last) = self.0.entry(key.to_owned()).or_default();
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

impl Player {
    /// Writes the figures: at the position, and of the whole run.
    pub(super) fn write(&mut self, timeline: &Timeline, position: u32) {
        let [left, right] = &*timeline.series;
        let count = |series: &Series| {
            let (now, all) = (series.value(position) as u64, series.last() as u64);
            format!("{} / {}", grouped(now), grouped(all))
        };
        let ratio = |series: &Series| format!("{:.2} / {:.2}", series.value(position), series.last());
        let time = timeline.time_ns(position);
        let moment = format!(
            "{} · event {} of {}{}",
            duration(time),
            grouped(u64::from(position)),
            grouped(u64::from(timeline.len())),
            if timeline.is_complete() { "" } else { " so far" }
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
