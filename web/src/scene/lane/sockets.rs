//! The threads' sockets as places that can be pointed at, and which of them is selected.

use super::super::{Ink, PlaceTarget};
use super::Artist;
use super::layout::SOCKET;
use crate::timeline::{COLUMNS, Place};

/// Calls that are looked back over for the thread of each column that called last.
const LOOK_BACK: usize = 64;

impl Artist<'_> {
    pub(super) fn sockets(&mut self) {
        let side = self.side();
        let selected = match self.view.place {
            Some(Place::Socket { thread, .. }) => Some(thread),
            _ => None,
        };
        let mut seen = [false; COLUMNS as usize];
        let threads = self.timeline.threads.len() as u32;
        let called = self.timeline.called(side, self.position).take(LOOK_BACK).map(|call| call.thread);
        // A column stands for one thread: the selected one, or the one that called last, or its first.
        for thread in selected.into_iter().chain(called).chain(0..threads) {
            let column = if self.layout.compact { 0 } else { self.column_of(thread) };
            // A thread that never sends has no column of its own.
            let own = self.timeline.columns.get(thread as usize).is_some_and(|column| *column < COLUMNS);
            let none = !own && selected != Some(thread);
            if thread >= threads || none || !self.shows(thread) {
                continue;
            }
            if std::mem::replace(&mut seen[usize::from(column.min(COLUMNS - 1))], true) {
                continue;
            }
            let half = self.layout.strip(false).most().1 / 2.0 + 8.0;
            let (x, y) = (self.layout.down(column) - 8.0, self.layout.rows[SOCKET] - half);
            let (w, h) = ((self.layout.column - 12.0).max(24.0), 2.0 * half);
            self.scene.places.push(PlaceTarget { x, y, w, h, place: Place::Socket { side, thread } });
            if selected == Some(thread) {
                self.scene.outline(x, y, w, h, Ink::Text, 1.5);
                self.scene.fill(x, y + h + 2.0, w, 2.0, Ink::Text, 1.0);
                let word = if self.layout.column > 62.0 { "thread" } else { "t" };
                let text = format!("{word} {}", thread + 1);
                self.scene.label((x, y + h + 15.0), -1, Ink::Text, 10.0, true, w, text);
            }
        }
    }
}
