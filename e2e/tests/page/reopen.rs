//! What is saved here opens again when it is dropped on the page: at the moment, with the selection and the view of then.

use anyhow::{Context, Result, ensure};
use fantoccini::key::Key;
use serde_json::json;
use snapstack_e2e::{READY, wait_for};

use crate::fixture::Page;

/// A moment of another run than the first one, with a selection and a view of its own.
const MOMENT: &str = "#/explore?v=2&line=16&at=1700&packet=22&mark=300&place=right:tx:18&range=10-1700&filter=tcp&plots=copies,bus,footprint&axis=time";

/// Presses a format's button among those of a part of the page.
async fn press(page: &Page, of: &str, format: &str) -> Result<()> {
    let press = format!(
        "[...document.querySelectorAll('{of} .export button')].find((b) => b.textContent === '{format}').click()"
    );
    page.browser.eval(&press).await.map(drop)
}

/// Drops a file, somewhere else than where it was saved, and waits until the page shows what it carries.
async fn reopen(page: &Page, name: &str, bytes: &[u8]) -> Result<()> {
    page.follow("#/explore?v=2&at=42").await?;
    page.until_position("another moment", |at, _| at == 42).await?;
    ensure!(page.value("line-size").await? == "64" && page.value("packet-filter").await?.is_empty());
    page.browser.eval("document.documentElement.dataset.ready = 'dropping'").await?;
    page.drop_file(name, bytes).await?;
    page.until_ready().await?;
    page.until_position(name, |at, _| at == 1700).await.map(drop)
}

/// Everything that the moment's link says is on screen.
async fn is_there(page: &Page, name: &str) -> Result<()> {
    page.until_text("verdict", "reproduced").await.with_context(|| name.to_owned())?;
    let chosen = (page.value("line-size").await?, page.value("packet-filter").await?);
    ensure!(chosen == ("16".to_owned(), "tcp".to_owned()), "{name}: {chosen:?}");
    page.until_text("inspector", "Packet 22").await?;
    page.until_text("place", "TX slot 18").await?;
    page.until_text("axis", "by time").await?;
    page.until_text("range-1", "+").await?;
    let plots = page.browser.eval("return [...document.querySelectorAll('.plot select')].map((s) => s.selectedOptions[0].textContent)").await?;
    ensure!(plots == json!(["Bytes copied", "Bus requests", "Footprint"]), "{name}: {plots}");
    Ok(())
}

#[tokio::test]
async fn plots_and_lanes_reopen_with_everything_that_was_selected() -> Result<()> {
    let page = Page::open(MOMENT).await?;
    page.until_position("the link's moment", |at, _| at == 1700).await?;
    page.until_text("place", "TX slot 18").await?;
    let folder = page.downloads("reopen").await?;
    let mut files = Vec::new();
    for format in ["csv", "json", "svg", "png"] {
        press(&page, ".plot:nth-child(2)", format).await?;
        let name = format!("snapstack-bus.{format}");
        files.push((name.clone(), folder.saved(&name).await?));
    }
    for (side, format) in [("left", "svg"), ("left", "png"), ("right", "svg"), ("right", "png")] {
        page.choose_command(&format!("save the {side} lane as {format}")).await?;
        let name = format!("snapstack-{side}.{format}");
        files.push((name.clone(), folder.saved(&name).await?));
    }
    for (name, bytes) in &files {
        reopen(&page, name, bytes).await?;
        is_there(&page, name).await?;
    }
    // From another page, too.
    page.browser.eval("location.hash = '#/figures/4'").await?;
    page.until_text("figure-position", "Step 1 of").await?;
    let (name, bytes) = &files[3];
    page.drop_file(name, bytes).await?;
    page.until_text("place", "TX slot 18").await?;
    is_there(&page, name).await?;
    page.no_complaints().await
}

#[tokio::test]
async fn drawings_of_the_lab_reopen_with_its_steps() -> Result<()> {
    let page = Page::open("#/memory?lab=1;16;c616263;s1").await?;
    page.until_text("lab-said", "S2 is a snapshot of S1").await?;
    let folder = page.downloads("reopen-lab").await?;
    for format in ["svg", "png"] {
        press(&page, ".controls", format).await?;
        let name = format!("snapstack-memory.{format}");
        let bytes = folder.saved(&name).await?;
        page.click("lab-clear").await?;
        page.until_text("lab-said", "The memory is empty").await?;
        page.drop_file(&name, &bytes).await?;
        page.until_text("lab-said", "S2 is a snapshot of S1").await?;
        wait_for("the address to be the page's", READY, async || {
            Ok((page.browser.eval("return location.hash").await? == json!("#/memory")).then_some(()))
        })
        .await?;
    }
    page.no_complaints().await
}

#[tokio::test]
async fn figures_reopen_at_their_step() -> Result<()> {
    let page = Page::open("#/figures/4?step=9").await?;
    page.until_text("figure-position", "Step 9 of 10").await?;
    let folder = page.downloads("reopen-figures").await?;
    for format in ["svg", "png"] {
        press(&page, ".controls", format).await?;
        let name = format!("snapstack-figure-4.{format}");
        let bytes = folder.saved(&name).await?;
        page.browser.eval("location.hash = '#/figures/1'").await?;
        page.until_text("figure-position", "Step 1 of").await?;
        page.drop_file(&name, &bytes).await?;
        page.until_text("figure-position", "Step 9 of 10").await?;
        ensure!(page.browser.eval("return location.hash").await? == json!("#/figures/4?step=9"));
    }
    page.no_complaints().await
}

#[tokio::test]
async fn frames_that_were_saved_reopen_as_a_capture() -> Result<()> {
    let page = Page::open("#/explore?v=2&run=web&threads=3&bytes=60000&at=123").await?;
    page.until_position("the link's moment", |at, _| at == 123).await?;
    let folder = page.downloads("reopen-frames").await?;
    page.choose_command("pcapng").await?;
    let frames = folder.saved("snapstack.pcapng").await?;
    // Section header block, in this machine's order of bytes.
    ensure!(frames.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) && frames[8..12] == 0x1a2b_3c4d_u32.to_le_bytes());
    page.browser.eval("document.documentElement.dataset.ready = 'dropping'").await?;
    page.drop_file("snapstack.pcapng", &frames).await?;
    page.until_text("capture", "snapstack.pcapng").await?;
    page.until_ready().await?;
    ensure!(page.value("run").await? == "capture");
    page.press(Key::End).await?;
    page.until_position("its end", |at, end| at == end && end > 1000).await?;
    page.no_complaints().await
}
