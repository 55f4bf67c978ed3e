//! A plotters backend that writes SVG. Text is measured by the mean width of a character: no document is asked.

use std::fmt::Write;

use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend};

use super::backend::{Outcome, Refused};

/// Width of a character in parts of the font size: the mean over digits and letters of common sans-serif fonts.
const CHARACTER: f64 = 0.56;

/// The backend; it appends to `text`.
pub(super) struct Svg<'a> {
    pub(super) text: &'a mut String,
    pub(super) size: (u32, u32),
}

/// A paint as attributes: `fill` or `stroke`, and its opacity.
fn paint(what: &str, color: BackendColor) -> String {
    let (r, g, b) = color.rgb;
    format!("{what}=\"#{r:02x}{g:02x}{b:02x}\" {what}-opacity=\"{}\"", color.alpha)
}

/// Text as it may stand in an element or an attribute.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl Svg<'_> {
    fn shape(&mut self, points: impl IntoIterator<Item = BackendCoord>, attributes: &str) {
        let points: Vec<String> = points
            .into_iter()
            .map(|(x, y)| format!("{},{}", f64::from(x) + 0.5, f64::from(y) + 0.5))
            .collect();
        let _ = writeln!(self.text, "<polyline points=\"{}\" {attributes}/>", points.join(" "));
    }
}

impl DrawingBackend for Svg<'_> {
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

    fn draw_pixel(&mut self, (x, y): BackendCoord, ink: BackendColor) -> Outcome {
        let _ = writeln!(
            self.text,
            "<rect x=\"{x}\" y=\"{y}\" width=\"1\" height=\"1\" {}/>",
            paint("fill", ink)
        );
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Outcome {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        a: BackendCoord,
        b: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Outcome {
        let corners = [a, (b.0, a.1), b, (a.0, b.1), a];
        if fill { self.fill_polygon(corners, style) } else { self.draw_path(corners, style) }
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Outcome {
        let stroke = paint("stroke", style.color());
        self.shape(path, &format!("fill=\"none\" {stroke} stroke-width=\"{}\"", style.stroke_width()));
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Outcome {
        let ink = if fill {
            paint("fill", style.color())
        } else {
            format!("fill=\"none\" {}", paint("stroke", style.color()))
        };
        let _ = writeln!(self.text, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" {ink}/>");
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Outcome {
        self.shape(path, &paint("fill", style.color()));
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, at: BackendCoord) -> Outcome {
        let anchor = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Center => "middle",
            HPos::Right => "end",
        };
        // From the named edge of the text to its baseline, in parts of the size.
        let down = match style.anchor().v_pos {
            VPos::Top => 0.8,
            VPos::Center => 0.35,
            VPos::Bottom => -0.2,
        };
        let _ = writeln!(
            self.text,
            "<text x=\"{}\" y=\"{:.1}\" font-size=\"{}\" text-anchor=\"{anchor}\" {}>{}</text>",
            at.0,
            f64::from(at.1) + down * style.size(),
            style.size(),
            paint("fill", style.color()),
            escape(text)
        );
        Ok(())
    }

    fn estimate_text_size<T: BackendTextStyle>(&self, text: &str, style: &T) -> Outcome<(u32, u32)> {
        let width = text.chars().count() as f64 * CHARACTER * style.size();
        Ok((width.ceil() as u32, style.size().ceil() as u32))
    }
}
