//! The worker dies, and everything goes on.

use anyhow::{Result, ensure};
use serde_json::json;
use snapstack_e2e::{Browser, CSP, StaticServer, dist};

use crate::fixture::Page;

/// Keeps every worker that the page starts, so that a test can end one.
const KEEP: &str = "window.__workers = []; const Plain = Worker;
    window.Worker = class extends Plain { constructor(...a) { super(...a); window.__workers.push(this); } };";

#[tokio::test]
async fn a_worker_that_dies_is_told_and_started_again_at_the_same_moment() -> Result<()> {
    let server = StaticServer::start(&dist()?, Some(CSP))?;
    let browser = Browser::start(1440, 900).await?;
    browser.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": KEEP })).await?;
    browser.open(&format!("{}#/explore?v=2&line=16&at=1234", server.url())).await?;
    let page = Page { browser, server };
    let copied = page.text("out-left-copied").await?;
    let die = "const w = window.__workers.at(-1); w.terminate();
               w.dispatchEvent(new ErrorEvent('error', { message: 'out of memory' }));";
    page.browser.eval(die).await?;
    let notice = page.until_text("notice", "The simulation has stopped").await?;
    ensure!(notice.contains("out of memory") && notice.contains("nothing that you set is lost"), "{notice}");
    ensure!(page.text("out-left-copied").await? == copied, "the picture stays");
    page.click("report").await?;
    let report = page.browser.eval("return document.documentElement.dataset.report").await?;
    let report = report.as_str().unwrap_or_default();
    ensure!(report.contains("line=16") && report.contains("out of memory"), "{report}");
    page.browser.eval("document.documentElement.dataset.ready = 'dead'").await?;
    page.click("restart").await?;
    page.until_ready().await?;
    page.until_position("the same moment", |at, _| at == 1234).await?;
    ensure!(page.text("out-left-copied").await? == copied);
    let line = page.browser.eval("return document.getElementById('line-size').value").await?;
    ensure!(line == json!("16"));
    Ok(())
}
