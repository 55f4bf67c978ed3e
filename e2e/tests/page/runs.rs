//! Workloads of two hosts, the way up, the lists under the time bar, and lines of memory.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fantoccini::key::Key;
use serde_json::{Value, json};
use snapstack_e2e::{READY, wait_for};

use crate::fixture::Page;

#[tokio::test]
async fn every_workload_runs_in_lockstep_and_is_reproduced_from_its_link() -> Result<()> {
    let page = Page::open("").await?;
    for workload in ["web", "bulk", "request", "fanout", "overwriter"] {
        page.browser
            .open(&format!(
                "{}#/explore?v=2&run={workload}&threads=3&bytes=60000&message=8192",
                page.server.url()
            ))
            .await?;
        page.press(Key::End).await?;
        page.until_position("the end", |at, end| at == end && end > 500).await?;
        let copied = page.text("out-left-copied").await?;
        ensure!(!copied.starts_with("0 "), "{workload}: {copied}");
        ensure!(page.text("out-right-copied").await? == "0 / 0", "{workload}");
        page.click("share").await?;
        page.until_text("notice", "address bar").await?;
        page.dismiss().await?;
        let link = page.browser.client().current_url().await?;
        page.browser.open(link.as_str()).await?;
        page.until_text("verdict", "reproduced").await?;
    }
    page.no_complaints().await
}

#[tokio::test]
async fn the_list_of_events_and_the_picture_select_the_same() -> Result<()> {
    let page = Page::open("").await?;
    page.stop().await?;
    page.click("view-events").await?;
    wait_for("rows", READY, async || {
        let rows = page.browser.eval("return document.querySelectorAll('#events .row').length").await?;
        Ok((rows.as_u64() > Some(5)).then_some(()))
    })
    .await?;
    let all = page.browser.eval("return document.querySelectorAll('#events .row').length").await?;
    ensure!(all.as_u64() < Some(60), "only what is seen is drawn: {all}");
    let filter = "const e = document.getElementById('event-filter'); e.selectedIndex = 2;
                  e.dispatchEvent(new Event('change', { bubbles: true }));";
    page.browser.eval(filter).await?;
    wait_for("copies only", READY, async || {
        let text = page.text("events").await?;
        Ok((text.contains("user_to_kernel") && !text.contains("IP header")).then_some(()))
    })
    .await?;
    page.browser.eval("document.querySelectorAll('#events .row button')[4].click()").await?;
    let at = page
        .browser
        .eval("return +document.querySelector('#events .row[aria-current] button').textContent")
        .await?;
    let at = at.as_u64().context("a row is current")?;
    page.until_position("the copy's moment", |here, _| here == at).await?;
    page.click("view-byte").await?;
    let sum = page.until_text("ledger-sum", "= plot").await?;
    let copied = page.text("out-left-copied").await?;
    ensure!(sum.contains(&copied), "the entries' sum {sum} is the lane's figure {copied}");
    ensure!(!sum.contains('≠'), "{sum}");
    page.no_complaints().await
}

/// Where the demo's packet of the first page lies in the TX ring.
async fn to_the_ring(page: &Page) -> Result<u64> {
    page.click("view-events").await?;
    let script = "const rows = [...document.querySelectorAll('#events .row')];
        const row = rows.find((r) => r.textContent.includes('doorbell'));
        if (row) row.querySelector('button').click();
        return row ? +row.querySelector('button').textContent : null";
    let at = wait_for("a doorbell in sight", READY, async || {
        let at = page.browser.eval(script).await?;
        if at == Value::Null {
            page.browser.eval("document.getElementById('events').scrollTop += 100").await?;
        }
        Ok(at.as_u64())
    })
    .await?;
    page.until_position("the doorbell", |here, _| here == at).await?;
    Ok(at)
}

#[tokio::test]
async fn a_packets_lines_are_drawn_and_say_why_they_are_alive() -> Result<()> {
    let page = Page::open("").await?;
    page.stop().await?;
    to_the_ring(&page).await?;
    page.until_text("inspector", "Show its segment").await?;
    page.click("show-dag").await?;
    page.until_text("lines", "Lines of packet").await?;
    let why = page.until_text("why", "reference").await?;
    ensure!(why.contains("TX slot") && why.contains("Bytes"), "{why}");
    page.click("history").await?;
    let counted = page.until_text("why", "changes").await?;
    ensure!(!counted.contains("at most 0"), "the root is referred to while the slot holds it: {counted}");
    page.click("lines-all").await?;
    let all = page.until_text("lines", "Lines of all segments").await?;
    ensure!(all.contains("At the cursor now"), "{all}");
    page.browser.resize(400, 800).await?;
    let header = "return document.querySelector('#lines > header').offsetHeight <= 84";
    wait_for("a header of two rows on a phone", READY, async || {
        Ok((page.browser.eval(header).await? == json!(true)).then_some(()))
    })
    .await?;
    page.press(Key::Escape).await?;
    wait_for("the sheet to close", Duration::from_secs(10), async || {
        Ok(page.text("lines").await?.is_empty().then_some(()))
    })
    .await?;
    page.no_complaints().await
}

#[tokio::test]
async fn the_gallerys_links_lead_to_what_they_say() -> Result<()> {
    let page = Page::open("").await?;
    page.click("gallery-button").await?;
    page.until_text("gallery", "Ten runs").await?;
    let links = page
        .browser
        .eval("return [...document.querySelectorAll('#gallery .cards a')].map((a) => a.hash)")
        .await?;
    let links: Vec<String> = serde_json::from_value(links)?;
    ensure!(links.len() == 10, "{links:?}");
    for link in &links {
        page.browser.open(&format!("{}{link}", page.server.url())).await?;
        page.until_text("verdict", "reproduced").await?;
    }
    page.no_complaints().await
}

#[tokio::test]
async fn a_file_that_was_saved_here_opens_again() -> Result<()> {
    let page = Page::open("").await?;
    page.stop().await?;
    let csv = b"# Snapstack: Bytes copied (B)\n# demo\n# #/explore?v=2&line=16&at=321\nevent,time_ns\n";
    page.drop_file("snapstack-copies.csv", csv).await?;
    page.until_position("the file's moment", |at, _| at == 321).await?;
    let line = page.browser.eval("return document.getElementById('line-size').value").await?;
    ensure!(line == json!("16"));
    page.no_complaints().await
}

#[tokio::test]
async fn a_dropped_capture_is_there_after_a_reload() -> Result<()> {
    let other = include_bytes!("../../../core/tests/captures/a09-vlan-qinq-http.pcap");
    let page = Page::open("").await?;
    page.drop_file("other.pcap", other).await?;
    page.until_text("capture", "other.pcap").await?;
    page.until_ready().await?;
    wait_for("the capture to be kept", READY, async || {
        let kept = page.browser.eval("return localStorage.getItem('snapstack-capture')").await?;
        Ok((kept.as_str().is_some_and(|kept| kept.ends_with(" other.pcap"))).then_some(()))
    })
    .await?;
    page.press(Key::End).await?;
    page.until_position("the end", |at, end| at == end).await?;
    page.reload().await?;
    page.until_text("capture", "other.pcap · 42 packets").await?;
    page.until_position("the same moment", |at, end| at == end && end > 0).await?;
    // What is no capture does not take its place.
    page.drop_file("letter.txt", b"Dear all, this is a letter.").await?;
    page.until_text("notice", "pcapng files").await?;
    page.reload().await?;
    page.until_text("capture", "other.pcap · 42 packets").await?;
    // Undo leads back to the demo, and redo to the file again.
    page.command("load the demo").await?;
    page.until_text("capture", "demo-web.pcap").await?;
    for (key, name) in [("z", "other.pcap"), ("y", "demo-web.pcap"), ("z", "other.pcap")] {
        page.browser.eval("document.documentElement.dataset.ready = 'going'").await?;
        page.chord(key).await?;
        page.until_ready().await?;
        page.until_text("capture", name).await?;
    }
    page.no_complaints().await
}

#[tokio::test]
async fn a_refused_file_leaves_packets_to_be_inspected() -> Result<()> {
    let page = Page::open("#/explore?v=2&at=900").await?;
    page.drop_file("letter.txt", b"Dear all, this is a letter.").await?;
    page.until_text("notice", "pcapng files").await?;
    page.dismiss().await?;
    page.follow("#/explore?v=2&at=900&packet=30").await?;
    page.until_text("inspector", " ports").await?;
    page.drop_file("letter.txt", b"Dear all, this is a letter.").await?;
    page.until_text("notice", "pcapng files").await?;
    page.click("show-dag").await?;
    page.until_text("lines", "Lines of packet 30").await?;
    page.no_complaints().await
}

#[tokio::test]
async fn a_capture_dropped_on_another_page_is_shown_on_the_start_page() -> Result<()> {
    let page = Page::open("#/memory").await?;
    page.drop_file("other.pcap", include_bytes!("../../../core/tests/captures/a09-vlan-qinq-http.pcap"))
        .await?;
    page.until_text("capture", "other.pcap · 42 packets").await?;
    page.until_ready().await?;
    page.until_position("its run", |_, end| end > 0).await?;
    page.no_complaints().await
}

#[tokio::test]
async fn a_link_that_comes_out_otherwise_or_is_of_another_model_is_told_so() -> Result<()> {
    let page = Page::open("#/explore?v=2&at=300").await?;
    page.click("share").await?;
    page.until_text("notice", "address bar").await?;
    let link = page.browser.client().current_url().await?.to_string();
    let (start, digest) = link.split_once("&digest=").context("a digest in the link")?;
    let (rest, _) = start.split_once("&model=").context("a model in the link")?;
    page.browser.open(&link).await?;
    page.until_text("verdict", "reproduced").await?;
    let other: String = digest.chars().rev().collect();
    page.browser.open(&format!("{start}&digest={other}")).await?;
    page.until_text("verdict", "diverged").await?;
    page.browser.open(&format!("{rest}&model=1&digest={digest}")).await?;
    page.until_text("verdict", "made by model 1").await?;
    page.no_complaints().await
}

#[tokio::test]
async fn all_frames_are_saved_as_a_capture() -> Result<()> {
    let page = Page::open("").await?;
    page.stop().await?;
    let catch = "window.saved = null; const plain = URL.createObjectURL;
        URL.createObjectURL = (blob) => { blob.arrayBuffer().then((b) => { window.saved = [...new Uint8Array(b)]; }); return plain(blob); };";
    page.browser.eval(catch).await?;
    page.palette().await?;
    page.type_in_focus(&format!("save all frames{}", char::from(Key::Enter))).await?;
    let saved = wait_for("the file", READY, async || {
        let saved = page.browser.eval("return window.saved").await?;
        Ok((!saved.is_null()).then_some(saved))
    })
    .await?;
    let saved: Vec<u8> = serde_json::from_value(saved)?;
    ensure!(saved.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]), "it is a pcapng file");
    // And it is opened again as any capture is.
    page.drop_file("again.pcapng", &saved).await?;
    page.until_text("capture", "again.pcapng").await?;
    page.until_ready().await?;
    page.no_complaints().await
}
