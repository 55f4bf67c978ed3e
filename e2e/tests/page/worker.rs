//! The worker dies, and everything goes on.

use anyhow::{Result, ensure};
use fantoccini::key::Key;
use serde_json::json;
use snapstack_e2e::{Browser, CSP, StaticServer, dist};

use crate::fixture::Page;

/// A small capture.
const OTHER: &[u8] = include_bytes!("../../../core/tests/captures/a09-vlan-qinq-http.pcap");

/// Keeps every worker that the page starts, so that a test can end one.
const KEEP: &str = "window.__workers = []; const Plain = Worker;
    window.Worker = class extends Plain { constructor(...a) { super(...a); window.__workers.push(this); } };";

/// Opens the page with its workers in reach.
async fn open(fragment: &str) -> Result<Page> {
    let server = StaticServer::start(&dist()?, Some(CSP))?;
    let browser = Browser::start(1440, 900).await?;
    browser.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": KEEP })).await?;
    browser.open(&format!("{}{fragment}", server.url())).await?;
    Ok(Page { browser, server })
}

/// Ends the worker that was started last, as one without memory ends.
async fn end_worker(page: &Page) -> Result<()> {
    let die = "const w = window.__workers.at(-1); w.terminate();
               w.dispatchEvent(new ErrorEvent('error', { message: 'out of memory' }));";
    page.browser.eval(die).await?;
    page.until_text("broken", "The simulation has stopped").await.map(drop)
}

async fn restart(page: &Page) -> Result<()> {
    page.browser.eval("document.documentElement.dataset.ready = 'dead'").await?;
    page.click("restart").await?;
    page.until_ready().await
}

#[tokio::test]
async fn a_worker_that_dies_is_told_and_started_again_at_the_same_moment() -> Result<()> {
    let page = open("#/explore?v=2&line=16&at=1234").await?;
    let copied = page.text("out-left-copied").await?;
    end_worker(&page).await?;
    let notice = page.text("broken").await?;
    ensure!(notice.contains("out of memory") && notice.contains("nothing that you set is lost"), "{notice}");
    ensure!(page.text("out-left-copied").await? == copied, "the picture stays");
    page.click("report").await?;
    let report = page.browser.eval("return document.documentElement.dataset.report").await?;
    let report = report.as_str().unwrap_or_default();
    ensure!(report.contains("line=16") && report.contains("out of memory"), "{report}");
    // Whatever is done in the meantime, the way on stays.
    page.press_text("f").await?;
    page.until_text("notice", "There is no fault").await?;
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
    let page = open("").await?;
    page.drop_file("other.pcap", OTHER).await?;
    page.until_text("capture", "other.pcap").await?;
    page.until_ready().await?;
    page.press(Key::End).await?;
    end_worker(&page).await?;
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
    end_worker(&page).await?;
    restart(&page).await?;
    ensure!(page.value("run").await? == "web");
    page.choose("run", "capture").await?;
    page.until_text("capture", "other.pcap").await?;
    ensure!(page.value("line-size").await? == "32");
    Ok(())
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
    let moment = page.text("out-moment").await?;
    ensure!(moment.contains("so far") && !moment.contains("of 0 "), "what was told of it stays: {moment}");
    let works = page.browser.eval("return !!document.getElementById('work')").await?;
    ensure!(works == json!(false), "nothing goes on");
    page.no_complaints().await
}
