//! The page inside another one.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use snapstack_e2e::{Browser, CSP, READY, StaticServer, dist, wait_for};

use crate::fixture::{Folder, Page};

/// A page that asks for a moment as soon as it hears anything.
const EAGER: &str =
    "window.addEventListener('message', function early() { say({ snapstack: 1, do: 'seek', at: 2345 });
    window.removeEventListener('message', early); });";
const HOST: &str = "<!doctype html><title>host</title><iframe src=\"./?embed#/explore?v=2&at=100\" width=\"900\" height=\"400\"></iframe><script src=\"host.js\"></script>";
const SCRIPT: &str = "window.heard = []; const frame = document.querySelector('iframe');
    window.say = (m) => frame.contentWindow.postMessage(m, '*');
    window.addEventListener('message', (e) => { if (e.source === frame.contentWindow) window.heard.push(e.data); });";

#[tokio::test]
async fn an_embedded_page_obeys_the_page_around_it_and_stores_nothing() -> Result<()> {
    let folder = Folder::copy_of(&dist()?, "embed")?;
    fs::write(folder.path().join("host.html"), HOST)?;
    fs::write(folder.path().join("host.js"), SCRIPT)?;
    let server = StaticServer::start(folder.path(), Some(CSP))?;
    let browser = Browser::start(1000, 600).await?;
    browser.client().goto(&format!("{}host.html", server.url())).await?;
    let page = Page { browser, server };
    let heard = async |what: &str| {
        let script = format!("return window.heard?.find((m) => {what}) ?? null");
        wait_for(what, READY, async || {
            let found = page.browser.eval(&script).await?;
            Ok((!found.is_null()).then_some(found))
        })
        .await
    };
    let ready = heard("m.is === 'ready' && m.snapstack === 1").await?;
    ensure!(
        ready["events"].as_u64() > Some(1000) && ready["digest"].as_str().is_some_and(|d| d.len() == 32),
        "{ready}"
    );
    heard("m.is === 'moment' && m.at === 100 && !m.playing").await?;
    page.browser.eval("say({ snapstack: 1, do: 'seek', at: 321 })").await?;
    heard("m.is === 'moment' && m.at === 321").await?;
    page.browser.eval("say({ snapstack: 1, do: 'play' })").await?;
    heard("m.is === 'moment' && m.playing").await?;
    page.browser.eval("say({ snapstack: 1, do: 'pause' })").await?;
    page.browser.eval("say({ snapstack: 1, do: 'explode' })").await?;
    let error = heard("m.is === 'error'").await?;
    ensure!(error["message"].as_str().unwrap_or_default().contains("play, pause or seek"), "{error}");
    page.browser.eval("say('hello'); say({ other: 1 }); say(null)").await?;
    ensure!(page.browser.eval("return localStorage.length").await? == json!(0), "nothing is stored");
    // Another page of the same origin that is not around it is not heard.
    page.browser.client().enter_frame(0).await?;
    let full = page.browser.eval("return document.getElementById('open-full').href").await?;
    ensure!(full.as_str().unwrap_or_default().contains("#/explore?v=2"), "{full}");
    let before = page.text("out-moment").await?;
    page.browser.eval("window.postMessage({ snapstack: 1, do: 'seek', at: 5 }, '*')").await?;
    page.browser.eval("return new Promise((done) => setTimeout(done, 0))").await?;
    ensure!(page.text("out-moment").await? == before, "only the page around it is obeyed");
    // It only looks: keys, dropped files and the lane's scheme change nothing, and what is stored stays.
    let before = page.browser.eval("return document.documentElement.dataset.digest").await?;
    for chord in ["k", "z", "y"] {
        page.chord(chord).await?;
    }
    for key in ["m", "b", "4", "?", "g"] {
        page.press_text(key).await?;
    }
    page.drop_file("other.pcap", b"no capture").await?;
    page.browser
        .eval("localStorage.setItem('snapstack-lab', 'kept'); dispatchEvent(new Event('pagehide'))")
        .await?;
    page.browser.eval("return new Promise((done) => setTimeout(done, 300))").await?;
    let left = page
        .browser
        .eval(
            "return [document.querySelectorAll('.controls, dialog, .notice, #inspector').length,
               document.getElementById('scheme-left').disabled, localStorage.getItem('snapstack-lab'),
               document.documentElement.dataset.digest]",
        )
        .await?;
    ensure!(left == json!([0, true, "kept", before]), "{left}");
    // The way out leads to the moment on screen, also while it plays.
    page.press_text(" ").await?;
    page.until_position("it to play", |at, _| at > 321).await?;
    let moved = page
        .browser
        .eval(
            "const link = document.getElementById('open-full');
             link.dispatchEvent(new MouseEvent('mousedown', { bubbles: true }));
             return new Promise((done) => requestAnimationFrame(() => setTimeout(() =>
               done([link.href, document.getElementById('out-moment').textContent]))))",
        )
        .await?;
    let number = |text: &Value, before: &str| -> Option<i64> {
        let text = text.as_str()?.replace(',', "");
        text.split(before).nth(1)?.split(['&', ' ']).next()?.parse().ok()
    };
    let (linked, shown) = (number(&moved[0], "&at="), number(&moved[1], "event "));
    let (linked, shown) = linked.zip(shown).with_context(|| format!("{moved}"))?;
    ensure!(linked > 321 && (linked - shown).abs() < 50, "{moved}");
    Ok(())
}

#[tokio::test]
async fn what_is_asked_for_before_the_run_is_there_is_done_then() -> Result<()> {
    let folder = Folder::copy_of(&dist()?, "embed-early")?;
    fs::write(folder.path().join("host.html"), HOST)?;
    fs::write(folder.path().join("host.js"), format!("{SCRIPT}\n{EAGER}"))?;
    let server = StaticServer::start(folder.path(), Some(CSP))?;
    let browser = Browser::start(1000, 600).await?;
    browser.client().goto(&format!("{}host.html", server.url())).await?;
    let heard = wait_for("the moment", READY, async || {
        let heard = browser.eval("return window.heard ?? []").await?;
        let there = |what: &str| {
            heard.as_array().is_some_and(|all| all.iter().any(|message| message["is"] == json!(what)))
        };
        let at = heard
            .as_array()
            .and_then(|all| all.iter().rfind(|message| message["is"] == json!("moment"))?["at"].as_u64());
        Ok((there("ready") && at == Some(2345)).then_some(heard))
    })
    .await?;
    let asked =
        heard.as_array().and_then(|all| all.iter().position(|message| message["is"] == json!("ready")));
    ensure!(asked > Some(0), "it was asked for before the run was there: {heard}");
    browser.client().enter_frame(0).await?;
    let page = Page { browser, server };
    page.until_position("the moment", |at, _| at == 2345).await?;
    Ok(())
}
