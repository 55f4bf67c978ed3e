//! No page, in either theme, has anything that axe-core finds to keep people from using it.

use std::fs;
use std::time::Duration;

use anyhow::{Result, ensure};
use fantoccini::key::Key;
use serde_json::{Value, json};
use snapstack_e2e::{ColorScheme, PAGES, READY, axe, wait_for};

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

/// Nothing is found on what is on screen, in either theme.
async fn usable(page: &Page, what: &str) -> Result<()> {
    for scheme in [ColorScheme::Dark, ColorScheme::Light] {
        page.browser.prefer(scheme).await?;
        let there = format!(
            "return matchMedia('(prefers-color-scheme: {})').matches && document.getAnimations().every((a) => a.playState !== 'running')",
            scheme.name()
        );
        wait_for("the theme", READY, async || {
            Ok((page.browser.eval(&there).await? == json!(true)).then_some(()))
        })
        .await?;
        let found = violations(page).await?;
        ensure!(found.is_empty(), "{what}, {}: {found:#?}", scheme.name());
    }
    Ok(())
}

/// Closes what is over the page.
async fn escape(page: &Page, id: &str) -> Result<()> {
    page.type_in_focus(&String::from(char::from(Key::Escape))).await?;
    wait_for(&format!("{id} to close"), READY, async || {
        let there = page.browser.eval(&format!("return !!document.getElementById({})", json!(id))).await?;
        Ok((there == json!(false)).then_some(()))
    })
    .await
}

#[tokio::test]
async fn palette_help_and_gallery_are_usable_by_everyone() -> Result<()> {
    let page = Page::open("").await?;
    page.stop().await?;
    page.palette().await?;
    page.until_text("palette", "Go to the end").await?;
    usable(&page, "palette").await?;
    page.type_in_focus("nothing is called so").await?;
    wait_for("no command", READY, async || {
        let rows =
            page.browser.eval("return document.querySelectorAll('#palette [role=option]').length").await?;
        Ok((rows == json!(0)).then_some(()))
    })
    .await?;
    usable(&page, "palette without a command").await?;
    escape(&page, "palette").await?;
    page.type_in_focus("?").await?;
    page.until_text("help", "What is stored").await?;
    usable(&page, "help").await?;
    escape(&page, "help").await?;
    page.click("gallery-button").await?;
    page.until_text("gallery", "Ten runs").await?;
    usable(&page, "gallery").await?;
    escape(&page, "gallery").await?;
    page.click("all-settings").await?;
    page.until_text("settings", "left lane").await?;
    usable(&page, "all settings").await
}

#[tokio::test]
async fn the_error_sheet_is_usable_by_everyone() -> Result<()> {
    let page = Page::open_with_workers("#/explore?v=2&at=1234").await?;
    page.end_worker().await?;
    page.until_text("broken", "Copy a report").await?;
    usable(&page, "error sheet").await?;
    page.browser.eval("navigator.clipboard.writeText = () => Promise.reject()").await?;
    page.browser.eval("document.getElementById('report').click()").await?;
    page.until_text("reported", "from here").await?;
    usable(&page, "error sheet with a report").await?;
    let focus = page.browser.eval("return document.activeElement.id").await?;
    ensure!(focus == json!("restart"), "the way on has the focus: {focus}");
    Ok(())
}

#[tokio::test]
async fn the_inspector_of_every_kind_of_selection_is_usable_by_everyone() -> Result<()> {
    let page = Page::open("").await?;
    let places = ["left:tx:18", "right:tx:18", "left:rx:3", "right:rx:3", "left:socket:3", "right:socket:3"];
    let places = places.map(|place| (format!("&at=1700&place={place}"), "place", "lane"));
    let packets = [
        ("&at=9000&packet=200".to_owned(), "inspector", "TCP ports"),
        // One that arrived, one without payload, and one that is dropped or lost.
        ("&at=9000&packet=0".to_owned(), "inspector", "arrived"),
        ("&run=request&threads=2&bytes=20000&at=900&packet=3".to_owned(), "inspector", "Payloadnone"),
        ("&at=9000&packet=40&change=lose:out:40".to_owned(), "inspector", "Packet 40"),
    ];
    for (fields, id, part) in packets.into_iter().chain(places) {
        page.follow(&format!("#/explore?v=2{fields}")).await?;
        page.until_text(id, part).await?;
        usable(&page, &fields).await?;
    }
    page.follow("#/explore?v=2&at=9000&packet=200").await?;
    page.until_text("inspector", "TCP flags").await?;
    page.browser.eval("document.querySelector('#inspector .lines button.line').click()").await?;
    page.until_text("line", "held, right lane").await?;
    page.press_text("t").await?;
    page.until_text("place", "TX slot").await?;
    usable(&page, "line, slot and packet at once").await
}

#[tokio::test]
async fn the_sheet_of_lines_is_usable_by_everyone() -> Result<()> {
    let page = Page::open("#/explore?v=2&at=9000&packet=200&mark=3000").await?;
    page.until_text("inspector", "TCP flags").await?;
    page.click("show-dag").await?;
    page.until_text("lines", "Lines of packet").await?;
    usable(&page, "lines of a packet").await?;
    page.click("lines-all").await?;
    page.until_text("lines", "Lines of all segments").await?;
    usable(&page, "lines of all segments").await?;
    page.type_in_focus(&String::from(char::from(Key::Escape))).await?;
    page.until_text("inspector", "TCP flags").await?;
    page.browser.eval("document.querySelector('#inspector .lines button.line').click()").await?;
    page.until_text("line", "held, right lane").await?;
    page.click("line-dag").await?;
    page.until_text("why", "reference").await?;
    usable(&page, "why a line is alive").await
}

#[tokio::test]
async fn every_tab_under_the_time_bar_is_usable_by_everyone() -> Result<()> {
    let page = Page::open("").await?;
    let tabs = [
        ("#/explore?v=2&at=9000&range=100-9000&axis=time", "range-0", "+"),
        ("#/explore?v=2&at=9000&bottom=events&filter=tcp", "events", "packet"),
        ("#/explore?v=2&at=9000&bottom=ledger", "ledger-sum", "= plot"),
        ("#/explore?v=2&at=9000&bottom=branches", "view-branches", "Branches"),
    ];
    for (link, id, part) in tabs {
        page.follow(link).await?;
        page.until_text(id, part).await?;
        usable(&page, link).await?;
    }
    page.command("use 8 slots").await?;
    page.until_text("view-branches", "2").await?;
    wait_for("both runs", READY, async || {
        let rows = page.browser.eval("return document.querySelectorAll('.branches tbody tr').length").await?;
        Ok((rows == json!(2)).then_some(()))
    })
    .await?;
    usable(&page, "two branches").await
}
