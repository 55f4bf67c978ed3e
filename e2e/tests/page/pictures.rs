//! Pictures for the user to keep or to paste: pixels that are decoded, drawings that are parsed, and the link that each carries.

use std::collections::BTreeSet;
use std::io::Cursor;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use snapstack_e2e::{READY, wait_for};

use crate::fixture::Page;

/// A decoded PNG file.
struct Picture {
    width: u32,
    height: u32,
    /// Red, green, blue and opacity of each pixel, row by row.
    pixels: Vec<u8>,
    /// The link that the file carries.
    link: Option<String>,
}

impl Picture {
    /// Decodes a file, whose checksums hold.
    fn decode(bytes: &[u8]) -> Result<Self> {
        let mut decoder = png::Decoder::new(Cursor::new(bytes));
        decoder
            .set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
        let mut reader = decoder.read_info()?;
        let mut pixels = vec![0; reader.output_buffer_size().context("too large")?];
        let shown = reader.next_frame(&mut pixels)?;
        ensure!(shown.color_type == png::ColorType::Rgba, "{:?}", shown.color_type);
        reader.finish()?;
        let texts = &reader.info().uncompressed_latin1_text;
        let link = texts.iter().find(|text| text.keyword == "Link").map(|text| text.text.clone());
        Ok(Self { width: shown.width, height: shown.height, pixels, link })
    }

    fn at(&self, x: u32, y: u32) -> [u8; 3] {
        let first = 4 * (y as usize * self.width as usize + x as usize);
        [self.pixels[first], self.pixels[first + 1], self.pixels[first + 2]]
    }

    /// How many colours there are in each of 4 x 4 parts.
    fn colours(&self) -> Vec<usize> {
        let part = |column: u32, row: u32| {
            let across = column * self.width / 4..(column + 1) * self.width / 4;
            let down = row * self.height / 4..(row + 1) * self.height / 4;
            let all: BTreeSet<_> =
                down.flat_map(|y| across.clone().map(move |x| (x, y))).map(|(x, y)| self.at(x, y)).collect();
            all.len()
        };
        (0..4)
            .flat_map(|row| (0..4).map(move |column| (column, row)))
            .map(|(column, row)| part(column, row))
            .collect()
    }

    /// Whether something is drawn in most parts of it, on a ground that is not see-through.
    fn is_drawn(&self) -> Result<()> {
        let colours = self.colours();
        let drawn = colours.iter().filter(|count| **count > 3).count();
        ensure!(drawn >= 10, "colours by part: {colours:?}");
        ensure!(self.pixels.chunks(4).all(|pixel| pixel[3] == 255), "the ground is see-through");
        Ok(())
    }
}

/// The colour that a computed style names: `rgb(1, 2, 3)`.
fn rgb(text: &str) -> Result<[u8; 3]> {
    let parts = text.trim_start_matches("rgb(").trim_end_matches(')').split(", ");
    let parts: Vec<u8> = parts.map(str::parse).collect::<Result<_, _>>().with_context(|| text.to_owned())?;
    parts.try_into().ok().with_context(|| text.to_owned())
}

/// Lets the page use the clipboard, as a user who is asked does.
async fn grant_clipboard(page: &Page) -> Result<()> {
    let permissions = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
    page.browser.cdp("Browser.grantPermissions", permissions).await.map(drop)
}

/// Presses a format's button among those of a part of the page.
async fn press(page: &Page, of: &str, format: &str) -> Result<()> {
    let press = format!(
        "[...document.querySelectorAll('{of} .export button')].find((b) => b.textContent === '{format}').click()"
    );
    page.browser.eval(&press).await.map(drop)
}

/// What a browser that opens the file as a drawing makes of it: the link that it carries, and how many elements it has.
async fn parse(page: &Page, svg: &[u8]) -> Result<(String, u64)> {
    let script = format!(
        "const d = new DOMParser().parseFromString({}, 'image/svg+xml');
         if (d.querySelector('parsererror')) return null;
         if (d.documentElement.namespaceURI !== 'http://www.w3.org/2000/svg') return null;
         return [d.querySelector('metadata')?.textContent ?? '', d.querySelectorAll('*').length]",
        json!(std::str::from_utf8(svg)?)
    );
    let found = page.browser.eval(&script).await?;
    ensure!(found != Value::Null, "it is no SVG: {:.300}", String::from_utf8_lossy(svg));
    Ok(serde_json::from_value(found)?)
}

#[tokio::test]
async fn lanes_are_saved_and_copied_as_they_are_drawn() -> Result<()> {
    let page = Page::open("#/explore?v=2&at=9000&packet=200").await?;
    page.until_text("inspector", "TCP ports").await?;
    let folder = page.downloads("lanes").await?;
    grant_clipboard(&page).await?;
    for side in ["left", "right"] {
        page.choose_command(&format!("save the {side} lane as png")).await?;
        let picture = Picture::decode(&folder.saved(&format!("snapstack-{side}.png")).await?)?;
        let size = page
            .browser
            .eval(&format!(
                "const c = document.getElementById('lane-{side}'); return [c.clientWidth, c.clientHeight]"
            ))
            .await?;
        let [w, h]: [u32; 2] = serde_json::from_value(size)?;
        // Two pixels to one, and a frame below.
        ensure!(picture.width == 2 * w, "{} for {w}", picture.width);
        ensure!((2 * h + 80..2 * h + 240).contains(&picture.height), "{} for {h}", picture.height);
        picture.is_drawn()?;
        let link = picture.link.clone().context("no link")?;
        ensure!(link.starts_with("#/explore?v=2&") && link.contains("&packet=200"), "{link}");
        page.choose_command(&format!("copy the picture of the {side} lane")).await?;
        page.until_text("notice", "The picture is on the clipboard").await?;
        // The other lane's picture has a notice of the same words.
        page.dismiss().await?;
        let copied = Picture::decode(&page.clipboard().await?)?;
        ensure!((copied.width, copied.height) == (picture.width, picture.height));
        ensure!(copied.pixels == picture.pixels, "the copy is the same picture");
        page.choose_command(&format!("save the {side} lane as svg")).await?;
        let (carried, elements) =
            parse(&page, &folder.saved(&format!("snapstack-{side}.svg")).await?).await?;
        ensure!(carried == link && elements > 100, "{carried}, {elements} elements");
    }
    page.no_complaints().await
}

#[tokio::test]
async fn plots_are_saved_and_copied_with_their_link() -> Result<()> {
    let page = Page::open("#/explore?v=2&at=9000&plots=bus,footprint,dedup&axis=time").await?;
    page.until_position("the link's moment", |at, _| at == 9000).await?;
    let folder = page.downloads("plots").await?;
    grant_clipboard(&page).await?;
    press(&page, ".plot:nth-child(2)", "png").await?;
    let picture = Picture::decode(&folder.saved("snapstack-footprint.png").await?)?;
    ensure!((picture.width, picture.height) == (1920, 880));
    picture.is_drawn()?;
    let link = picture.link.clone().context("no link")?;
    ensure!(link.contains("&plots=bus,footprint,dedup&axis=time"), "{link}");
    press(&page, ".plot:nth-child(2)", "copy").await?;
    page.until_text("notice", "The picture is on the clipboard").await?;
    ensure!(Picture::decode(&page.clipboard().await?)?.pixels == picture.pixels);
    page.no_complaints().await
}

#[tokio::test]
async fn the_lab_is_saved_and_copied_with_its_steps() -> Result<()> {
    let page = Page::open("#/memory").await?;
    page.until_text("lab-tally", "8 lines held").await?;
    let folder = page.downloads("lab").await?;
    grant_clipboard(&page).await?;
    press(&page, ".controls", "png").await?;
    let picture = Picture::decode(&folder.saved("snapstack-memory.png").await?)?;
    ensure!(picture.width >= 1200 && picture.height >= 400, "{} by {}", picture.width, picture.height);
    let colours = picture.colours();
    ensure!(colours.iter().filter(|count| **count > 3).count() >= 6, "{colours:?}");
    ensure!(
        picture.link.as_deref().is_some_and(|link| link.starts_with("#/memory?lab=")),
        "{:?}",
        picture.link
    );
    press(&page, ".controls", "copy").await?;
    page.until_text("lab-said", "The picture is on the clipboard").await?;
    ensure!(Picture::decode(&page.clipboard().await?)?.pixels == picture.pixels);
    press(&page, ".controls", "svg").await?;
    let (link, elements) = parse(&page, &folder.saved("snapstack-memory.svg").await?).await?;
    ensure!(Some(&link) == picture.link.as_ref() && elements > 30, "{link}, {elements} elements");
    page.no_complaints().await
}

#[tokio::test]
async fn every_figure_is_saved_as_a_drawing_and_as_pixels_and_copied() -> Result<()> {
    let page = Page::open("#/figures").await?;
    let folder = page.downloads("figures").await?;
    grant_clipboard(&page).await?;
    for (slug, step) in [("1", 8), ("3", 7), ("4", 9), ("receive", 5)] {
        let link = format!("#/figures/{slug}?step={step}");
        page.browser.eval(&format!("location.hash = {}", json!(link))).await?;
        page.until_text("figure-position", &format!("Step {step} of")).await?;
        let shown = wait_for("the figure", READY, async || {
            let size = "const f = document.getElementById('figure');
                return [Number(f.getAttribute('width')), Number(f.getAttribute('height')), f.querySelectorAll('*').length]";
            let [w, h, elements]: [f64; 3] = serde_json::from_value(page.browser.eval(size).await?)?;
            Ok((elements > 20.0).then_some((w, h, elements)))
        })
        .await?;
        press(&page, ".controls", "svg").await?;
        let (carried, elements) =
            parse(&page, &folder.saved(&format!("snapstack-figure-{slug}.svg")).await?).await?;
        // With its root, ground and metadata.
        ensure!(carried == link && elements as f64 == shown.2 + 3.0, "{carried}: {elements} for {}", shown.2);
        press(&page, ".controls", "png").await?;
        let picture = Picture::decode(&folder.saved(&format!("snapstack-figure-{slug}.png")).await?)?;
        ensure!(picture.link.as_ref() == Some(&link), "{:?}", picture.link);
        let (w, h) = (2.0 * (shown.0 + 32.0), 2.0 * shown.1);
        ensure!(f64::from(picture.width) == w.floor(), "{} for {w}", picture.width);
        // A caption of one to four lines above, two lines below.
        let rest = f64::from(picture.height) - h;
        ensure!((120.0..=260.0).contains(&rest), "{} for {h}", picture.height);
        let colours = picture.colours();
        ensure!(colours.iter().filter(|count| **count > 3).count() >= 8, "{colours:?}");
        same_colours(&page, &picture, shown.1).await?;
        press(&page, ".controls", "copy").await?;
        page.until_text("figure-copied", "The picture is on the clipboard").await?;
        ensure!(Picture::decode(&page.clipboard().await?)?.pixels == picture.pixels);
    }
    page.no_complaints().await
}

/// The figure's filled boxes are in the picture, each in its place and colour; the drawing is `height` high.
async fn same_colours(page: &Page, picture: &Picture, height: f64) -> Result<()> {
    let boxes = "const number = (e, name) => Number(e.getAttribute(name));
        return [...document.querySelectorAll('#figure > g > rect')].map((r) => {
          const [, x, y] = r.parentElement.getAttribute('transform').match(/translate\\(([-.\\d]+) ([-.\\d]+)\\)/);
          const s = getComputedStyle(r), g = getComputedStyle(r.parentElement);
          return [Number(x) + number(r, 'x'), Number(y) + number(r, 'y'), number(r, 'width'), number(r, 'height'),
                  s.fill, s.opacity * g.opacity];
        }).filter(([,, w, h, fill, opacity]) => w > 8 && h > 8 && opacity == 1 && fill.startsWith('rgb('));";
    let boxes: Vec<(f64, f64, f64, f64, String, f64)> =
        serde_json::from_value(page.browser.eval(boxes).await?)?;
    ensure!(!boxes.is_empty(), "no boxes");
    let top = f64::from(picture.height) / 2.0 - 44.0 - height;
    let mut found = 0;
    for (x, y, w, h, fill, _) in &boxes {
        let colour = rgb(fill)?;
        let corners = [(3.0, 3.0), (w - 3.0, 3.0), (3.0, h - 3.0), (w - 3.0, h - 3.0)];
        let near = |(dx, dy): &(f64, f64)| {
            let pixel = picture.at((2.0 * (16.0 + x + dx)) as u32, (2.0 * (top + y + dy)) as u32);
            pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) <= 2)
        };
        found += usize::from(corners.iter().any(near));
    }
    // Some lie under others.
    ensure!(2 * found > boxes.len(), "{found} of {}", boxes.len());
    Ok(())
}
