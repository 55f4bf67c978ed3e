//! The figures page's main path.

use anyhow::{Result, ensure};
use fantoccini::key::Key;
use serde_json::json;

use crate::fixture::Page;

#[tokio::test]
async fn a_link_leads_to_a_step_of_figure_4_and_keys_lead_on() -> Result<()> {
    let page = Page::open("#/figures/4?step=9").await?;
    page.until_text("figure-caption", "Tail is 1068, Head is 1069").await?;
    ensure!(page.text("figure-facts").await?.contains("Tail, Head1068, 1069"), "the core's own pointers");
    let notes = page.browser.eval("return document.querySelector('.erratum').textContent").await?;
    ensure!(notes.as_str().unwrap_or_default().contains("Head = 1069"), "{notes}");
    page.press(Key::Left).await?;
    page.until_text("figure-position", "Step 8 of 10").await?;
    page.press(Key::Home).await?;
    page.until_text("figure-position", "Step 1 of 10").await?;
    page.press(Key::End).await?;
    page.until_text("figure-caption", "TX interrupt").await?;
    let hash = page.browser.eval("return location.hash").await?;
    ensure!(hash == json!("#/figures/4?step=10"), "the address names the step: {hash}");
    page.no_complaints().await
}

#[tokio::test]
async fn a_figure_or_a_step_that_is_not_there_is_told() -> Result<()> {
    let page = Page::open("#/figures/99?step=-4").await?;
    let told = page.until_text("figure-missing", "no figure “99” here: this is Figure 1").await?;
    ensure!(told.contains("no step “-4”") && told.contains("this is step 1."), "{told}");
    page.press(Key::Right).await?;
    page.until_text("figure-position", "Step 2 of").await?;
    ensure!(page.text("figure-missing").await?.is_empty(), "a step on, it is no longer wrong");
    page.no_complaints().await
}

#[tokio::test]
async fn a_figure_plays_to_its_end_and_stops_there() -> Result<()> {
    let page = Page::open("#/figures/3?step=6").await?;
    page.click("figure-play").await?;
    page.until_text("figure-play", "Pause").await?;
    page.until_text("figure-position", "Step 8 of 8").await?;
    page.until_text("figure-play", "Play").await?;
    ensure!(page.text("figure").await?.contains("On the wire"), "the bytes are shown");
    page.no_complaints().await
}

#[tokio::test]
async fn every_figure_is_a_click_away_and_the_way_back_is_kept() -> Result<()> {
    let page = Page::open("#/figures").await?;
    page.until_text("figure-caption", "Memory consists of lines").await?;
    for (id, part) in
        [("figure-3", "3a"), ("figure-receive", "3.3"), ("figure-4", "segment 9000"), ("figure-1", "Memory")]
    {
        page.click(id).await?;
        page.until_text("figure-caption", part).await?;
    }
    page.browser.client().back().await?;
    page.until_text("figure-caption", "segment 9000").await?;
    page.click("figure-elsewhere").await?;
    page.until_ready().await?;
    let line = page.browser.eval("return document.getElementById('line-size').value").await?;
    ensure!(line == json!("16"), "Explore opens with the figure's lines: {line}");
    page.until_position("the figure's moment", |at, _| at == 859).await?;
    page.until_text("inspector", "Packet 6").await?;
    page.no_complaints().await
}

#[tokio::test]
async fn the_drawing_has_words_and_no_inline_styles_and_fits_a_phone() -> Result<()> {
    let page = Page::open("#/figures/receive?step=5").await?;
    page.until_text("figure-words", "the NIC owns").await?;
    let label =
        page.browser.eval("return document.getElementById('figure').getAttribute('aria-label')").await?;
    ensure!(label.as_str().unwrap_or_default().contains("step 5 of 8"), "{label}");
    let styled = page.browser.eval("return document.querySelectorAll('main [style]').length").await?;
    ensure!(styled == json!(0), "{styled} inline styles");
    let apart = "const tabs = [...document.querySelectorAll('.controls a.choice')].map((tab) => tab.getBoundingClientRect());
                 return tabs.slice(1).map((tab, i) => Math.round(tab.left - tabs[i].right))";
    let apart = page.browser.eval(apart).await?;
    ensure!(apart == json!([-1, -1, -1]), "tabs share their borders: {apart}");
    page.browser.resize(360, 640).await?;
    let fits = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth";
    snapstack_e2e::wait_for("the page to fit", snapstack_e2e::READY, async || {
        Ok((page.browser.eval(fits).await? == json!(true)).then_some(()))
    })
    .await?;
    page.no_complaints().await
}
