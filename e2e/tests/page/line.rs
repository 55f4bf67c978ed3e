//! A line of memory, selected everywhere at once.

use anyhow::{Result, ensure};
use fantoccini::key::Key;
use serde_json::json;
use snapstack_e2e::{READY, wait_for};

use crate::fixture::Page;

#[tokio::test]
async fn a_line_is_told_in_the_inspector_in_the_sheet_and_in_links() -> Result<()> {
    let page = Page::open("#/explore?v=2&at=9000&packet=200").await?;
    page.until_text("inspector", "TCP flags").await?;
    page.browser.eval("document.querySelector('#inspector .lines button.line').click()").await?;
    page.until_text("line", "held, right lane").await?;
    let bytes = "return document.querySelector('#line .hex')?.textContent ?? ''";
    let bytes = wait_for("its bytes", READY, async || {
        let text = page.browser.eval(bytes).await?;
        Ok(text.as_str().filter(|text| text.len() > 40).map(str::to_owned))
    })
    .await?;
    page.click("share").await?;
    page.until_text("notice", "The link to this moment").await?;
    let link = page.browser.eval("return location.hash").await?;
    let link = link.as_str().unwrap_or_default().to_owned();
    ensure!(link.contains("&content="), "{link}");
    // In the sheet it is selected too, and what lies under the sheet is out of reach.
    page.browser.eval("document.getElementById('line-dag').focus()").await?;
    page.click("line-dag").await?;
    page.until_text("lines", "Lines of all segments").await?;
    let state = page
        .browser
        .eval("return [document.querySelector('.whole').inert, document.activeElement.id]")
        .await?;
    ensure!(state == json!([true, "lines"]), "{state}");
    let told = page.until_text("why", "reference").await?;
    ensure!(told.contains(bytes.lines().next().unwrap_or("?")), "{told} is not about {bytes}");
    page.press(Key::Escape).await?;
    wait_for("the focus to come back", READY, async || {
        let id = page.browser.eval("return document.activeElement.id").await?;
        Ok((id == json!("line-dag")).then_some(()))
    })
    .await?;
    page.until_text("line", "held, right lane").await?;
    page.press(Key::Escape).await?;
    wait_for("the line to be left", READY, async || Ok(page.text("line").await?.is_empty().then_some(())))
        .await?;
    // Whoever opens the link has it selected.
    page.browser.open(&format!("{}{link}", page.server.url())).await?;
    page.until_text("line", "held, right lane").await?;
    page.no_complaints().await
}

#[tokio::test]
async fn a_link_opens_with_what_it_asks_to_be_looked_at() -> Result<()> {
    let page = Page::open("#/explore?v=2&at=9000&do=view-ledger&do=undo").await?;
    page.until_text("ledger-sum", "= plot").await?;
    page.until_text("notice", "no command that a link may ask for").await?;
    page.no_complaints().await
}

#[tokio::test]
async fn bookmarks_are_listed_and_gone_to() -> Result<()> {
    let page = Page::open("#/explore?v=2&at=100").await?;
    page.until_position("the link's moment", |at, _| at == 100).await?;
    page.press_text("b").await?;
    page.press(Key::End).await?;
    page.until_position("the end", |at, end| at == end).await?;
    page.press_text("b").await?;
    page.press_text(",").await?;
    page.until_position("the bookmark before", |at, _| at == 100).await?;
    page.press_text(".").await?;
    page.until_position("the bookmark after", |at, end| at == end).await?;
    page.press_text("2").await?;
    let choose = "const e = document.getElementById('event-filter'); e.value = 'bookmarks';
                  e.dispatchEvent(new Event('change', { bubbles: true }));";
    page.browser.eval(choose).await?;
    let rows = "return [...document.querySelectorAll('#events .row button')].map((b) => b.textContent)";
    wait_for("both bookmarks", READY, async || {
        let rows = page.browser.eval(rows).await?;
        Ok((rows.as_array().is_some_and(|rows| rows.len() == 2 && rows[0] == json!("100"))).then_some(()))
    })
    .await?;
    page.browser.eval("document.querySelector('#events .row button').click()").await?;
    page.until_position("what was clicked", |at, _| at == 100).await?;
    page.click("bookmark").await?;
    wait_for("it to be taken away", READY, async || {
        Ok((page.browser.eval(rows).await?.as_array().map(Vec::len) == Some(1)).then_some(()))
    })
    .await?;
    page.no_complaints().await
}

#[tokio::test]
async fn where_the_clipboard_is_denied_the_page_says_so() -> Result<()> {
    let page = Page::open("").await?;
    page.stop().await?;
    page.browser.eval("Object.defineProperty(navigator, 'clipboard', { value: undefined })").await?;
    page.click("share").await?;
    page.until_text("notice", "copy it from there").await?;
    page.palette().await?;
    page.type_in_focus(&format!("how to cite{}", char::from(Key::Enter))).await?;
    page.until_text("notice", "lets the page write nothing to the clipboard: Snapstack").await?;
    page.no_complaints().await
}

#[tokio::test]
async fn the_palette_s_choice_stays_in_sight() -> Result<()> {
    let page = Page::open("").await?;
    page.stop().await?;
    page.palette().await?;
    page.until_text("palette", "Go to the end").await?;
    let seen = "const list = document.getElementById('palette-list').getBoundingClientRect();
                const row = document.querySelector('#palette-list [aria-selected=true]').getBoundingClientRect();
                return row.top >= list.top - 1 && row.bottom <= list.bottom + 1";
    for (key, times) in [(Key::Down, 30), (Key::Up, 20), (Key::Up, 15)] {
        page.type_in_focus(&String::from(char::from(key)).repeat(times)).await?;
        wait_for("the choice in sight", READY, async || {
            Ok((page.browser.eval(seen).await? == json!(true)).then_some(()))
        })
        .await?;
    }
    page.no_complaints().await
}

#[tokio::test]
async fn on_a_phone_both_lanes_and_the_controls_fit_and_everything_is_at_hand() -> Result<()> {
    let page = Page::open("").await?;
    page.stop().await?;
    page.browser.resize(360, 640).await?;
    let inside = "const ids = ['run', 'find', 'undo', 'all-settings', 'lane-left', 'lane-right', 'play', 'scrub', 'speed'];
        return ids.filter((id) => {
          const box = document.getElementById(id)?.getBoundingClientRect();
          return !box || !box.width || box.left < 0 || box.right > 360 || box.top < 0 || box.bottom > 640;
        })";
    wait_for("all of it to fit", READY, async || {
        let outside = page.browser.eval(inside).await?;
        let wide = page.browser.eval("return document.documentElement.scrollWidth > 360").await?;
        Ok((outside == json!([]) && wide == json!(false)).then_some(()))
    })
    .await?;
    page.click("find").await?;
    page.until_text("palette", "Bookmark this moment").await?;
    page.type_in_focus(&String::from(char::from(Key::Escape))).await?;
    page.click("all-settings").await?;
    page.until_text("settings", "left lane").await?;
    page.until_text("capture-facts", "which sends most").await?;
    page.choose("choose-right", "sk_buff, descriptor NIC").await?;
    page.choose("all-line-size", "16").await?;
    page.click("undo").await?;
    page.until_ready().await?;
    let line = page.browser.eval("return document.getElementById('line-size').value").await?;
    ensure!(line == json!("64"), "{line}");
    page.no_complaints().await
}

#[tokio::test]
async fn a_drawing_of_the_lab_that_was_saved_opens_again() -> Result<()> {
    let page = Page::open("").await?;
    page.stop().await?;
    let svg = b"<svg><metadata>#/memory?lab=1;16;c616263;s1</metadata></svg>";
    page.drop_file("snapstack-memory.svg", svg).await?;
    page.until_text("lab-said", "S2 is a snapshot of S1").await?;
    wait_for("the address to be the page's", READY, async || {
        Ok((page.browser.eval("return location.hash").await? == json!("#/memory")).then_some(()))
    })
    .await?;
    page.click("lab-undo").await?;
    page.browser.eval("location.hash = '#/memory?lab=nonsense'").await?;
    page.until_text("lab-said", "cannot be read").await?;
    page.no_complaints().await
}
