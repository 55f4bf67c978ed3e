//! The canvas under the hand: what moves with every pointer event is here and never passes through Yew.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, PointerEvent};
use yew::NodeRef;

use super::draw::scene;
use super::layout::{Layout, across, layout};
use super::model::Model;
use super::spread::Thing;
use super::view::{Act, View};
use crate::scene::{Palette, paint};

/// CSS pixels from which on a press is a drag.
const DRAG: f64 = 4.0;

/// What the pointer asked for that is more than a change of the view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Tap {
    /// A line, or nothing.
    Select(Option<u32>),
    /// Nothing: it changed the view.
    Looked,
}

/// A model on a canvas.
pub(super) struct Stage {
    pub(super) model: Rc<Model>,
    pub(super) view: View,
    size: (f64, f64),
    layout: Layout,
    canvas: NodeRef,
    /// Asked for an animation frame that is still to come.
    asked: bool,
    /// Pointers that are down: which, and where.
    pointers: Vec<(i32, f64, f64)>,
    /// Where the first press began, and whether it has become a drag.
    press: Option<(f64, f64, bool)>,
}

/// A stage that callbacks share.
pub(super) type Shared = Rc<RefCell<Stage>>;

impl Stage {
    pub(super) fn new(model: Rc<Model>, canvas: NodeRef) -> Self {
        let size = (640.0, 320.0);
        let (left, right) = across(size.0);
        let view = View::new(&model, right - left);
        let layout = layout(&model, &view, size);
        Self { model, view, size, layout, canvas, asked: false, pointers: Vec::new(), press: None }
    }

    /// Another model takes the place of the present one.
    pub(super) fn adopt(&mut self, model: Rc<Model>) {
        self.view.adopt(&self.model, &model);
        self.model = model;
    }

    pub(super) fn act(&mut self, act: Act) {
        self.view.act(&self.model, act);
    }

    /// Folds the level of the selected line away, or shows it again.
    pub(super) fn fold(&self) -> Option<Act> {
        let line = self.view.selected.filter(|line| *line < self.model.lines())?;
        let level = self.model.line(line).height;
        let row = self.layout.rows.iter().find(|row| (row.low..=row.high).contains(&level))?;
        Some(if row.folded { Act::Unfold(row.low, row.high) } else { Act::Fold(level) })
    }

    pub(super) fn resize(&mut self, size: (f64, f64)) {
        if size.0 > 0.0 && size.1 > 0.0 {
            self.size = size;
            let (left, right) = across(size.0);
            self.act(Act::Resize(right - left));
        }
    }

    /// Draws now.
    pub(super) fn draw(&mut self) {
        let (scene, layout) = scene(&self.model, &self.view, self.size);
        self.layout = layout;
        let Some(canvas) = self.canvas.cast::<HtmlCanvasElement>() else { return };
        let ratio = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio());
        let pixels = |length: f64| (length * ratio).round() as u32;
        if (canvas.width(), canvas.height()) != (pixels(self.size.0), pixels(self.size.1)) {
            canvas.set_width(pixels(self.size.0));
            canvas.set_height(pixels(self.size.1));
        }
        let context = canvas.get_context("2d").ok().flatten();
        if let Some(context) = context.and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok())
        {
            paint(&context, &Palette::of(&canvas), &scene, self.size, ratio);
        }
    }

    /// Zooms about a point; false if that changes nothing.
    pub(super) fn zoom(&mut self, x: f64, by: f64) -> bool {
        let before = (self.view.from, self.view.columns);
        let (left, right) = self.layout.across;
        self.act(Act::Zoom { at: ((x - left) / (right - left)).clamp(0.0, 1.0), by });
        before != (self.view.from, self.view.columns)
    }

    pub(super) fn down(&mut self, event: &PointerEvent) {
        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        if let Some(canvas) = self.canvas.cast::<HtmlCanvasElement>() {
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
        self.pointers.push((event.pointer_id(), x, y));
        // A second finger is no tap.
        self.press = Some((x, y, self.pointers.len() > 1));
        self.act(Act::Hold(Some(self.layout.folded)));
        if self.layout.map.is_some_and(|top| y >= top) {
            self.act(Act::Centre(self.layout.map_column(&self.model, x)));
        }
    }

    /// Moves a pointer; true if the view follows.
    pub(super) fn moved(&mut self, event: &PointerEvent) -> bool {
        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        let Some(at) = self.pointers.iter().position(|(id, ..)| *id == event.pointer_id()) else {
            return false;
        };
        let before = self.pointers[at];
        let Some((from_x, from_y, dragged)) = &mut self.press else { return false };
        *dragged |= (x - *from_x).hypot(y - *from_y) > DRAG;
        if !*dragged {
            return false;
        }
        let from_y = *from_y;
        self.pointers[at] = (before.0, x, y);
        let (left, right) = self.layout.across;
        if self.layout.map.is_some_and(|top| from_y >= top) {
            self.act(Act::Centre(self.layout.map_column(&self.model, x)));
            return true;
        }
        let moved = match self.pointers.iter().find(|(id, ..)| *id != before.0) {
            // Two fingers: their distance zooms, their middle moves.
            Some((_, other, _)) => {
                let (was, is) = ((before.1 - other).abs().max(8.0), (x - other).abs().max(8.0));
                self.zoom(f64::midpoint(x, *other), is / was);
                (x - before.1) / 2.0
            }
            None => x - before.1,
        };
        self.act(Act::Pan(-moved / (right - left)));
        true
    }

    /// A pointer is up, or lost; what it tapped.
    pub(super) fn up(&mut self, event: &PointerEvent, lost: bool) -> Option<Tap> {
        self.pointers.retain(|(id, ..)| *id != event.pointer_id());
        if !self.pointers.is_empty() {
            return None;
        }
        self.act(Act::Hold(None));
        let (x, y, dragged) = self.press.take()?;
        if dragged || lost { None } else { self.tap(x, y) }
    }

    fn tap(&mut self, x: f64, y: f64) -> Option<Tap> {
        if let Some(row) = self.layout.level(x, y) {
            let (low, high, folded) = (row.low, row.high, row.folded);
            if usize::from(low) == self.model.levels() || high == 0 {
                return None;
            }
            self.act(if folded { Act::Unfold(low, high) } else { Act::Fold(low) });
            return Some(Tap::Looked);
        }
        match self.layout.hit(x, y) {
            Some(Thing::Line(line)) => Some(Tap::Select(Some(line))),
            Some(Thing::Segment(top)) => Some(Tap::Select(self.model.segment(top).root)),
            Some(Thing::Bar { level, first, end }) => {
                let row = self.model.row(usize::from(level));
                let (from, to) = (row.span(first).0, row.span(end - 1).1);
                self.act(Act::Show(from, to));
                Some(Tap::Looked)
            }
            Some(Thing::Levels(low, high)) => {
                self.act(Act::Unfold(low, high));
                Some(Tap::Looked)
            }
            Some(Thing::Map) => None,
            None => Some(Tap::Select(None)),
        }
    }
}

/// Draws at the next animation frame, once however often it is asked for.
pub(super) fn redraw(stage: &Shared) {
    if std::mem::replace(&mut stage.borrow_mut().asked, true) {
        return;
    }
    let draws = Rc::clone(stage);
    let frame = Closure::once_into_js(move || {
        let mut stage = draws.borrow_mut();
        stage.asked = false;
        stage.draw();
    });
    if let Some(window) = web_sys::window() {
        let _ = window.request_animation_frame(frame.unchecked_ref());
    }
}
