//! No page, in either theme, has anything that axe-core finds to keep people from using it.

use std::fs;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use snapstack_e2e::{ColorScheme, PAGES, axe, wait_for};

use crate::fixture::Page;

/// What axe-core finds on what is on screen, each rule with the elements that break it.
async fn violations(page: &Page) -> Result<Vec<String>> {
    // By WebDriver, which the page's policy does not hold for; the page itself never loads it.
    page.browser.eval(&fs::read_to_string(axe()?)?).await?;
    let run = "delete document.documentElement.dataset.axe;
        const brief = (v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join(' | ')}`;
        axe.run().then((r) => { document.documentElement.dataset.axe = JSON.stringify(r.violations.map(brief)); });";
    page.browser.eval(run).await?;
    let found = wait_for("axe-core", Duration::from_secs(60), async || {
        let found =
            page.browser.eval("return JSON.parse(document.documentElement.dataset.axe ?? 'null')").await?;
        Ok((found != Value::Null).then_some(found))
    })
    .await?;
    Ok(serde_json::from_value(found)?)
}

#[tokio::test]
async fn every_page_is_usable_by_everyone_in_both_themes() -> Result<()> {
    let page = Page::open("").await?;
    for fragment in PAGES {
        for scheme in [ColorScheme::Light, ColorScheme::Dark] {
            page.browser.prefer(scheme).await?;
            page.browser.open(&format!("{}{fragment}", page.server.url())).await?;
            let found = violations(&page).await?;
            ensure!(found.is_empty(), "{fragment}, {}: {found:#?}", scheme.name());
        }
    }
    Ok(())
}

#[tokio::test]
async fn sheets_and_the_inspector_are_usable_by_everyone() -> Result<()> {
    let page = Page::open("").await?;
    page.stop().await?;
    page.palette().await?;
    page.until_text("palette", "Go to the end").await?;
    let found = violations(&page).await?;
    ensure!(found.is_empty(), "palette: {found:#?}");
    page.type_in_focus(&format!("help{}", char::from(fantoccini::key::Key::Enter))).await?;
    page.until_text("help", "What is stored").await?;
    let found = violations(&page).await?;
    ensure!(found.is_empty(), "help: {found:#?}");
    page.type_in_focus(&String::from(char::from(fantoccini::key::Key::Escape))).await?;
    let seek = json!("#/explore?v=1&at=9000&packet=200");
    page.browser.eval(&format!("location.hash = {seek}")).await?;
    page.until_text("inspector", "TCP ports").await?;
    let found = violations(&page).await?;
    ensure!(found.is_empty(), "inspector: {found:#?}");
    page.click("show-dag").await?;
    page.until_text("lines", "Lines of packet").await?;
    let found = violations(&page).await?;
    ensure!(found.is_empty(), "lines: {found:#?}");
    page.type_in_focus(&String::from(char::from(fantoccini::key::Key::Escape))).await?;
    page.click("gallery-button").await?;
    page.until_text("gallery", "Ten runs").await?;
    let found = violations(&page).await?;
    ensure!(found.is_empty(), "gallery: {found:#?}");
    Ok(())
}
