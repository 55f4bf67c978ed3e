//! Memory that really runs out: the modules' own memories are given a limit, so that they find no more, as in a browser that has
//! no more to give.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use snapstack_e2e::{Browser, CSP, StaticServer, dist};

use crate::fixture::{Folder, Page};

/// The section of a module in which its memories are (WebAssembly Core Specification, 5.5).
const MEMORY_SECTION: u8 = 5;
/// Bytes before the first section, and of a page of memory.
const HEAD: usize = 8;
const PAGE: u32 = 1 << 16;

/// A number as WebAssembly writes it (LEB128): the number, and how many bytes it takes.
fn number(bytes: &[u8]) -> Result<(u32, usize)> {
    let len = bytes.iter().position(|byte| byte & 0x80 == 0).context("a number that ends")? + 1;
    let value = bytes[..len].iter().rev().fold(0, |value, byte| value << 7 | u32::from(byte & 0x7f));
    Ok((value, len))
}

fn written(mut value: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let rest = value >> 7;
        bytes.push(value as u8 & 0x7f | if rest > 0 { 0x80 } else { 0 });
        if rest == 0 {
            return bytes;
        }
        value = rest;
    }
}

/// Limits the memory of a module to what it begins with and so many MiB more.
fn limited(module: &[u8], mib: u32) -> Result<Vec<u8>> {
    let mut at = HEAD;
    loop {
        let (len, digits) = number(module.get(at + 1..).context("a section of memory")?)?;
        let start = at + 1 + digits;
        let end = start + len as usize;
        if module[at] == MEMORY_SECTION {
            let body = &module[start..end];
            ensure!(body[..2] == [1, 0], "one memory without a limit: {body:?}");
            let (least, _) = number(&body[2..])?;
            let body = [vec![1, 1], written(least), written(least + mib * (1 << 20) / PAGE)].concat();
            let section = [vec![MEMORY_SECTION], written(body.len() as u32), body].concat();
            return Ok([&module[..at], &section, &module[end..]].concat());
        }
        at = end;
    }
}

/// A copy of the page in which the memory of the module of this name is limited.
fn page_with(name: &str, mib: u32) -> Result<Folder> {
    let folder = Folder::copy_of(&dist()?, &format!("{name}-limited"))?;
    let is = |path: &Path| {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        file.ends_with("_bg.wasm") && file.starts_with(name)
    };
    let mut files = fs::read_dir(folder.path())?.filter_map(|entry| Some(entry.ok()?.path()));
    let path = files.find(|path| is(path)).with_context(|| format!("a module of the name {name}"))?;
    fs::write(&path, limited(&fs::read(&path)?, mib)?)?;
    Ok(folder)
}

async fn open(folder: &Folder, fragment: &str) -> Result<Page> {
    let server = StaticServer::start(folder.path(), Some(CSP))?;
    let browser = Browser::start(1440, 900).await?;
    browser.client().goto(&format!("{}{fragment}", server.url())).await?;
    Ok(Page { browser, server })
}

#[tokio::test]
async fn a_run_that_finds_no_memory_on_its_way_is_told_so_and_a_shorter_one_goes_on() -> Result<()> {
    let folder = page_with("snapstack-hosts", 40)?;
    let page = open(&folder, "#/explore?v=2&run=bulk&threads=4&bytes=4194304").await?;
    let told = page.until_text("broken", "needs more memory than the").await?;
    ensure!(told.contains(" MiB that the browser gave") && told.contains("the command line"), "{told}");
    page.browser
        .eval(
            "const e = document.getElementById('bytes'); e.value = '20000';
             e.dispatchEvent(new Event('change', { bubbles: true }));
             document.documentElement.dataset.ready = 'dead'",
        )
        .await?;
    page.click("restart").await?;
    page.until_ready().await?;
    ensure!(page.value("bytes").await? == "20000");
    Ok(())
}

#[tokio::test]
async fn a_run_whose_memory_cannot_be_had_is_refused_before_it_begins() -> Result<()> {
    let folder = page_with("snapstack-hosts", 40)?;
    let page = open(&folder, "#/explore?v=2&run=bulk&threads=2&bytes=20000").await?;
    page.until_ready().await?;
    page.browser
        .eval(
            "const e = document.getElementById('threads'); e.value = '900';
             e.dispatchEvent(new Event('change', { bubbles: true }));",
        )
        .await?;
    let told = page.until_text("notice", "needs a memory of").await?;
    ensure!(told.contains("Fewer threads"), "{told}");
    ensure!(page.text("broken").await?.is_empty(), "the worker lives");
    Ok(())
}

#[tokio::test]
async fn a_page_that_finds_no_memory_for_events_says_so() -> Result<()> {
    let folder = page_with("snapstack-web", 48)?;
    let page = open(&folder, "").await?;
    page.until_ready().await?;
    page.browser.eval("location.hash = '#/explore?v=2&run=bulk&threads=256&bytes=131072'").await?;
    let told = page.until_text("stopped", "needs more memory than the browser gives it").await?;
    ensure!(told.contains("fewer events") && told.contains("Reload"), "{told}");
    Ok(())
}
