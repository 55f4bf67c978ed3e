//! The start page's main paths.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fantoccini::key::Key;
use serde_json::{Value, json};
use snapstack_e2e::{Browser, CSP, READY, StaticServer, cli, dist, wait_for};

use crate::fixture::Page;

/// A small capture that the tests may drop: 15 sends in 42 packets.
const OTHER: &[u8] = include_bytes!("../../../core/tests/captures/a09-vlan-qinq-http.pcap");
const OTHER_PATH: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../core/tests/captures/a09-vlan-qinq-http.pcap");

impl Page {
    /// The totals on screen are those that the command line prints for the same configuration.
    async fn totals_are(&self, report: &Value) -> Result<()> {
        self.press(Key::End).await?;
        self.until_position("the end", |at, end| at == end).await?;
        let whole = async |id: &str| -> Result<f64> {
            let text = self.text(id).await?;
            let (now, all) = text.split_once(" / ").with_context(|| format!("{id}: {text:?}"))?;
            ensure!(now == all, "{id} at the end of the run: {text}");
            Ok(all.replace(',', "").parse()?)
        };
        for (side, scheme) in [("left", "sk_buff"), ("right", "snapshot")] {
            let result = &report["schemes"][scheme];
            let close =
                |found: f64, expected: &Value| (found - expected.as_f64().unwrap_or(-1.0)).abs() < 0.005_001;
            for (id, expected) in [
                ("copied", &result["copies"]["bytes"]),
                ("allocations", &result["allocations"]["count"]),
                ("map-entries", &result["map_entries"]),
                ("held", &result["dedup"]["held"]),
            ] {
                let found = whole(&format!("out-{side}-{id}")).await?;
                ensure!(
                    close(found, expected),
                    "{side} {id}: the page shows {found}, the command line {expected}"
                );
            }
        }
        let digest = self.browser.eval("return document.documentElement.dataset.digest").await?;
        let short =
            |scheme: &str| report["schemes"][scheme]["digest"].as_str().unwrap_or_default()[..16].to_owned();
        ensure!(digest == json!(short("sk_buff") + &short("snapshot")), "the digests differ: {digest}");
        Ok(())
    }
}

fn snapstack(args: &[&str]) -> Result<Value> {
    let output = Command::new(cli()?).args(["run", "--json"]).args(args).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[tokio::test]
async fn packets_move_stop_step_and_go_back() -> Result<()> {
    let page = Page::open("").await?;
    let start = page.until_position("a moment inside the run", |at, end| at > 0 && at < end).await?;
    let caption = async || Ok((!page.text("caption").await?.is_empty()).then_some(()));
    wait_for("the opening to say what it shows", READY, caption).await?;
    page.until_position("packets to move", |at, _| at > start).await?;
    page.stop().await?;
    ensure!(page.text("caption").await?.is_empty(), "any input ends the opening");
    let (paused, _) = page.position().await?;
    page.click("forward").await?;
    page.until_position("a step forward", |at, _| at == paused + 1).await?;
    let here = page.text("out-left-copied").await?;
    page.press(Key::Right).await?;
    page.until_position("a step by key", |at, _| at == paused + 2).await?;
    page.click("back").await?;
    page.until_position("a step back", |at, _| at == paused + 1).await?;
    ensure!(page.text("out-left-copied").await? == here, "back where it was, the figures are as they were");
    let seek = |to: u64| {
        format!(
            "const e = document.getElementById('scrub'); e.value = {to};
             e.dispatchEvent(new Event('input', {{ bubbles: true }}));"
        )
    };
    page.browser.eval(&seek(9000)).await?;
    page.until_position("scrubbing forward", |at, _| at == 9000).await?;
    let there = page.text("out-left-copied").await?;
    page.browser.eval(&seek(40)).await?;
    page.until_position("scrubbing back", |at, _| at == 40).await?;
    page.browser.eval(&seek(9000)).await?;
    page.until_position("scrubbing forward again", |at, _| at == 9000).await?;
    ensure!(page.text("out-left-copied").await? == there);
    page.click("next-copy").await?;
    wait_for("the next copy to be counted where it happens", READY, async || {
        Ok((page.text("out-left-copied").await? != there).then_some(()))
    })
    .await?;
    page.no_complaints().await
}

#[tokio::test]
async fn totals_are_those_of_the_command_line() -> Result<()> {
    let page = Page::open("").await?;
    page.totals_are(&snapstack(&[])?).await?;
    page.choose("line-size", "16").await?;
    page.totals_are(&snapstack(&["--line-size", "16"])?).await?;
    page.choose("retention", "overwrite").await?;
    page.choose("seed", "99").await?;
    page.totals_are(&snapstack(&["--line-size", "16", "--retention", "overwrite", "--seed", "99"])?).await?;
    page.no_complaints().await
}

#[tokio::test]
async fn a_dropped_capture_replaces_the_demo_and_a_bad_one_does_not() -> Result<()> {
    let page = Page::open("").await?;
    page.drop_file("other.pcap", OTHER).await?;
    page.until_text("capture", "other.pcap · 42 packets").await?;
    page.until_ready().await?;
    ensure!(Path::new(OTHER_PATH).exists());
    page.totals_are(&snapstack(&["--capture", OTHER_PATH])?).await?;
    let before = page.text("out-right-held").await?;
    for (name, bytes, words) in [
        ("empty.pcap", &b""[..], "zero bytes"),
        ("cut.pcap", &OTHER[..14], "cut short"),
        ("letter.txt", b"Dear all, this is a letter.", "pcapng files"),
    ] {
        page.drop_file(name, bytes).await?;
        let notice = page.until_text("notice", words).await?;
        ensure!(notice.starts_with(name), "{notice}");
        ensure!(page.text("capture").await?.starts_with("other.pcap"), "the picture that was there stays");
        ensure!(page.text("out-right-held").await? == before);
    }
    page.no_complaints().await
}

#[tokio::test]
async fn a_share_link_shows_the_same_moment_in_a_second_window() -> Result<()> {
    let page = Page::open("").await?;
    page.choose("line-size", "32").await?;
    page.browser
        .eval(
            "const e = document.getElementById('scrub'); e.value = 4321;
             e.dispatchEvent(new Event('input', { bubbles: true }));",
        )
        .await?;
    page.until_position("the moment to share", |at, _| at == 4321).await?;
    page.click("share").await?;
    page.until_text("notice", "address bar").await?;
    let moment = page.text("out-moment").await?;
    let copied = page.text("out-left-copied").await?;
    let held = page.text("out-right-held").await?;
    let link = page.browser.client().current_url().await?;
    ensure!(link.fragment().is_some_and(|fragment| fragment.contains("v=2&line=32")), "{link}");
    ensure!(link.query().is_none(), "a link travels in the fragment only: {link}");

    let second = Browser::start(1440, 900).await?;
    second.open(link.as_str()).await?;
    let second = Page { browser: second, server: StaticServer::start(&dist()?, Some(CSP))? };
    second.until_text("verdict", "reproduced").await?;
    second.until_text("out-moment", &moment).await?;
    ensure!(second.text("out-left-copied").await? == copied);
    ensure!(second.text("out-right-held").await? == held);
    let line = second.browser.eval("return document.getElementById('line-size').value").await?;
    ensure!(line == json!("32"));
    second.no_complaints().await?;
    page.no_complaints().await
}

#[tokio::test]
async fn unknown_links_are_answered_in_words() -> Result<()> {
    let page = Page::open("#/explore?v=99&line=64").await?;
    page.until_text("notice", "newer Snapstack").await?;
    for (fragment, words) in [
        ("#/explore?v=1&line=48", "16, 32 or 64"),
        ("#/nowhere", "no page at this address"),
        (
            "#/explore?v=1&line=64&name=mine.pcap&capture=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
            "drop that file",
        ),
    ] {
        page.browser.open(&format!("{}{fragment}", page.server.url())).await?;
        page.until_text("notice", words).await?;
        page.until_position("a picture all the same", |_, end| end > 0).await?;
    }
    page.no_complaints().await
}

#[tokio::test]
async fn a_packet_that_is_clicked_is_inspected() -> Result<()> {
    let page = Page::open("").await?;
    page.press(Key::End).await?;
    page.until_position("the end", |at, end| at == end).await?;
    // The newest frames stand at the left of the wire rows; the one that was sent has been copied.
    let script = "const c = document.getElementById('lane-right'), r = c.getBoundingClientRect();
        for (let y = r.height * 0.8; y < r.height * 0.9; y += 3) {
          c.dispatchEvent(new MouseEvent('click', { clientX: r.left + 75, clientY: r.top + y, bubbles: true }));
        }";
    page.browser.eval(script).await?;
    let text = page.until_text("inspector", "TCP ports").await?;
    ensure!(text.contains("on the wire"), "{text}");
    ensure!(
        text.contains("held more than once") && text.contains("copy ") && text.contains("segment map entr"),
        "{text}"
    );
    page.press(Key::Escape).await?;
    wait_for("the inspector to close", Duration::from_secs(10), async || {
        Ok(page.text("inspector").await?.is_empty().then_some(()))
    })
    .await?;
    page.no_complaints().await
}

#[tokio::test]
async fn without_motion_the_opening_is_four_stills_and_playing_cuts_once_a_second() -> Result<()> {
    let server = StaticServer::start(&dist()?, Some(CSP))?;
    let browser = Browser::start(400, 860).await?;
    let features = json!([{"name": "prefers-reduced-motion", "value": "reduce"}]);
    browser.cdp("Emulation.setEmulatedMedia", json!({ "features": features })).await?;
    browser.open(server.url()).await?;
    let page = Page { browser, server };
    let first = page.until_text("caption", "1/4").await?;
    ensure!(first.contains("Same 1,448 bytes, two stacks"), "{first}");
    let playing = page.text("play").await?;
    ensure!(playing.contains("Play"), "it waits to be started: {playing}");
    let narrow = page.browser.eval("return document.documentElement.scrollWidth <= innerWidth").await?;
    ensure!(narrow == json!(true), "nothing is wider than a narrow screen");
    // By button, by key, and back.
    let (one, _) = page.position().await?;
    page.click("still-next").await?;
    page.until_text("caption", "2/4").await?;
    let two = page.until_position("the second picture", |at, _| at > one).await?;
    page.press(Key::Right).await?;
    page.until_text("caption", "3/4").await?;
    page.until_position("the third picture", |at, _| at > two).await?;
    page.click("still-back").await?;
    page.until_text("caption", "2/4").await?;
    page.until_position("the second picture again", |at, _| at == two).await?;
    page.press(Key::Right).await?;
    page.until_text("caption", "3/4").await?;
    let three = page.until_position("the third picture again", |at, _| at > two).await?;
    page.press(Key::Right).await?;
    page.until_text("caption", "4/4").await?;
    let four = page.until_position("the last picture", |at, _| at > three).await?;
    page.press(Key::Right).await?;
    wait_for("the pictures to be over", READY, async || {
        Ok(page.text("caption").await?.is_empty().then_some(()))
    })
    .await?;
    ensure!(page.position().await?.0 == four, "it stays at the last picture");
    // Playing: every change of the position, and when it came.
    let watch = "window.cuts = []; let last = '';
         const look = (now) => { const text = document.getElementById('out-moment').textContent;
           if (text !== last) { cuts.push([now, +text.match(/event ([\\d,]+)/)[1].replaceAll(',', '')]); last = text; }
           requestAnimationFrame(look); };
         requestAnimationFrame(look);";
    page.browser.eval(watch).await?;
    page.click("play").await?;
    let cuts: Vec<(f64, u64)> = wait_for("three cuts", READY, async || {
        let cuts: Vec<(f64, u64)> = serde_json::from_value(page.browser.eval("return cuts").await?)?;
        Ok((cuts.len() >= 4).then_some(cuts))
    })
    .await?;
    for pair in cuts[1..].windows(2) {
        let (apart, events) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        ensure!(apart > 900.0 && events == 150, "{events} events in {apart} ms: {cuts:?}");
    }
    page.stop().await?;
    page.no_complaints().await
}

#[tokio::test]
async fn the_keyboard_walks_the_list_of_events_and_stays_there() -> Result<()> {
    let page = Page::open("#/explore?v=2&at=9000").await?;
    page.until_position("the link's moment", |at, _| at == 9000).await?;
    page.click("view-events").await?;
    page.until_text("events", "9000").await?;
    let row = async || {
        let script = "const row = document.activeElement.closest('#events .row');
            return row && Number(row.getAttribute('aria-rowindex'))";
        Ok::<_, anyhow::Error>(page.browser.eval(script).await?.as_u64())
    };
    // The row of the cursor, kept to be compared with: it is to be moved, not made anew.
    page.browser.eval("window.kept = document.querySelector('#events .row.on button'); kept.focus()").await?;
    ensure!(row().await? == Some(9000), "{:?}", row().await?);
    for step in 1..=80 {
        page.type_in_focus(&String::from(char::from(Key::Down))).await?;
        ensure!(row().await? == Some(9000 + step), "after {step} steps: {:?}", row().await?);
    }
    wait_for("rows far above to go", READY, async || {
        Ok((page.browser.eval("return kept.isConnected").await? == json!(false)).then_some(()))
    })
    .await?;
    for _ in 0..4 {
        page.type_in_focus(&String::from(char::from(Key::Up))).await?;
    }
    ensure!(row().await? == Some(9076), "{:?}", row().await?);
    // Scrolled away under the focus: the row stays the same as long as it is there, then the list has the focus.
    page.browser.eval("window.kept = document.activeElement; events.scrollTop += 60").await?;
    ensure!(page.browser.eval("return kept === document.activeElement").await? == json!(true));
    page.browser.eval("events.scrollTop += 4000").await?;
    wait_for("the list to take the focus of a row that is gone", READY, async || {
        let script = "return !kept.isConnected && document.activeElement.id === 'events'";
        Ok((page.browser.eval(script).await? == json!(true)).then_some(()))
    })
    .await?;
    page.no_complaints().await
}
