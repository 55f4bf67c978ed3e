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
    ensure!(table.contains("first run") && table.contains("flip byte"), "{table}");
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
    wait_for("the first run to be on screen", READY, async || {
        let now = page.browser.eval("return document.querySelector('.branches tr.on').textContent").await?;
        Ok(now.as_str().unwrap_or_default().contains("first run").then_some(()))
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
