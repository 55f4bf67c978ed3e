//! What is drawn on each canvas.

use super::surfaces::Surfaces;
use super::{Player, SLOTS};
use crate::plots::{self, Curve, MARGIN, PLOTS};
use crate::scene::{self, Ink, LaneView, Scene, Shape};
use crate::timeline::{Series, Side, Timeline};

impl Player {
    pub(super) fn draw_lanes(&mut self, timeline: &Timeline, surfaces: &Surfaces) {
        let spread = (self.rate * 0.25).max(1.0);
        let room = self.room(timeline);
        for side in Side::BOTH {
            let surface = &surfaces.lanes[side as usize];
            let view = LaneView {
                side,
                scheme: self.schemes[side as usize],
                width: surface.size.0,
                height: surface.size.1,
                at: self.at,
                spread,
                settled: self.settled,
                selected: self.selected,
                line: self.line,
                place: self.place,
                passing: self.passing.as_ref(),
                room,
            };
            let scene = scene::lane(timeline, &self.panel, &view);
            scene::paint(&surface.context, &self.palette, &scene, surface.size, surface.ratio);
            self.scenes[side as usize] = scene;
        }
    }

    pub(super) fn draw_plots(&mut self, timeline: &Timeline, surfaces: &Surfaces) {
        self.scales.clear();
        let beside = self.beside.and_then(|branch| self.kept.get(branch));
        let made_of = (timeline.len(), self.by_time, beside.and(self.beside));
        if self.axis_of != made_of {
            self.axis = self.axis_of(timeline, beside);
            self.axis_of = made_of;
        }
        let axis = &self.axis;
        for (slot, (surface, _)) in (0..SLOTS).zip(&surfaces.plots) {
            let spec = &PLOTS[self.plots[slot]];
            let columns = (surface.size.0 * surface.ratio) as u32;
            let run = (&*timeline.clock, timeline.len());
            let mut curves = spec.curves(&timeline.series, run, axis, columns);
            if let Some(kept) = beside {
                let faint = spec.curves(&kept.series, (&kept.clock, kept.events), axis, columns);
                curves.splice(0..0, faint.into_iter().map(|curve| Curve { faint: true, ..curve }));
            }
            let scale = spec.scale(axis, &curves);
            plots::draw(
                &surface.context,
                &self.palette,
                surface.size,
                surface.ratio,
                &scale,
                &curves,
                spec.ratio,
            );
            self.scales.push(scale);
        }
    }

    pub(super) fn draw_cursors(&self, timeline: &Timeline, surfaces: &Surfaces) {
        for (scale, (_, surface)) in self.scales.iter().zip(&surfaces.plots) {
            let mut scene = Scene::default();
            let at =
                |position: f64| scale.at(surface.size, self.axis.x(&timeline.clock, position), scale.low);
            let bottom = at(0.0).1;
            if let Some((from, to)) = self.range {
                let (from, to) = (at(f64::from(from)).0, at(f64::from(to)).0);
                scene.fill(from, MARGIN.2, (to - from).max(1.0), bottom - MARGIN.2, Ink::Dim, 0.16);
                for x in [from, to] {
                    scene.line((x.round() + 0.5, MARGIN.2), (x.round() + 0.5, bottom), Ink::Dim, 1.0);
                }
            }
            for mark in self.mark.iter().chain(&self.bookmarks) {
                let x = at(f64::from(*mark)).0.round() + 0.5;
                scene.line((x, MARGIN.2), (x, bottom), Ink::Reference, 1.0);
            }
            let x = at(self.at).0.round() + 0.5;
            scene.line((x, MARGIN.2), (x, bottom), Ink::Text, 1.0);
            scene::paint(&surface.context, &self.palette, &scene, surface.size, surface.ratio);
        }
    }

    /// Where copies and allocations happen, under the scrub bar; and while it runs, how much of the run there is.
    pub(super) fn draw_track(&self, timeline: &Timeline, surfaces: &Surfaces) {
        let surface = &surfaces.track;
        let mut scene = Scene::default();
        let (w, h) = surface.size;
        let middle = (h / 2.0).round();
        let x_of = |at: u32| (f64::from(at) / f64::from(timeline.len().max(1)) * w).floor() + 0.5;
        // How many there are in each pixel, as a share of the most that are in one.
        let mark = |scene: &mut Scene, series: &Series, ink, up: f64| {
            let mut pixels: Vec<(f64, usize)> = Vec::new();
            let mut rest = series.changes();
            while let Some(at) = rest.first() {
                let x = x_of(*at);
                let here = rest.partition_point(|at| x_of(*at) <= x);
                pixels.push((x, here));
                rest = &rest[here..];
            }
            let most = pixels.iter().map(|pixel| pixel.1).max().unwrap_or(1) as f64;
            for (x, here) in pixels {
                // By the root, so that a burst does not flatten the rest.
                let height = ((here as f64 / most).sqrt() * 10.0).max(2.0);
                let points = vec![(x, middle + 1.5 * up), (x, middle + (1.5 + height) * up)];
                scene.shapes.push(Shape::Path { points, ink, width: 1.0, dashed: false, alpha: 0.7 });
            }
        };
        mark(&mut scene, &timeline.series[0].copied, Ink::Copy, -1.0);
        for at in &self.bookmarks {
            scene.line((x_of(*at), 0.0), (x_of(*at), h), Ink::Reference, 1.5);
        }
        if let Some(at) = self.mark {
            scene.line((x_of(at), 0.0), (x_of(at), h), Ink::Reference, 3.0);
        }
        mark(&mut scene, &timeline.series[0].allocations, Ink::Allocation, 1.0);
        scene.line((0.0, middle + 0.5), (w, middle + 0.5), Ink::Hair, 2.0);
        if let Some(share) = self.computed(timeline) {
            scene.line((0.0, middle + 0.5), (w * share, middle + 0.5), Ink::Text, 2.0);
        }
        scene::paint(&surface.context, &self.palette, &scene, surface.size, surface.ratio);
    }
}
