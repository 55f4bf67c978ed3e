//! The packet filter.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fantoccini::Locator;
use fantoccini::key::Key;
use serde_json::json;
use snapstack_e2e::{Browser, CSP, READY, StaticServer, dist, wait_for};

use crate::fixture::Page;

impl Page {
    /// Types a filter in place of what is there, and leaves it.
    async fn filter(&self, text: &str) -> Result<()> {
        let field = self.browser.client().find(Locator::Id("packet-filter")).await?;
        // To clear the field by itself would be a filter of its own: it leaves the field.
        let [control, up, back, enter] =
            [Key::Control, Key::Null, Key::Backspace, Key::Enter].map(char::from);
        field.send_keys(&format!("{control}a{up}{back}{text}{enter}")).await?;
        Ok(())
    }

    /// How many packets pass, of how many.
    async fn passing(&self) -> Result<(u64, u64)> {
        let text = self.text("out-passing").await?;
        let numbers = text.strip_suffix(" pass").and_then(|numbers| numbers.split_once(" of "));
        let (some, all) = numbers.with_context(|| format!("no counts in {text:?}"))?;
        Ok((some.replace(',', "").parse()?, all.replace(',', "").parse()?))
    }

    async fn lane(&self) -> Result<serde_json::Value> {
        self.browser.eval("return document.getElementById('lane-right').toDataURL()").await
    }
}

#[tokio::test]
async fn lanes_steps_jumps_list_and_link_go_by_the_packet_filter() -> Result<()> {
    let page = Page::open("#/explore?v=2&at=9000").await?;
    page.until_position("the link's moment", |at, _| at == 9000).await?;
    let before = page.lane().await?;
    page.filter("thread 3 len > 1000").await?;
    page.until_text("out-passing", "pass").await?;
    let (some, all) = page.passing().await?;
    ensure!(0 < some && some < all / 2, "{some} of {all}");
    wait_for("other packets to be faint", READY, async || Ok((page.lane().await? != before).then_some(())))
        .await?;
    // What is wrong is answered with what is understood, and the last filter stays.
    page.filter("thred 3").await?;
    let said = page.until_text("notice", "thred").await?;
    ensure!(said.contains("len > 1000") && said.contains("port 443"), "{said}");
    let wrong = "return document.getElementById('packet-filter').getAttribute('aria-invalid')";
    ensure!(page.browser.eval(wrong).await? == json!("true"));
    // Of one packet: the list is its events, a step by packet finds it once, a jump finds its copy.
    page.filter("packet 300").await?;
    page.until_text("out-passing", "1 of ").await?;
    ensure!(page.text("notice").await?.is_empty(), "the answer goes with what it was about");
    page.press(Key::Home).await?;
    page.until_position("the start", |at, _| at == 0).await?;
    page.click("view-events").await?;
    let rows =
        "return [...document.querySelectorAll('#events .row')].map((row) => row.children[3].textContent)";
    let listed = wait_for("its events", READY, async || {
        let rows: Vec<String> = serde_json::from_value(page.browser.eval(rows).await?)?;
        Ok(rows.iter().any(|packet| packet == "packet 300").then_some(rows))
    })
    .await?;
    ensure!(
        listed.len() < 100 && listed.iter().all(|packet| ["", "packet 300"].contains(&packet.as_str())),
        "{listed:?}"
    );
    let unit = "const e = document.getElementById('unit'); e.value = 'packet'; e.dispatchEvent(new Event('change', { bubbles: true }));";
    page.browser.eval(unit).await?;
    page.press(Key::Right).await?;
    let found = page.until_position("the packet", |at, end| at > 0 && at < end).await?;
    page.press(Key::Right).await?;
    page.until_text("notice", "No packet after this moment passes the filter").await?;
    ensure!(page.position().await?.0 == found, "it stays");
    page.filter("out len > 1000").await?;
    wait_for("more packets to pass", READY, async || Ok((page.passing().await?.0 > 1).then_some(()))).await?;
    page.press(Key::Home).await?;
    page.until_position("the start again", |at, _| at == 0).await?;
    page.press_text("c").await?;
    let copy = page.until_position("the first copy of a long packet", |at, _| at > 0).await?;
    page.filter("").await?;
    wait_for("no filter", Duration::from_secs(10), async || {
        Ok(page.text("out-passing").await?.is_empty().then_some(()))
    })
    .await?;
    page.press(Key::Home).await?;
    page.until_position("the start without a filter", |at, _| at == 0).await?;
    page.press_text("c").await?;
    page.until_position("an earlier copy", |at, _| at > 0 && at < copy).await?;
    // A link brings it along.
    page.press_text("/").await?;
    wait_for("the field to have the focus", READY, async || {
        let id = page.browser.eval("return document.activeElement.id").await?;
        Ok((id == json!("packet-filter")).then_some(()))
    })
    .await?;
    page.type_in_focus(&format!("thread 3{}", char::from(Key::Enter))).await?;
    page.until_text("out-passing", " of ").await?;
    let here = page.passing().await?;
    page.browser.eval("document.activeElement.blur(); document.querySelector('#share').click()").await?;
    page.until_text("notice", "The link to this moment").await?;
    let link = page.browser.eval("return location.href").await?;
    let link = link.as_str().context("no address")?;
    ensure!(link.contains("&filter=thread%203&"), "{link}");
    page.browser.open(link).await?;
    page.until_text("out-passing", " of ").await?;
    ensure!(page.passing().await? == here);
    let field = page.browser.eval("return document.getElementById('packet-filter').value").await?;
    ensure!(field == json!("thread 3"), "{field}");
    page.no_complaints().await
}

#[tokio::test]
async fn a_filter_takes_effect_on_what_has_come_of_a_run_that_goes_on() -> Result<()> {
    let server = StaticServer::start(&dist()?, Some(CSP))?;
    let browser = Browser::start(1440, 900).await?;
    let long = "#/explore?v=2&run=bulk&threads=500&bytes=262144&filter=port%2010007";
    browser.client().goto(&format!("{}{long}", server.url())).await?;
    let page = Page { browser, server };
    // In one look: it is said, and the run goes on.
    let said =
        "return document.getElementById('work') ? document.getElementById('out-passing').textContent : ''";
    let passing = async || -> Result<String> {
        Ok(page.browser.eval(said).await?.as_str().unwrap_or_default().to_owned())
    };
    let first = wait_for("packets to pass while the run goes on", READY, async || {
        let text: String = passing().await?;
        Ok((text.ends_with(" pass") && !text.starts_with("0 of")).then_some(text))
    })
    .await?;
    wait_for("more to pass", READY, async || {
        let text: String = passing().await?;
        Ok((!text.is_empty() && text != first).then_some(()))
    })
    .await?;
    page.browser.eval("document.getElementById('cancel').click()").await?;
    page.until_text("notice", "The run was cancelled").await?;
    let (some, all) = page.passing().await?;
    ensure!(0 < some && 4 * some < all, "of one of many clients {some} of {all}");
    page.no_complaints().await
}

#[tokio::test]
async fn undo_brings_the_filter_before_back_and_the_field_keeps_its_own_undo() -> Result<()> {
    let page = Page::open("#/explore?v=2&at=9000").await?;
    page.until_position("the link's moment", |at, _| at == 9000).await?;
    let until = async |text: &str| {
        wait_for(&format!("the filter {text:?}"), READY, async || {
            Ok((page.value("packet-filter").await? == text).then_some(()))
        })
        .await
    };
    page.filter("thread 3").await?;
    page.until_text("out-passing", " of ").await?;
    let three = page.passing().await?;
    page.filter("thread 3 len > 1000").await?;
    wait_for("fewer packets to pass", READY, async || Ok((page.passing().await?.0 < three.0).then_some(())))
        .await?;
    // In the field, what was typed last goes, and nothing else.
    let (home, end) = (char::from(Key::Home), char::from(Key::End));
    // What is typed after the caret has moved is undone by itself.
    page.type_in_focus(&format!("{home}{end} udp")).await?;
    until("thread 3 len > 1000 udp").await?;
    page.chord("z").await?;
    until("thread 3 len > 1000").await?;
    page.browser.eval("document.activeElement.blur()").await?;
    page.chord("z").await?;
    until("thread 3").await?;
    wait_for("the packets of before to pass", READY, async || {
        Ok((page.passing().await? == three).then_some(()))
    })
    .await?;
    ensure!(page.position().await?.0 == 9000, "the moment stays");
    page.click("undo").await?;
    until("").await?;
    wait_for("all packets to pass", READY, async || {
        Ok(page.text("out-passing").await?.is_empty().then_some(()))
    })
    .await?;
    page.chord("y").await?;
    until("thread 3").await?;
    // A configuration in between is undone in its turn.
    page.choose("line-size", "16").await?;
    page.filter("udp").await?;
    page.browser.eval("document.activeElement.blur()").await?;
    page.chord("z").await?;
    until("thread 3").await?;
    ensure!(page.value("line-size").await? == "16");
    page.browser.eval("document.documentElement.dataset.ready = 'going'").await?;
    page.chord("z").await?;
    page.until_ready().await?;
    ensure!(page.value("line-size").await? == "64");
    until("thread 3").await?;
    // The next visit has the steps, too.
    page.reload().await?;
    until("thread 3").await?;
    page.chord("z").await?;
    until("").await?;
    page.no_complaints().await
}
