//! The start page by keyboard alone: what has the focus is found by Tab, and by nothing else.

use anyhow::{Result, bail};
use fantoccini::key::Key;
use serde_json::json;

use crate::fixture::Page;

impl Page {
    async fn type_key(&self, key: Key) -> Result<()> {
        self.type_in_focus(&String::from(char::from(key))).await
    }

    /// Presses a key until what has the focus fulfils a condition on `e`.
    async fn walk_to(&self, condition: &str, key: Key) -> Result<()> {
        for _ in 0..50 {
            if self.browser.eval(&format!("const e = document.activeElement; return !!({condition})")).await?
                == json!(true)
            {
                return Ok(());
            }
            self.type_key(key).await?;
        }
        bail!("the key does not lead to where {condition}");
    }

    /// Presses Tab until what has the focus fulfils a condition on `e`.
    async fn tab_to(&self, condition: &str) -> Result<()> {
        let there = format!("const e = document.activeElement; return !!({condition})");
        for _ in 0..200 {
            if self.browser.eval(&there).await? == json!(true) {
                return Ok(());
            }
            // As keys that are sent to a file's field would be the names of files.
            for kind in ["rawKeyDown", "keyUp"] {
                let key = json!({ "type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9 });
                self.browser.cdp("Input.dispatchKeyEvent", key).await?;
            }
        }
        bail!("Tab does not lead to where {condition}");
    }
}

#[tokio::test]
async fn explore_is_used_by_keyboard_alone() -> Result<()> {
    let page = Page::open("").await?;
    page.type_key(Key::Home).await?;
    page.until_position("the start", |at, _| at == 0).await?;
    page.type_in_focus("c").await?;
    let copy = page.until_position("the first copy", |at, _| at > 0).await?;
    page.type_in_focus("c").await?;
    page.until_position("the second copy", |at, _| at > copy).await?;
    page.type_in_focus("v").await?;
    page.until_position("the first copy again", |at, _| at == copy).await?;
    // A setting.
    page.tab_to("e.id === 'line-size'").await?;
    page.browser.eval("document.documentElement.dataset.ready = 'changing'").await?;
    page.type_in_focus("1").await?;
    page.until_ready().await?;
    anyhow::ensure!(page.value("line-size").await? == "16");
    // The time bar.
    let (here, _) = page.position().await?;
    page.tab_to("e.id === 'forward'").await?;
    page.type_key(Key::Enter).await?;
    page.until_position("a step", |at, _| at == here + 1).await?;
    // From the list to a packet and its inspector.
    page.tab_to("e.id === 'view-events'").await?;
    page.type_key(Key::Enter).await?;
    page.until_text("events", "packet").await?;
    page.tab_to("e.closest('#events .row')").await?;
    page.walk_to("e.closest('#events .row')?.textContent.includes('packet')", Key::Down).await?;
    page.type_key(Key::Enter).await?;
    page.until_text("inspector", " ports").await?;
    page.tab_to("e.closest('#inspector') && e.id === 'show-dag'").await?;
    page.type_key(Key::Enter).await?;
    page.until_text("lines", "All segments").await?;
    page.type_key(Key::Escape).await?;
    // Once more for the inspector.
    page.type_key(Key::Escape).await?;
    page.type_in_focus("4").await?;
    page.until_text("view-branches", "Branches").await?;
    page.no_complaints().await
}
