//! What stands around a picture that leaves the page: the key of its signs, and under it what it shows and the link to it.

use super::{Ink, Scene};

/// Space for the two lines under a picture, and for a row of its key.
const FOOT: f64 = 44.0;
const ROW: f64 = 20.0;
/// Mean widths of a character of the key and of the link, in CSS pixels.
const WIDTHS: (f64, f64) = (6.0, 4.7);

/// A sign of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// An outline around content.
    Ring,
    /// A filled part.
    Block,
    /// A small stroke.
    Tick,
    /// A cross.
    Cross,
}

/// The signs of a lane.
pub const LANE_KEY: &[(Sign, Ink, &str)] = &[
    (Sign::Ring, Ink::Copy, "copied bytes"),
    (Sign::Ring, Ink::Reference, "reference to lines"),
    (Sign::Block, Ink::Dma, "DMA"),
    (Sign::Tick, Ink::Allocation, "software allocation"),
    (Sign::Block, Ink::Header, "header"),
    (Sign::Cross, Ink::Text, "dropped"),
];

/// A picture of `size` CSS pixels on its ground, with a key, a caption and a link under it; and the size of the whole.
pub fn framed(
    picture: &Scene,
    size: (f64, f64),
    key: &[(Sign, Ink, &str)],
    caption: &str,
    link: &str,
) -> (Scene, (f64, f64)) {
    let (w, top) = size;
    let mut signs = Scene::default();
    let (mut x, mut y) = (16.0, top + 14.0);
    for (sign, ink, text) in key {
        let wide = 16.0 + text.len() as f64 * WIDTHS.0;
        if x > 16.0 && x + wide > w - 16.0 {
            (x, y) = (16.0, y + ROW);
        }
        match sign {
            Sign::Ring => signs.outline(x, y - 9.0, 10.0, 10.0, *ink, 2.0),
            Sign::Block => signs.fill(x, y - 9.0, 10.0, 10.0, *ink, 1.0),
            Sign::Tick => signs.line((x + 5.0, y - 9.0), (x + 5.0, y + 1.0), *ink, 2.0),
            Sign::Cross => {
                signs.line((x, y - 9.0), (x + 10.0, y + 1.0), *ink, 2.0);
                signs.line((x, y + 1.0), (x + 10.0, y - 9.0), *ink, 2.0);
            }
        }
        signs.text((x + 16.0, y), -1, Ink::Dim, 11.0, *text);
        x += wide + 16.0;
    }
    let h = if key.is_empty() { top } else { y + 8.0 } + FOOT;
    let mut whole = Scene::default();
    whole.fill(0.0, 0.0, w, h, Ink::Ground, 1.0);
    whole.text((16.0, h - 24.0), -1, Ink::Dim, 11.0, caption);
    // As much of the link as there is room for: the file carries all of it.
    let room = ((w - 32.0) / WIDTHS.1) as usize;
    let shown = if link.len() > room { format!("{}…", &link[..room]) } else { link.to_owned() };
    whole.text((16.0, h - 8.0), -1, Ink::Dim, 9.0, shown);
    whole.shapes.append(&mut signs.shapes);
    whole.shapes.extend_from_slice(&picture.shapes);
    (whole, (w, h))
}

#[cfg(test)]
mod tests {
    use super::super::Shape;
    use super::*;

    #[test]
    fn the_key_fits_any_width_and_no_line_leaves_the_picture() {
        let link = format!("#/memory?lab={}", "ab".repeat(2000));
        for w in [320.0, 640.0, 1900.0] {
            let (scene, size) = framed(&Scene::default(), (w, 200.0), LANE_KEY, "a caption", &link);
            assert!(size.1 > 200.0 + FOOT);
            let texts: Vec<_> = scene
                .shapes
                .iter()
                .filter_map(|shape| match shape {
                    Shape::Text { x, y, text, size, .. } => Some((*x, *y, text, *size)),
                    _ => None,
                })
                .collect();
            for (x, y, text, font) in &texts {
                assert!(*y > 200.0 && *y < size.1, "{text} at {y} of {}", size.1);
                assert!(x + text.chars().count() as f64 * font * 0.5 < w, "{text} is too long for {w}");
            }
            for (_, _, word) in LANE_KEY {
                assert!(texts.iter().any(|(.., text, _)| text == word), "{word}");
            }
        }
    }
}
