//! Without a network, with a newer build, and under whose policy.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use snapstack_e2e::{Browser, CSP, StaticServer, dist, wait_for};

use crate::fixture::{Folder, Page};

#[tokio::test]
async fn after_the_first_visit_no_server_is_needed() -> Result<()> {
    let page = Page::open("").await?;
    page.until_kept().await?;
    let url = page.server.url().to_owned();
    let Page { browser, server } = page;
    drop(server);
    for fragment in ["", "#/memory", "#/figures/4?step=9", "#/explore"] {
        browser.open(&format!("{url}{fragment}")).await?;
    }
    let capture = browser.eval("return document.getElementById('capture').textContent").await?;
    ensure!(capture == json!("demo-web.pcap · 785 packets"), "{capture}");
    // Workloads run, too, and their part of the program is fetched only when they do.
    browser.open(&format!("{url}#/explore?v=2&run=request&threads=2&bytes=20000&at=100")).await?;
    let moment = browser.eval("return document.getElementById('out-moment').textContent").await?;
    ensure!(moment.as_str().unwrap_or_default().contains("event 100 of"), "{moment}");
    let console = browser.console().await?;
    ensure!(console.is_empty(), "the console has {console:?}");
    Ok(())
}

#[tokio::test]
async fn a_newer_build_is_offered_and_taken_when_it_is_wanted() -> Result<()> {
    let folder = Folder::copy_of(&dist()?, "newer")?;
    let server = StaticServer::start(folder.path(), Some(CSP))?;
    let browser = Browser::start(1440, 900).await?;
    browser.open(server.url()).await?;
    let page = Page { browser, server };
    page.until_kept().await?;

    // The same files as another build: only the version differs.
    let file = folder.path().join("service-worker.js");
    let text = fs::read_to_string(&file)?;
    let (_, rest) = text.split_once("const FILES").context("no list of files")?;
    fs::write(&file, format!("const VERSION = \"newer\";\nconst FILES{rest}"))?;
    page.browser.eval("navigator.serviceWorker.getRegistration().then((r) => r.update())").await?;
    page.until_text("notice", "A newer build of this page is there").await?;
    let caches = "caches.keys().then((names) => { document.documentElement.dataset.caches = names.sort().join(' '); })";
    page.browser.eval(&format!("{caches}; return null")).await?;
    page.browser.eval("document.documentElement.dataset.ready = 'old'").await?;
    page.click("renew").await?;
    page.until_ready().await?;
    wait_for("the old build's files to go", Duration::from_secs(20), async || {
        page.browser.eval(&format!("{caches}; return null")).await?;
        let names = page.browser.eval("return document.documentElement.dataset.caches").await?;
        Ok((names == json!("snapstack-newer")).then_some(()))
    })
    .await?;
    page.no_complaints().await
}

#[tokio::test]
async fn the_page_brings_its_policy_where_the_host_sends_none() -> Result<()> {
    let server = StaticServer::start(&dist()?, None)?;
    let browser = Browser::start(1440, 900).await?;
    browser.open(server.url()).await?;
    let script = "const s = document.createElement('script'); s.textContent = 'window.__inline = 1';
                  document.head.append(s); return window.__inline ?? null";
    ensure!(browser.eval(script).await? == json!(null), "an inline script has run");
    let console = browser.console().await?;
    ensure!(console.iter().all(|line| line.contains("Content Security Policy")), "{console:?}");
    ensure!(!console.is_empty(), "the violation is told");
    Ok(())
}

/// Takes the files away whose names begin and end like this.
fn remove(folder: &Folder, start: &str, end: &str) -> Result<()> {
    let mut removed = 0;
    for entry in fs::read_dir(folder.path())? {
        let name = entry?.file_name();
        let text = name.to_string_lossy();
        if text.starts_with(start) && text.ends_with(end) {
            fs::remove_file(folder.path().join(&name))?;
            removed += 1;
        }
    }
    ensure!(removed == 1, "{removed} files begin with {start} and end with {end}");
    Ok(())
}

#[tokio::test]
async fn a_program_that_does_not_come_is_told_with_a_way_on() -> Result<()> {
    let folder = Folder::copy_of(&dist()?, "no-program")?;
    remove(&folder, "snapstack-web-", "_bg.wasm")?;
    let server = StaticServer::start(folder.path(), Some(CSP))?;
    let browser = Browser::start(1440, 900).await?;
    browser.client().goto(server.url()).await?;
    let page = Page { browser, server };
    let text = page.until_text("unloaded", "Is there a connection?").await?;
    ensure!(text.contains("Try again"), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_later_part_that_does_not_come_leaves_the_run_and_comes_when_it_can() -> Result<()> {
    let folder = Folder::copy_of(&dist()?, "no-part")?;
    let part = fs::read_dir(folder.path())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            path.to_string_lossy().contains("snapstack-hosts")
                && path.extension().is_some_and(|e| e == "wasm")
        })
        .context("the later part")?;
    let aside = part.with_extension("aside");
    fs::rename(&part, &aside)?;
    let server = StaticServer::start(folder.path(), Some(CSP))?;
    let browser = Browser::start(1440, 900).await?;
    browser.open(&format!("{}#/explore?v=2&at=3000", server.url())).await?;
    let page = Page { browser, server };
    page.until_position("the link's moment", |at, _| at == 3000).await?;
    let copied = page.text("out-left-copied").await?;
    page.press_text("l").await?;
    page.until_text("notice", "A part of the program could not be loaded").await?;
    ensure!(page.text("out-left-copied").await? == copied, "the run stays");
    fs::rename(&aside, &part)?;
    page.press_text("l").await?;
    page.until_text("lines", "Why is line").await?;
    Ok(())
}
