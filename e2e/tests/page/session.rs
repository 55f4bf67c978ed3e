//! Commands, undo, and what is kept between visits.

use std::time::Duration;

use anyhow::{Result, ensure};
use fantoccini::key::Key;
use serde_json::json;
use snapstack_e2e::wait_for;

use crate::fixture::Page;

async fn until_gone(page: &Page, id: &str) -> Result<()> {
    wait_for(&format!("{id} to go"), Duration::from_secs(10), async || {
        let there = page.browser.eval(&format!("return !!document.getElementById({})", json!(id))).await?;
        Ok((there == json!(false)).then_some(()))
    })
    .await
}

#[tokio::test]
async fn the_palette_does_what_is_typed_and_help_tells_the_keys() -> Result<()> {
    let page = Page::open("").await?;
    page.stop().await?;
    page.palette().await?;
    page.until_text("palette", "Go to the end").await?;
    page.type_in_focus(&format!("go to the end{}", char::from(Key::Enter))).await?;
    page.until_position("the end", |at, end| at == end).await?;
    until_gone(&page, "palette").await?;
    page.type_in_focus("?").await?;
    let help = page.until_text("help", "Keys on this page").await?;
    for part in ["Step forward", "PLID", "Physical line ID", "In this browser only"] {
        ensure!(help.contains(part), "{part} in {help}");
    }
    page.type_in_focus(&String::from(char::from(Key::Escape))).await?;
    until_gone(&page, "help").await?;
    page.no_complaints().await
}

#[tokio::test]
async fn what_is_selected_stays_so_with_other_settings_of_the_same_traffic() -> Result<()> {
    let page = Page::open("#/explore?v=2&at=1700&packet=22&place=right:tx:18").await?;
    page.until_text("place", "TX slot 18").await?;
    for (field, value) in [("line-size", "16"), ("retention", "free"), ("line-size", "32")] {
        page.choose(field, value).await?;
        let told = page.until_text("inspector", "TCP ports").await?;
        ensure!(told.contains("Packet 22"), "{told}");
        page.until_text("place", "TX slot 18").await?;
    }
    // Of other traffic nothing is.
    page.choose("run", "bulk").await?;
    until_gone(&page, "inspector").await?;
    // There packets are others with each way to cut them.
    page.follow("#/explore?v=2&run=bulk&threads=2&bytes=200000&at=1500&packet=60").await?;
    let before = page.until_text("inspector", "TCP ports").await?;
    ensure!(before.contains("Packet 60"), "{before}");
    page.click("all-settings").await?;
    page.choose("tso", "32768").await?;
    let after = page.until_text("inspector", "TCP ports").await?;
    ensure!(!after.contains("Packet 60"), "it is part of another one: {after}");
    page.no_complaints().await
}

#[tokio::test]
async fn configurations_are_undone_and_redone_by_keys() -> Result<()> {
    let page = Page::open("").await?;
    page.choose("line-size", "16").await?;
    page.choose("retention", "free").await?;
    page.browser.eval("document.activeElement?.blur()").await?;
    let until = async |line: &str, retention: &str| {
        wait_for("the configuration", Duration::from_secs(20), async || {
            let found = (page.value("line-size").await?, page.value("retention").await?);
            Ok((found == (line.to_owned(), retention.to_owned())).then_some(()))
        })
        .await
    };
    page.chord("z").await?;
    until("16", "keep").await?;
    page.chord("z").await?;
    until("64", "keep").await?;
    page.chord("y").await?;
    until("16", "keep").await?;
    page.until_ready().await?;
    page.no_complaints().await
}

#[tokio::test]
async fn a_reload_goes_on_where_it_was_and_forgetting_starts_anew() -> Result<()> {
    let page = Page::open("").await?;
    page.choose("line-size", "16").await?;
    page.scrub(777).await?;
    page.reload().await?;
    page.until_position("the moment after a reload", |at, _| at == 777).await?;
    page.browser.open(page.server.url()).await?;
    page.until_position("the moment again", |at, _| at == 777).await?;
    ensure!(page.value("line-size").await? == "16");
    ensure!(page.text("caption").await?.is_empty(), "the opening is for the first visit");
    page.browser.open(&format!("{}#/memory", page.server.url())).await?;
    page.click("lab-clear").await?;
    page.until_text("lab-said", "The memory is empty").await?;
    page.browser.open(&format!("{}#/memory", page.server.url())).await?;
    page.until_text("lab-said", "The memory is empty").await?;
    page.type_in_focus("?").await?;
    page.until_text("help", "What is stored").await?;
    page.click("forget").await?;
    page.until_text("notice", "Nothing of the explorer is stored").await?;
    let kept = page.browser.eval("return localStorage.length").await?;
    ensure!(kept == json!(0), "{kept}");
    page.browser.open(page.server.url()).await?;
    ensure!(page.value("line-size").await? == "64");
    page.no_complaints().await
}

#[tokio::test]
async fn a_reload_keeps_what_was_done_since_a_link_was_opened() -> Result<()> {
    let page = Page::open("#/explore?v=2&line=32&at=1234").await?;
    page.scrub(777).await?;
    page.reload().await?;
    page.until_position("the moment, not the link's", |at, _| at == 777).await?;
    let hash = async || page.browser.eval("return location.hash").await;
    ensure!(hash().await? == json!("#/explore?v=2&line=32&at=1234"));
    // Another run is not what the address says any more.
    page.choose("retention", "free").await?;
    ensure!(hash().await? == json!("#/explore"), "{}", hash().await?);
    page.command("use 8 slots").await?;
    page.until_text("view-branches", "2").await?;
    page.click("view-branches").await?;
    page.reload().await?;
    page.until_text("view-branches", "2").await?;
    let table = page.browser.eval("return document.querySelector('.branches').textContent").await?;
    ensure!(table.as_str().unwrap_or_default().contains("8 slots in use"), "{table}");
    page.browser.eval("document.activeElement?.blur()").await?;
    for retention in ["free", "keep"] {
        page.browser.eval("document.documentElement.dataset.ready = 'going'").await?;
        page.chord("z").await?;
        page.until_ready().await?;
        ensure!(page.value("retention").await? == retention);
    }
    ensure!(page.value("line-size").await? == "32");
    // Opened anew, a link is that link.
    page.browser.open(&format!("{}#/explore?v=2&line=32&at=1234", page.server.url())).await?;
    page.until_position("the link's moment", |at, _| at == 1234).await?;
    page.no_complaints().await
}

#[tokio::test]
async fn the_link_in_the_address_can_be_gone_to_again() -> Result<()> {
    let page = Page::open("").await?;
    page.click("gallery-button").await?;
    page.click("gallery-copies").await?;
    page.until_text("verdict", "reproduced").await?;
    page.scrub(9000).await?;
    page.click("gallery-button").await?;
    page.click("gallery-copies").await?;
    page.until_position("its moment again", |at, _| at == 844).await?;
    page.no_complaints().await
}
