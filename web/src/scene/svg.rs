//! Shapes as SVG elements.

use std::fmt::Write;

use super::{Palette, Scene, Shape};
use crate::plots::escape;

/// The elements of a scene, without the `<svg>` around them.
pub fn svg(scene: &Scene, palette: &Palette) -> String {
    let mut out = String::new();
    for shape in &scene.shapes {
        let _ = match shape {
            Shape::Rect { x, y, w, h, ink, outline, alpha } if *outline == 0.0 => writeln!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"{}\" fill-opacity=\"{alpha}\"/>",
                palette.color(*ink)
            ),
            Shape::Rect { x, y, w, h, ink, outline, alpha } => writeln!(
                out,
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{outline}\" stroke-opacity=\"{alpha}\"/>",
                x + outline / 2.0,
                y + outline / 2.0,
                w - outline,
                h - outline,
                palette.color(*ink)
            ),
            Shape::Path { points, ink, width, dashed, alpha } => {
                let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
                let dash = if *dashed { " stroke-dasharray=\"3 3\"" } else { "" };
                writeln!(
                    out,
                    "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\" stroke-opacity=\"{alpha}\"{dash}/>",
                    points.join(" "),
                    palette.color(*ink)
                )
            }
            Shape::Text { x, y, text, ink, size, bold, anchor, .. } => {
                let weight = if *bold { " font-weight=\"600\"" } else { "" };
                let anchor = ["start", "middle", "end"][(anchor + 1).clamp(0, 2) as usize];
                writeln!(
                    out,
                    "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{weight} text-anchor=\"{anchor}\" fill=\"{}\">{}</text>",
                    palette.color(*ink),
                    escape(text)
                )
            }
        };
    }
    out
}

/// A picture of `size` CSS pixels as a whole SVG file, which carries a title, what it shows, and the link to it.
pub fn svg_file(
    scene: &Scene,
    (w, h): (f64, f64),
    palette: &Palette,
    title: &str,
    (caption, link): (&str, &str),
) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" font-family=\"sans-serif\">\n\
         <title>{}</title>\n<desc>{}</desc>\n<metadata>{}</metadata>\n{}</svg>\n",
        escape(title),
        escape(caption),
        escape(link),
        svg(scene, palette)
    )
}

#[cfg(test)]
mod tests {
    use super::super::Ink;
    use super::*;

    #[test]
    fn every_shape_is_an_element_and_text_cannot_break_out() {
        let mut scene = Scene::default();
        scene.fill(1.0, 2.0, 3.0, 4.0, Ink::Ground, 1.0);
        scene.outline(1.0, 2.0, 3.0, 4.0, Ink::Reference, 1.0);
        scene.arrow((0.0, 0.0), (9.0, 9.0), Ink::Reference, 1.0, true);
        scene.text((1.0, 2.0), 0, Ink::Text, 12.0, "a <b> & \"c\"");
        let out = svg(&scene, &Palette::default());
        assert_eq!(out.lines().count(), scene.shapes.len());
        assert!(out.contains(">a &lt;b&gt; &amp; &quot;c&quot;</text>"), "{out}");
        let file = svg_file(&scene, (90.0, 60.0), &Palette::default(), "A & B", ("a <caption>", "#/memory"));
        assert!(
            file.contains("<title>A &amp; B</title>") && file.contains("viewBox=\"0 0 90 60\""),
            "{file}"
        );
        assert!(file.contains("<metadata>#/memory</metadata>") && file.ends_with("</svg>\n"));
        assert!(out.lines().all(|line| line.starts_with('<') && line.ends_with('>')));
    }
}
