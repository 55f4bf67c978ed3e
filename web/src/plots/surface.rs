//! Whatever a chart is drawn on, as one plotters backend: plotters is compiled once for it instead of once for each.

use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend};

use super::backend::{Canvas, Outcome, Refused};
use super::svg::Svg;

/// A canvas or a text.
pub(super) enum Surface<'a> {
    Canvas(Canvas<'a>),
    Svg(Svg<'a>),
}

/// The same call of whichever it is.
macro_rules! either {
    ($self:ident, $on:ident => $call:expr) => {
        match $self {
            Surface::Canvas($on) => $call,
            Surface::Svg($on) => $call,
        }
    };
}

impl DrawingBackend for Surface<'_> {
    type ErrorType = Refused;

    fn get_size(&self) -> (u32, u32) {
        either!(self, on => on.get_size())
    }

    fn ensure_prepared(&mut self) -> Outcome {
        Ok(())
    }

    fn present(&mut self) -> Outcome {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Outcome {
        either!(self, on => on.draw_pixel(point, color))
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Outcome {
        either!(self, on => on.draw_line(from, to, style))
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Outcome {
        either!(self, on => on.draw_rect(from, to, style, fill))
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Outcome {
        either!(self, on => on.draw_path(path, style))
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Outcome {
        either!(self, on => on.draw_circle(center, radius, style, fill))
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        vertices: I,
        style: &S,
    ) -> Outcome {
        either!(self, on => on.fill_polygon(vertices, style))
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, at: BackendCoord) -> Outcome {
        either!(self, on => on.draw_text(text, style, at))
    }

    fn estimate_text_size<T: BackendTextStyle>(&self, text: &str, style: &T) -> Outcome<(u32, u32)> {
        either!(self, on => on.estimate_text_size(text, style))
    }
}
