//! Without a network, with a newer build, and under whose policy.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use snapstack_e2e::{Browser, CSP, StaticServer, dist, wait_for};

use crate::fixture::Page;

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
    let console = browser.console().await?;
    ensure!(console.is_empty(), "the console has {console:?}");
    Ok(())
}

/// A folder that goes when this is dropped.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_annex_waits_until_the_first_screen_is_there() -> Result<()> {
    let page = Page::open("").await?;
    page.until_kept().await?;
    let served = page.server.served();
    let first = |part: &str| served.iter().position(|request| request.path.contains(part));
    let (annex, kept) = (first("snapstack-annex"), first("service-worker.js"));
    ensure!(kept.is_some() && annex > kept, "only what keeps the files asks for it: {served:?}");
    page.no_complaints().await
}

#[tokio::test]
async fn a_page_that_does_not_come_is_told_and_tried_again() -> Result<()> {
    let folder = Folder(env::temp_dir().join(format!("snapstack-without-{}", process::id())));
    copy(&dist()?, &folder.0)?;
    let find = |end: &str| -> Result<PathBuf> {
        let mut files = fs::read_dir(&folder.0)?.filter_map(|entry| Some(entry.ok()?.path()));
        files
            .find(|path| {
                path.to_string_lossy().contains("/snapstack-annex-") && path.to_string_lossy().ends_with(end)
            })
            .with_context(|| format!("no annex {end}"))
    };
    for end in [".js", ".wasm"] {
        let server = StaticServer::start(&folder.0, Some(CSP))?;
        let file = find(end)?;
        let content = fs::read(&file)?;
        fs::remove_file(&file)?;
        let browser = Browser::start(1440, 900).await?;
        browser.open(server.url()).await?;
        browser.eval("location.hash = '#/memory'").await?;
        let page = Page { browser, server };
        page.until_text("wait", "The page Memory could not be loaded").await?;
        fs::write(&file, content)?;
        page.click("annex-again").await?;
        page.until_text("lab-tally", "lines held").await?;
        // The figures are in the same module.
        page.browser.eval("location.hash = '#/figures/4'").await?;
        page.until_text("figure-position", "Step 1 of 10").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_newer_build_is_offered_and_taken_when_it_is_wanted() -> Result<()> {
    let folder = Folder(env::temp_dir().join(format!("snapstack-newer-{}", process::id())));
    copy(&dist()?, &folder.0)?;
    let server = StaticServer::start(&folder.0, Some(CSP))?;
    let browser = Browser::start(1440, 900).await?;
    browser.open(server.url()).await?;
    let page = Page { browser, server };
    page.until_kept().await?;

    // The same files as another build: only the version differs.
    let file = folder.0.join("service-worker.js");
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
