//! Plots: ranges, values at the cursor, files.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fantoccini::key::Key;
use serde_json::json;
use snapstack_e2e::wait_for;

use crate::fixture::Page;

fn number(text: &str) -> Result<u64> {
    text.chars().filter(char::is_ascii_digit).collect::<String>().parse().with_context(|| text.to_owned())
}

#[tokio::test]
async fn a_dragged_range_adds_up_and_the_legend_follows_the_cursor() -> Result<()> {
    let page = Page::open("").await?;
    page.stop().await?;
    let drag = |from: f64, to: f64| {
        format!(
            "const c = document.getElementById('cursor-0'), r = c.getBoundingClientRect();
             const at = (kind, share, buttons) => c.dispatchEvent(new PointerEvent(kind, {{
               pointerId: 1, buttons, clientX: r.left + r.width * share, clientY: r.top + 20, bubbles: true }}));
             c.setPointerCapture = () => {{}};
             at('pointerdown', {from}, 1); at('pointermove', {to}, 1); at('pointerup', {to}, 0);"
        )
    };
    page.press(Key::End).await?;
    page.until_position("the end", |at, end| at == end).await?;
    let whole = page.text("out-plot-0-0").await?;
    let copied = number(&whole)?;
    page.browser.eval(&drag(0.0, 1.0)).await?;
    let sums = page.until_text("range-0", "B/ms").await?;
    ensure!(copied > 0 && sums.contains(&format!("+{whole}")), "{copied}: {sums}");
    let mean = page.text("range-2").await?;
    ensure!(mean.contains("mean"), "{mean}");
    page.press(Key::Escape).await?;
    wait_for("the range to go", Duration::from_secs(10), async || {
        Ok(page.text("range-0").await?.is_empty().then_some(()))
    })
    .await?;
    // A press that is no drag goes there.
    page.browser.eval(&drag(0.5, 0.5)).await?;
    page.until_position("the middle", |at, end| at > end / 3 && at < end * 2 / 3).await?;
    ensure!(number(&page.text("out-plot-0-0").await?)? < copied);
    page.no_complaints().await
}

#[tokio::test]
async fn plots_by_time_fold_idle_stretches_and_cursor_presses_and_files_go_by_them() -> Result<()> {
    let page = Page::open("").await?;
    page.stop().await?;
    let folder = page.downloads("axis").await?;
    page.press(Key::Home).await?;
    page.until_position("the start", |at, _| at == 0).await?;
    // Near the start: filling the rings takes many events and no time.
    let press = "const c = document.getElementById('cursor-0'), r = c.getBoundingClientRect();
         const at = (kind, buttons) => c.dispatchEvent(new PointerEvent(kind, {
           pointerId: 1, buttons, clientX: r.left + 46 + (r.width - 54) * 0.01, clientY: r.top + 20, bubbles: true }));
         c.setPointerCapture = () => {};
         at('pointerdown', 1); at('pointerup', 0);";
    page.browser.eval(press).await?;
    let by_event = page.until_position("a moment by event", |at, end| at > 0 && at < end / 20).await?;
    page.click("axis").await?;
    page.until_text("axis", "by time").await?;
    // The picture follows in the next frames: pressing again and again, until the press means another moment.
    let by_time = wait_for("a moment by time", Duration::from_secs(20), async || {
        page.browser.eval(press).await?;
        let (at, end) = page.position().await?;
        Ok((at.abs_diff(by_event) > end / 100).then_some(at))
    })
    .await?;
    // A cursor that went by another mapping would not be under the press.
    let under = "const c = document.getElementById('cursor-0'), ratio = c.width / c.clientWidth;
         const x = Math.round((46 + (c.clientWidth - 54) * 0.01) * ratio);
         const d = c.getContext('2d').getImageData(x - 4, c.height / 2, 9, 1).data;
         return d.some((v, i) => i % 4 === 3 && v > 128)";
    wait_for("the cursor under the press", Duration::from_secs(20), async || {
        Ok((page.browser.eval(under).await? == json!(true)).then_some(()))
    })
    .await?;
    let click =
        "[...document.querySelectorAll('.plot .export button')].find((b) => b.textContent === 'csv').click()";
    page.browser.eval(click).await?;
    let csv = String::from_utf8(folder.saved("snapstack-copies.csv").await?)?;
    let rows: Vec<Vec<&str>> = csv.lines().skip(3).map(|row| row.split(',').collect()).collect();
    ensure!(rows[0][..3] == ["event", "time_ns", "folded_ns"], "{csv:.300}");
    let number = |row: &Vec<&str>, column: usize| row[column].parse::<f64>();
    let whole = number(rows.last().context("no rows")?, 2)?;
    let middle =
        rows[1..].iter().map(|row| Ok((number(row, 0)?, number(row, 2)?))).collect::<Result<Vec<_>>>()?;
    let (before, after) = middle.split_at(middle.partition_point(|(event, _)| *event <= by_time as f64));
    let (before, after) = (before.last().context("no row before")?, after.first().context("no row after")?);
    ensure!(
        before.1 <= whole * 0.02 && after.1 >= whole * 0.005,
        "event {by_time} lies from {} to {} of {whole}",
        before.1,
        after.1
    );
    page.press_text("a").await?;
    page.until_text("axis", "by event").await?;
    page.no_complaints().await
}

#[tokio::test]
async fn plots_become_files_that_say_how_they_were_made() -> Result<()> {
    let page = Page::open("").await?;
    let folder = page.downloads("export").await?;
    page.press(Key::End).await?;
    page.until_position("the end", |at, end| at == end).await?;
    let total = number(&page.text("out-plot-0-0").await?)?;
    let save = async |format: &str| -> Result<Vec<u8>> {
        let click = format!(
            "[...document.querySelectorAll('.plot .export button')].find((b) => b.textContent === '{format}').click()"
        );
        page.browser.eval(&click).await?;
        folder.saved(&format!("snapstack-copies.{format}")).await
    };
    let csv = String::from_utf8(save("csv").await?)?;
    let link = csv.lines().nth(2).context("no link")?.trim_start_matches("# ").to_owned();
    ensure!(link.starts_with("#/explore?v=2&"), "{link}");
    ensure!(csv.lines().last().context("no rows")?.ends_with(&format!(",{total},0")), "{csv:.300}");
    let svg = String::from_utf8(save("svg").await?)?;
    ensure!(svg.contains("Bytes copied") && svg.contains(&link.replace('&', "&amp;")));
    let whole = format!(
        "const d = new DOMParser().parseFromString({}, 'image/svg+xml'); return d.querySelector('parsererror') === null",
        json!(svg)
    );
    ensure!(page.browser.eval(&whole).await? == json!(true), "the SVG is no XML");
    page.palette().await?;
    page.until_text("palette", "Save the left lane").await?;
    page.type_in_focus(&format!("save left{}", char::from(Key::Enter))).await?;
    let lane = String::from_utf8(folder.saved("snapstack-left.svg").await?)?;
    ensure!(lane.contains("Today: sk_buff") && lane.contains(">tx ring</text>"), "{lane:.300}");
    let png = save("png").await?;
    ensure!(png.starts_with(b"\x89PNG") && png[16..24] == [0, 0, 7, 128, 0, 0, 3, 112], "1920 by 880 pixels");
    page.no_complaints().await
}
