//! What has the keyboard keeps it, or hands it on to what stands nearest: the focus is never lost to nothing.

use anyhow::{Result, ensure};
use fantoccini::Locator;
use fantoccini::key::Key;
use serde_json::json;
use snapstack_e2e::{READY, wait_for};

use crate::fixture::Page;

impl Page {
    /// Waits until what has the focus, `e`, fulfils a condition.
    pub(crate) async fn until_focus(&self, condition: &str) -> Result<()> {
        let script = format!("const e = document.activeElement; return !!({condition})");
        wait_for(&format!("the focus to be where {condition}"), READY, async || {
            Ok((self.browser.eval(&script).await? == json!(true)).then_some(()))
        })
        .await
    }

    /// Presses Enter on an element.
    async fn enter(&self, css: &str) -> Result<()> {
        self.browser.eval(&format!("document.querySelector({}).focus()", json!(css))).await?;
        self.type_in_focus(&String::from(char::from(Key::Enter))).await
    }

    /// Waits until something is there, or is not.
    async fn until_there(&self, css: &str, there: bool) -> Result<()> {
        let script = format!("return !!document.querySelector({})", json!(css));
        wait_for(&format!("{css} to be there: {there}"), READY, async || {
            Ok((self.browser.eval(&script).await? == json!(there)).then_some(()))
        })
        .await
    }
}

#[tokio::test]
async fn a_sheet_that_closes_gives_the_focus_back_to_what_opened_it() -> Result<()> {
    let page = Page::open("").await?;
    page.stop().await?;
    for (button, sheet) in [("help-button", "#help"), ("find", "#palette"), ("gallery-button", "#gallery")] {
        page.enter(&format!("#{button}")).await?;
        page.until_there(&format!("{sheet}[open]"), true).await?;
        page.until_focus(&format!("e.closest('{sheet}')")).await?;
        page.type_in_focus(&String::from(char::from(Key::Escape))).await?;
        page.until_there(sheet, false).await?;
        page.until_focus(&format!("e.id === '{button}'")).await?;
    }
    // One that leads to another, which had it from the first.
    page.enter("#find").await?;
    page.until_focus("e.closest('#palette')").await?;
    page.type_in_focus(&format!("keys and words{}", char::from(Key::Enter))).await?;
    page.until_focus("e.closest('#help')").await?;
    page.type_in_focus(&String::from(char::from(Key::Escape))).await?;
    page.until_focus("e.id === 'find'").await?;
    // One that was opened with the focus on nothing.
    page.press_text("?").await?;
    page.until_focus("e.closest('#help')").await?;
    page.type_in_focus(&String::from(char::from(Key::Escape))).await?;
    page.until_focus("e.id === 'play'").await?;
    // A field that a command leads to keeps it.
    page.palette().await?;
    page.type_in_focus(&format!("filter packets{}", char::from(Key::Enter))).await?;
    page.until_there("#palette", false).await?;
    page.until_focus("e.id === 'packet-filter'").await?;
    page.no_complaints().await
}

#[tokio::test]
async fn the_error_sheet_keeps_the_focus_until_it_gives_it_back() -> Result<()> {
    let page = Page::open_with_workers("#/explore?v=2&at=1234").await?;
    page.browser.eval("document.getElementById('share').focus()").await?;
    let moment = page.text("out-moment").await?;
    page.end_worker().await?;
    page.until_focus("e.id === 'restart'").await?;
    let (tab, shift) = (char::from(Key::Tab), char::from(Key::Shift));
    for keys in [tab.to_string(), format!("{shift}{tab}{}", char::from(Key::Null))] {
        let mut seen = Vec::new();
        for _ in 0..4 {
            page.type_in_focus(&keys).await?;
            seen.push(page.browser.eval("return document.activeElement.id").await?);
        }
        ensure!(seen.contains(&json!("report")) && seen.contains(&json!("restart")), "{seen:?}");
        let inside = |id| [json!("report"), json!("restart"), json!("")].contains(id);
        ensure!(seen.iter().all(inside), "what lies under it is out of reach: {seen:?}");
    }
    // No key closes it or does anything behind it, however often it is pressed.
    for keys in ["\u{e00c}", "\u{e00c}", "\u{e00c}", "?", "f", "."] {
        page.type_in_focus(keys).await?;
    }
    // Not even what closes it without asking, as the gesture to go back may.
    page.browser.eval("document.getElementById('broken').close()").await?;
    page.until_there("#broken:modal", true).await?;
    page.until_there("#help, #notice", false).await?;
    ensure!(page.text("out-moment").await? == moment);
    page.browser.eval("document.documentElement.dataset.ready = 'dead'").await?;
    page.click("restart").await?;
    page.until_ready().await?;
    page.until_focus("e.id === 'share'").await?;
    page.no_complaints().await
}

#[tokio::test]
async fn the_sheet_of_lines_gives_the_focus_back_to_the_inspector() -> Result<()> {
    let page = Page::open("#/explore?v=2&at=9000&packet=200").await?;
    page.until_text("inspector", "TCP flags").await?;
    page.enter("#show-dag").await?;
    page.until_text("lines", "Lines of packet").await?;
    page.until_focus("e.closest('#lines')").await?;
    page.type_in_focus(&String::from(char::from(Key::Escape))).await?;
    page.until_focus("e.id === 'show-dag'").await?;
    page.type_in_focus(&String::from(char::from(Key::Escape))).await?;
    page.until_there("#inspector", false).await?;
    page.until_focus("e.id === 'play'").await?;
    page.no_complaints().await
}

#[tokio::test]
async fn a_branch_keeps_what_is_selected_and_the_focus_where_it_was() -> Result<()> {
    let page = Page::open("#/explore?v=2&at=900&packet=30").await?;
    page.until_text("inspector", "What if").await?;
    // Nothing of it goes, on the way to the branch, either.
    let watch = "window.lost = []; const inspector = document.getElementById('inspector');
        new MutationObserver(() => { if (!inspector.isConnected) window.lost.push('inspector'); })
            .observe(document.body, { childList: true, subtree: true });";
    page.browser.eval(watch).await?;
    page.browser.eval("document.documentElement.dataset.ready = 'changing'").await?;
    page.enter("[data-change^='flip:30:']").await?;
    page.until_ready().await?;
    page.until_text("view-branches", "2").await?;
    let told = page.until_text("inspector", "TCP flags").await?;
    ensure!(told.starts_with("Packet 30"), "{told}");
    page.until_focus("e.closest('#inspector')").await?;
    ensure!(page.browser.eval("return window.lost").await? == json!([]), "the inspector stays");
    // To the first run again: its row has no button any more.
    page.browser.eval("document.documentElement.dataset.ready = 'changing'").await?;
    page.enter("[data-branch='0']").await?;
    page.until_ready().await?;
    page.until_focus("e.id === 'branch-0' && e.getAttribute('aria-current') === 'true'").await?;
    let told = page.until_text("inspector", "TCP flags").await?;
    ensure!(told.starts_with("Packet 30"), "{told}");
    page.no_complaints().await
}

#[tokio::test]
async fn a_click_in_the_list_of_events_leaves_the_focus_there() -> Result<()> {
    let page = Page::open("#/explore?v=2&at=9000&bottom=events").await?;
    page.until_text("events", "packet").await?;
    let shown = "const list = document.getElementById('events').getBoundingClientRect();
        const rows = [...document.querySelectorAll('#events .row')].filter((row) => {
          const { top, bottom } = row.getBoundingClientRect();
          return top >= list.top && bottom <= list.bottom;
        });";
    // The last one in sight has the list scroll.
    for (index, what) in
        [("1", "button"), ("rows.length - 1", "button"), ("rows.length - 1", "[role=cell]:last-child")]
    {
        let script = format!(
            "{shown} const row = rows[{index}];
             for (const old of document.querySelectorAll('#clicked')) old.removeAttribute('id');
             row.querySelector('{what}').id = 'clicked'; return row.querySelector('button').textContent"
        );
        let position = page.browser.eval(&script).await?;
        let position: u64 = position.as_str().unwrap_or_default().parse()?;
        page.browser.client().find(Locator::Id("clicked")).await?.click().await?;
        if what == "button" {
            page.until_position("the event", |at, _| at == position).await?;
        }
        page.until_focus("e.closest('#events')").await?;
    }
    // Rows that go give it to the list.
    page.enter("#events .row button[tabindex='0']").await?;
    page.browser.eval("document.getElementById('events').scrollTop = 0").await?;
    page.until_focus("e.id === 'events'").await?;
    page.no_complaints().await
}
