//! The worker dies, and everything goes on.

use anyhow::{Context, Result, ensure};
use fantoccini::key::Key;
use serde_json::json;
use snapstack_e2e::{Browser, CSP, READY, StaticServer, dist, wait_for};

use crate::fixture::Page;

/// A small capture.
const OTHER: &[u8] = include_bytes!("../../../core/tests/captures/a09-vlan-qinq-http.pcap");

async fn restart(page: &Page) -> Result<()> {
    page.browser.eval("document.documentElement.dataset.ready = 'dead'").await?;
    page.click("restart").await?;
    page.until_ready().await
}

#[tokio::test]
async fn a_worker_that_dies_is_told_and_started_again_at_the_same_moment() -> Result<()> {
    let page = Page::open_with_workers("#/explore?v=2&line=16&at=1234").await?;
    // Who does not see the picture hears of the moment, in the same digits.
    page.until_text("out-live", "Event 1,234, ").await?;
    let copied = page.text("out-left-copied").await?;
    page.end_worker().await?;
    let notice = page.text("broken").await?;
    ensure!(notice.contains("out of memory") && notice.contains("nothing that you set is lost"), "{notice}");
    ensure!(page.text("out-left-copied").await? == copied, "the picture stays");
    // It is told what becomes of a report, where the browser has a clipboard and where it has none.
    let clipboard = "navigator.clipboard.writeText = (text) => { window.report = text; return Promise";
    page.browser.eval(&format!("{clipboard}.resolve(); }}")).await?;
    page.click("report").await?;
    page.until_text("reported", "on the clipboard").await?;
    let report = page.browser.eval("return window.report").await?;
    let report = report.as_str().unwrap_or_default();
    ensure!(report.contains("line=16") && report.contains("out of memory"), "{report}");
    page.browser.eval(&format!("{clipboard}.reject(); }}")).await?;
    page.click("report").await?;
    page.until_text("reported", "from here").await?;
    let shown = page.browser.eval("return document.querySelector('#broken textarea').value").await?;
    ensure!(shown == json!(report), "{shown}");
    // Whatever is done in the meantime, the way on stays.
    page.browser.eval("location.hash = '#/memory'").await?;
    page.until_text("lab-tally", "8 lines held").await?;
    page.browser.eval("location.hash = '#/explore'").await?;
    page.until_text("capture", "demo-web.pcap").await?;
    ensure!(!page.text("broken").await?.is_empty(), "it is still there");
    restart(&page).await?;
    page.until_position("the same moment", |at, _| at == 1234).await?;
    ensure!(page.text("out-left-copied").await? == copied);
    ensure!(page.value("line-size").await? == "16");
    Ok(())
}

#[tokio::test]
async fn a_workers_end_takes_no_capture_and_no_setting() -> Result<()> {
    let page = Page::open_with_workers("").await?;
    page.drop_file("other.pcap", OTHER).await?;
    page.until_text("capture", "other.pcap").await?;
    page.until_ready().await?;
    page.press(Key::End).await?;
    page.end_worker().await?;
    page.browser
        .eval(
            "const e = document.getElementById('line-size'); e.value = '32';
             e.dispatchEvent(new Event('change', { bubbles: true }));",
        )
        .await?;
    restart(&page).await?;
    page.until_text("capture", "other.pcap").await?;
    ensure!(page.value("line-size").await? == "32", "what was set without a worker holds");
    page.until_position("the same moment", |at, end| at == end && end > 0).await?;
    // The worker for workloads, and what the other one had.
    page.choose("run", "web").await?;
    page.end_worker().await?;
    restart(&page).await?;
    ensure!(page.value("run").await? == "web");
    page.choose("run", "capture").await?;
    page.until_text("capture", "other.pcap").await?;
    ensure!(page.value("line-size").await? == "32");
    Ok(())
}

/// The link to what is on screen.
async fn link(page: &Page) -> Result<String> {
    page.browser.eval("history.replaceState(null, '', '#/explore')").await?;
    page.click("share").await?;
    page.until_text("notice", "address bar").await?;
    Ok(page.browser.client().current_url().await?.fragment().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn what_is_selected_marked_and_filtered_is_so_with_another_worker() -> Result<()> {
    let page =
        Page::open_with_workers("#/explore?v=2&at=1234&packet=40&mark=700&filter=tcp&range=100-1300").await?;
    page.until_text("inspector", "TCP flags").await?;
    page.browser.eval("document.querySelector('#inspector .lines button.line').click()").await?;
    page.until_text("line", "held, right lane").await?;
    page.press_text("b").await?;
    let before = link(&page).await?;
    for part in ["at=1234", "packet=40", "mark=700", "filter=tcp", "range=100-1300", "content="] {
        ensure!(before.contains(part), "{part} in {before}");
    }
    page.end_worker().await?;
    // No key takes any of it away in the meantime.
    page.type_in_focus(&String::from(char::from(Key::Escape))).await?;
    page.type_in_focus(&String::from(char::from(Key::Escape))).await?;
    page.click("report").await?;
    let report = page.browser.eval("return document.documentElement.dataset.report").await?;
    ensure!(report.as_str().is_some_and(|report| report.contains(&before)), "{report} has not {before}");
    restart(&page).await?;
    page.until_focus("e.id === 'share'").await?;
    page.until_text("inspector", "TCP flags").await?;
    page.until_text("line", "held, right lane").await?;
    ensure!(link(&page).await? == before);
    page.press_text("2").await?;
    page.until_text("bookmark", "bookmark").await?;
    let bookmarked =
        page.browser.eval("return document.getElementById('bookmark').getAttribute('aria-pressed')").await?;
    ensure!(bookmarked == json!("true"), "the moment is still bookmarked");
    page.no_complaints().await
}

#[tokio::test]
async fn a_worker_that_is_silent_is_noticed_when_a_run_is_asked_for() -> Result<()> {
    let page = Page::open_with_workers("#/explore?v=2&at=1234").await?;
    page.silence_worker().await?;
    page.browser
        .eval(
            "const e = document.getElementById('line-size'); e.value = '32';
             e.dispatchEvent(new Event('change', { bubbles: true }));",
        )
        .await?;
    page.until_text("broken", "does not answer").await?;
    restart(&page).await?;
    ensure!(page.value("line-size").await? == "32");
    page.no_complaints().await
}

#[tokio::test]
async fn a_worker_that_is_silent_is_noticed_when_it_is_asked_something() -> Result<()> {
    let page = Page::open_with_workers("#/explore?v=2&at=1234&packet=40").await?;
    page.until_text("inspector", "TCP flags").await?;
    page.silence_worker().await?;
    page.press_text("l").await?;
    page.until_text("lines", "looking").await?;
    page.until_text("broken", "does not answer").await?;
    ensure!(page.text("lines").await?.is_empty(), "nobody is looking any more");
    restart(&page).await?;
    // Nothing had it before the sheets came.
    page.until_focus("e.id === 'play'").await?;
    page.until_text("inspector", "TCP flags").await?;
    page.press_text("l").await?;
    page.until_text("lines", "Lines of").await?;
    page.no_complaints().await
}

#[tokio::test]
async fn workers_give_a_sign_of_life_at_rest_and_at_work() -> Result<()> {
    let page = Page::open_with_workers("#/explore?v=2&at=1234&packet=40").await?;
    page.until_text("inspector", "TCP flags").await?;
    page.browser.eval("location.hash = '#/explore?v=2&run=bulk&threads=500&bytes=262144'").await?;
    page.until_text("work", "%").await?;
    let ask = "window.alive = [];
        window.__workers.forEach((worker, index) => {
          worker.addEventListener('message', ({ data }) => { if (data.body === 'pong') window.alive.push(index); });
          worker.postMessage({ body: 'ping', arrays: [] });
        });";
    page.browser.eval(ask).await?;
    wait_for("both signs of life", READY, async || {
        let alive =
            page.browser.eval("return [window.alive.toSorted(), !!document.getElementById('work')]").await?;
        ensure!(alive[1] == json!(true), "the run is over: {alive}");
        Ok((alive[0] == json!([0, 1])).then_some(()))
    })
    .await?;
    page.browser.eval("document.getElementById('cancel').click()").await?;
    page.until_text("notice", "The run was cancelled").await?;
    page.no_complaints().await
}

#[tokio::test]
async fn a_run_that_takes_long_can_be_cancelled() -> Result<()> {
    let server = StaticServer::start(&dist()?, Some(CSP))?;
    let browser = Browser::start(1440, 900).await?;
    let long = "#/explore?v=2&run=bulk&threads=500&bytes=262144";
    browser.client().goto(&format!("{}{long}", server.url())).await?;
    let page = Page { browser, server };
    page.until_text("work", "Running").await?;
    page.until_text("work", "%").await?;
    let within = "return document.querySelector('.time').contains(document.getElementById('cancel'))";
    ensure!(page.browser.eval(within).await? == json!(true), "it is told in the time bar, and over nothing");
    ensure!(page.text("out-left-copied").await?.contains("so far"));
    page.browser.eval("document.getElementById('cancel').click()").await?;
    page.until_text("notice", "The run was cancelled").await?;
    page.until_ready().await?;
    let moment = page.until_text("out-moment", "at stop").await?;
    ensure!(!moment.contains("of 0 "), "what was told of it stays: {moment}");
    page.until_text("stopped", "Stopped at ").await?;
    ensure!(page.text("out-left-copied").await?.contains("at stop"));
    let works = page.browser.eval("return !!document.getElementById('work')").await?;
    ensure!(works == json!(false), "nothing goes on");
    page.no_complaints().await
}

/// The demo's packets so many times over, one copy after the other.
fn repeated(demo: &[u8], times: u32) -> Result<Vec<u8>> {
    let (head, packets) = demo.split_at(24);
    let seconds = |record: &[u8]| record.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
    let length = |record: &[u8]| record.get(8..12)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
    let first = seconds(packets).context("a packet")?;
    let mut all = head.to_vec();
    let mut begun = first;
    for _ in 0..times {
        let (mut rest, mut last) = (packets, begun);
        while let (Some(at), Some(len)) = (seconds(rest), length(rest)) {
            last = begun + (at - first);
            let (record, behind) = rest.split_at(16 + len as usize);
            all.extend(last.to_le_bytes());
            all.extend(&record[4..]);
            rest = behind;
        }
        begun = last + 1;
    }
    Ok(all)
}

#[tokio::test]
async fn who_asks_about_a_run_that_is_made_again_is_told_how_far_that_is() -> Result<()> {
    let page = Page::open_with_workers("").await?;
    // As large as the first worker runs: so it takes its time to make that again.
    let large = repeated(include_bytes!("../../../static/captures/demo-web.pcap"), 6)?;
    page.drop_file("large.pcap", &large).await?;
    page.until_text("capture", "large.pcap").await?;
    page.until_ready().await?;
    let watch = "window.works = '';
        new MutationObserver(() => { window.works += document.getElementById('work')?.textContent ?? ''; })
            .observe(document.body, { childList: true, subtree: true, characterData: true });";
    page.browser.eval(watch).await?;
    page.press(Key::End).await?;
    page.press_text("l").await?;
    page.until_text("lines", "Lines of all segments").await?;
    let told = page.browser.eval("return window.works").await?;
    let told = told.as_str().unwrap_or_default();
    for what in ["Reading the capture again", "Making the run again"] {
        let percent = told.split(what).nth(1).and_then(|rest| rest.split(" %").next());
        ensure!(percent.is_some_and(|percent| percent.starts_with("… ")), "{what}: {told}");
    }
    page.no_complaints().await
}
