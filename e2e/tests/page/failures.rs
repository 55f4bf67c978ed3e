//! Files that cannot be fetched: each is told in its own words, and there is a way on.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use snapstack_e2e::{Browser, CSP, StaticServer, dist};

use crate::fixture::{Folder, Page};

/// A file of the built page that is not to be had, until it is put back.
struct Gone {
    path: PathBuf,
    content: Vec<u8>,
}

impl Gone {
    /// Takes away the file whose path in the folder has these parts.
    fn take(folder: &Folder, under: &str, parts: [&str; 2]) -> Result<Self> {
        let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let files = fs::read_dir(folder.path().join(under))?.map(|entry| entry.map(|entry| entry.path()));
        let files = files.collect::<Result<Vec<_>, _>>()?;
        let found = files.into_iter().find(|path| parts.iter().all(|part| name(path).contains(part)));
        let path = found.with_context(|| format!("a file with {parts:?}"))?;
        let content = fs::read(&path)?;
        fs::remove_file(&path)?;
        Ok(Self { path, content })
    }

    fn put_back(&self) -> Result<()> {
        fs::write(&self.path, &self.content).map_err(Into::into)
    }
}

async fn open(folder: &Folder, fragment: &str) -> Result<Page> {
    let server = StaticServer::start(folder.path(), Some(CSP))?;
    let browser = Browser::start(1440, 900).await?;
    browser.client().goto(&format!("{}{fragment}", server.url())).await?;
    Ok(Page { browser, server })
}

#[tokio::test]
async fn without_the_demo_a_file_can_be_dropped() -> Result<()> {
    let folder = Folder::copy_of(&dist()?, "no-demo")?;
    Gone::take(&folder, "captures", ["demo-web", "pcap"])?;
    let page = open(&folder, "").await?;
    page.until_text("notice", "The demo capture could not be loaded").await?;
    page.drop_file("other.pcap", include_bytes!("../../../core/tests/captures/a09-vlan-qinq-http.pcap"))
        .await?;
    page.until_text("capture", "other.pcap").await?;
    page.until_ready().await
}

#[tokio::test]
async fn without_the_part_for_workloads_a_link_waits_for_it() -> Result<()> {
    let folder = Folder::copy_of(&dist()?, "no-hosts")?;
    let hosts = Gone::take(&folder, "", ["hosts", "_bg.wasm"])?;
    let page = open(&folder, "#/explore?v=2&run=web&threads=3&bytes=60000&at=123&packet=5").await?;
    page.until_text("broken", "could not be fetched").await?;
    hosts.put_back()?;
    page.browser.eval("document.documentElement.dataset.ready = 'dead'").await?;
    page.click("restart").await?;
    page.until_ready().await?;
    page.until_position("the link's moment", |at, _| at == 123).await?;
    ensure!((page.value("run").await?, page.value("threads").await?) == ("web".to_owned(), "3".to_owned()));
    page.until_text("inspector", "5").await.map(drop)
}

#[tokio::test]
async fn without_the_annex_its_pages_can_be_asked_for_again() -> Result<()> {
    let folder = Folder::copy_of(&dist()?, "no-annex")?;
    let annex = Gone::take(&folder, "", ["annex", "_bg.wasm"])?;
    let page = open(&folder, "#/memory").await?;
    page.until_text("wait", "could not be loaded").await?;
    annex.put_back()?;
    page.click("annex-again").await?;
    page.until_text("lab-tally", "8 lines held").await.map(drop)
}
