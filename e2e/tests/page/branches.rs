//! Changes at a moment, and the runs that they make.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use snapstack_e2e::{READY, wait_for};

use crate::fixture::Page;

/// Opens the inspector of a packet that was sent.
async fn select(page: &Page, packet: u32) -> Result<()> {
    page.browser.open(&format!("{}#/explore?v=2&at=900&packet={packet}", page.server.url())).await?;
    page.until_text("inspector", "What if").await?;
    Ok(())
}

async fn change(page: &Page, starting: &str) -> Result<String> {
    page.browser.eval("document.documentElement.dataset.ready = 'changing'").await?;
    let script = format!(
        "const b = [...document.querySelectorAll('[data-change]')].find((b) => b.dataset.change.startsWith({}));
         b.click(); return b.dataset.change",
        json!(starting)
    );
    let change = page.browser.eval(&script).await?;
    page.until_ready().await?;
    Ok(change.as_str().context("a change is offered")?.to_owned())
}

#[tokio::test]
async fn a_change_begins_a_branch_that_can_be_compared_undone_and_shared() -> Result<()> {
    let page = Page::open("").await?;
    select(&page, 30).await?;
    let flipped = change(&page, "flip:30:").await?;
    page.until_text("view-branches", "2").await?;
    let table = page.browser.eval("return document.querySelector('.branches').textContent").await?;
    let table = table.as_str().unwrap_or_default();
    ensure!(table.contains("without changes") && table.contains("flipped in"), "{table}");
    ensure!(table.contains("differs") && table.contains("identical"), "{table}");
    let there = "const link = document.querySelector('.branches tr.on button.link'); link.click(); return link.textContent";
    let there = page.browser.eval(there).await?;
    let at = there.as_str().unwrap_or_default().replace(|c: char| !c.is_ascii_digit(), "").parse::<u64>()?;
    page.until_position("where the change was made", |now, _| now == at).await?;
    page.click("share").await?;
    page.until_text("notice", "address bar").await?;
    let link = page.browser.client().current_url().await?;
    ensure!(link.as_str().contains(&flipped), "{link}");
    page.browser.eval("document.documentElement.dataset.ready = 'going'").await?;
    page.browser.eval("document.querySelector('[data-branch=\"0\"]').click()").await?;
    page.until_ready().await?;
    wait_for("the run without it to be on screen", READY, async || {
        let now = page.browser.eval("return document.querySelector('.branches tr.on').textContent").await?;
        Ok(now.as_str().unwrap_or_default().contains("without changes").then_some(()))
    })
    .await?;
    page.browser.open(link.as_str()).await?;
    page.until_text("verdict", "reproduced").await?;
    page.no_complaints().await
}

#[tokio::test]
async fn an_overwritten_buffer_and_a_lost_frame_are_seen_and_change_no_other_frame() -> Result<()> {
    let page = Page::open("").await?;
    select(&page, 30).await?;
    change(&page, "overwrite:").await?;
    let table = page.browser.eval("return document.querySelector('.branches').textContent").await?;
    ensure!(!table.as_str().unwrap_or_default().contains("differs"), "isolation: {table}");
    select(&page, 30).await?;
    change(&page, "lose:out:").await?;
    page.browser
        .eval(
            "const e = document.getElementById('jump-to'); e.selectedIndex = 2;
        e.dispatchEvent(new Event('change', { bubbles: true }));",
        )
        .await?;
    page.press(fantoccini::key::Key::Home).await?;
    page.until_position("the start", |at, _| at == 0).await?;
    page.click("next-copy").await?;
    page.until_position("the fault", |at, _| at > 0).await?;
    page.click("view-events").await?;
    page.until_text("events", "lost on the link").await?;
    page.no_complaints().await
}

/// The text of each row of the table, once they are so many and hold no more figures that are still to come than `open`.
async fn rows(page: &Page, count: usize, open: usize) -> Result<Vec<String>> {
    let script = "return [...document.querySelectorAll('.branches tbody tr')].map((row) => row.textContent)";
    wait_for(&format!("{count} rows, {open} without figures"), READY, async || {
        let rows: Vec<String> = serde_json::from_value(page.browser.eval(script).await?)?;
        let without = rows.iter().filter(|row| row.contains('…')).count();
        Ok((rows.len() == count && without == open).then_some(rows))
    })
    .await
}

#[tokio::test]
async fn a_link_s_change_has_a_name_and_the_run_without_it_is_a_click_away() -> Result<()> {
    let page = Page::open("#/explore?v=2&change=flip:40:100:snapshot&at=1400&bottom=branches").await?;
    page.until_text("notice", "This run is changed: byte 100 of packet 40 flipped in snapshot's memory")
        .await?;
    let told = rows(&page, 2, 1).await?;
    ensure!(told[0].contains("0 · without changes") && told[0].contains("run and compare"), "{told:?}");
    ensure!(
        told[1].contains("1 · byte 100 of packet 40 flipped in snapshot's memory at event 2,645"),
        "{told:?}"
    );
    page.browser.eval("document.documentElement.dataset.ready = 'going'").await?;
    page.browser.eval("document.querySelector('[data-beside=\"0\"]').click()").await?;
    page.until_ready().await?;
    let told = rows(&page, 2, 0).await?;
    ensure!(told[0].contains("identical") && told[1].contains("differs"), "{told:?}");
    page.press_text("1").await?;
    page.until_text("view-plots", "Plots").await?;
    let dashed = "return document.querySelector('.views').textContent";
    wait_for("the other run's curves", READY, async || {
        let text = page.browser.eval(dashed).await?;
        Ok(text.as_str().unwrap_or_default().contains("dashed: run 1").then_some(()))
    })
    .await?;
    page.no_complaints().await
}

#[tokio::test]
async fn after_a_reload_rows_are_run_on_request_and_undo_keeps_them() -> Result<()> {
    let page = Page::open("").await?;
    select(&page, 30).await?;
    let lost = change(&page, "lose:out:").await?;
    // What is lost cannot be lost again.
    page.browser.eval("document.getElementById('scrub').focus()").await?;
    page.follow(&format!("#/explore?v=2&at=900&packet=30&change={lost}&bottom=branches")).await?;
    page.until_text("inspector", "What if").await?;
    let offered = "return [...document.querySelectorAll('[data-change]')].map((b) => b.dataset.change)";
    let offered: Vec<String> = serde_json::from_value(page.browser.eval(offered).await?)?;
    ensure!(offered.len() == 4 && !offered.contains(&lost), "{offered:?}");
    rows(&page, 2, 0).await?;
    page.reload().await?;
    let told = rows(&page, 2, 1).await?;
    ensure!(told[0].contains("run and compare"), "{told:?}");
    page.browser.eval("document.documentElement.dataset.ready = 'going'").await?;
    page.browser.eval("document.querySelector('[data-beside=\"0\"]').click()").await?;
    page.until_ready().await?;
    rows(&page, 2, 0).await?;
    page.reload().await?;
    page.browser.eval("document.activeElement?.blur()").await?;
    page.browser.eval("document.documentElement.dataset.ready = 'going'").await?;
    page.chord("z").await?;
    page.until_ready().await?;
    let told = rows(&page, 2, 0).await?;
    ensure!(told[1].contains("packet 30 lost on the link"), "{told:?}");
    page.no_complaints().await
}
