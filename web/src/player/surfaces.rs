//! The canvases that the player draws on.

use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, Document, Element, HtmlCanvasElement, HtmlInputElement};

use super::SLOTS;

/// A canvas that follows its element's size and the screen's pixel ratio.
pub(super) struct Surface {
    canvas: HtmlCanvasElement,
    pub(super) context: CanvasRenderingContext2d,
    /// CSS pixels.
    pub(super) size: (f64, f64),
    /// Device pixels each.
    pub(super) ratio: f64,
}

impl Surface {
    fn find(document: &Document, id: &str) -> Option<Self> {
        let canvas: HtmlCanvasElement = document.get_element_by_id(id)?.dyn_into().ok()?;
        let context = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        Some(Self { canvas, context, size: (0.0, 0.0), ratio: 0.0 })
    }

    /// Takes over the element's size; true when it has changed.
    pub(super) fn fit(&mut self, ratio: f64) -> bool {
        let size = (f64::from(self.canvas.client_width()), f64::from(self.canvas.client_height()));
        if (size, ratio) == (self.size, self.ratio) {
            return false;
        }
        (self.size, self.ratio) = (size, ratio);
        self.canvas.set_width((size.0 * ratio).round() as u32);
        self.canvas.set_height((size.1 * ratio).round() as u32);
        true
    }
}

/// All that the player draws on.
pub(super) struct Surfaces {
    pub(super) lanes: [Surface; 2],
    pub(super) track: Surface,
    /// Of each plot, the curves and what moves over them.
    pub(super) plots: Vec<(Surface, Surface)>,
    pub(super) scrub: HtmlInputElement,
    pub(super) root: Element,
}

impl Surfaces {
    /// Finds the canvases of the page; None while one is missing.
    pub(super) fn find(document: &Document) -> Option<Self> {
        let surface = |id: &str| Surface::find(document, id);
        let mut plots = Vec::new();
        for slot in 0..SLOTS {
            plots.push((surface(&format!("plot-{slot}"))?, surface(&format!("cursor-{slot}"))?));
        }
        Some(Self {
            lanes: [surface("lane-left")?, surface("lane-right")?],
            track: surface("track")?,
            plots,
            scrub: document.get_element_by_id("scrub")?.dyn_into().ok()?,
            root: document.document_element()?,
        })
    }

    /// Takes over the sizes of all elements; true when one has changed.
    pub(super) fn fit(&mut self, ratio: f64) -> bool {
        let mut changed = false;
        let plots = self.plots.iter_mut().flat_map(|(base, cursor)| [base, cursor]);
        for surface in self.lanes.iter_mut().chain([&mut self.track]).chain(plots) {
            changed |= surface.fit(ratio);
        }
        changed
    }
}
