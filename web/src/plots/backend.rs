//! A plotters backend over a 2D canvas, in device pixels, so that lines and text are sharp at any pixel ratio. Text is
//! measured by the canvas itself: no helper nodes in the document, no styles written anywhere.

use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
};
use web_sys::CanvasRenderingContext2d;

/// The backend; its size is in device pixels.
pub(super) struct Canvas<'a> {
    pub(super) context: &'a CanvasRenderingContext2d,
    pub(super) size: (u32, u32),
    pub(super) font: &'a str,
}

/// The canvas refused; it says no more than that.
#[derive(Debug, thiserror::Error)]
#[error("the plot could not be drawn")]
pub(super) struct Refused;

fn css(color: BackendColor) -> String {
    let (r, g, b) = color.rgb;
    format!("rgba({r},{g},{b},{})", color.alpha)
}

impl Canvas<'_> {
    fn stroke<S: BackendStyle>(&self, style: &S) {
        self.context.set_stroke_style_str(&css(style.color()));
        self.context.set_line_width(f64::from(style.stroke_width()));
    }

    fn set_font<T: BackendTextStyle>(&self, style: &T) {
        let weight = if matches!(style.style(), FontStyle::Bold) { "600" } else { "400" };
        self.context.set_font(&format!("{weight} {}px {}", style.size(), self.font));
    }

    /// Whole-pixel lines of odd width lie in the middle of pixels.
    fn crisp((x, y): BackendCoord) -> (f64, f64) {
        (f64::from(x) + 0.5, f64::from(y) + 0.5)
    }

    fn trace(&self, points: impl IntoIterator<Item = BackendCoord>) {
        self.context.begin_path();
        for (i, point) in points.into_iter().enumerate() {
            let (x, y) = Self::crisp(point);
            if i == 0 { self.context.move_to(x, y) } else { self.context.line_to(x, y) }
        }
    }
}

pub(super) type Outcome<T = ()> = Result<T, DrawingErrorKind<Refused>>;

impl DrawingBackend for Canvas<'_> {
    type ErrorType = Refused;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Outcome {
        Ok(())
    }

    fn present(&mut self) -> Outcome {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Outcome {
        self.context.set_fill_style_str(&css(color));
        self.context.fill_rect(f64::from(point.0), f64::from(point.1), 1.0, 1.0);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Outcome {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Outcome {
        let (x, y) = (f64::from(from.0.min(to.0)), f64::from(from.1.min(to.1)));
        let (w, h) = (f64::from((to.0 - from.0).abs()), f64::from((to.1 - from.1).abs()));
        if fill {
            self.context.set_fill_style_str(&css(style.color()));
            self.context.fill_rect(x, y, w, h);
        } else {
            self.stroke(style);
            self.context.stroke_rect(x + 0.5, y + 0.5, w, h);
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Outcome {
        self.stroke(style);
        self.trace(path);
        self.context.stroke();
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Outcome {
        let (x, y) = Self::crisp(center);
        self.context.begin_path();
        let arc = self.context.arc(x, y, f64::from(radius), 0.0, std::f64::consts::TAU);
        arc.map_err(|_| DrawingErrorKind::DrawingError(Refused))?;
        if fill {
            self.context.set_fill_style_str(&css(style.color()));
            self.context.fill();
        } else {
            self.stroke(style);
            self.context.stroke();
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        vertices: I,
        style: &S,
    ) -> Outcome {
        self.context.set_fill_style_str(&css(style.color()));
        self.trace(vertices);
        self.context.fill();
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, at: BackendCoord) -> Outcome {
        self.set_font(style);
        self.context.set_fill_style_str(&css(style.color()));
        let anchor = style.anchor();
        self.context.set_text_align(match anchor.h_pos {
            HPos::Left => "left",
            HPos::Center => "center",
            HPos::Right => "right",
        });
        self.context.set_text_baseline(match anchor.v_pos {
            VPos::Top => "top",
            VPos::Center => "middle",
            VPos::Bottom => "bottom",
        });
        let drawn = self.context.fill_text(text, f64::from(at.0), f64::from(at.1));
        self.context.set_text_baseline("alphabetic");
        drawn.map_err(|_| DrawingErrorKind::DrawingError(Refused))
    }

    fn estimate_text_size<T: BackendTextStyle>(&self, text: &str, style: &T) -> Outcome<(u32, u32)> {
        self.set_font(style);
        let width = self.context.measure_text(text).map_err(|_| DrawingErrorKind::DrawingError(Refused))?;
        Ok((width.width().ceil() as u32, style.size().ceil() as u32))
    }
}
