//! The memory page's main path.

use anyhow::{Result, ensure};
use fantoccini::key::Key;
use fantoccini::{Locator, elements::Element};
use serde_json::json;
use snapstack_e2e::{READY, wait_for};

use crate::fixture::Page;

async fn find(page: &Page, css: &str) -> Result<Element> {
    Ok(page.browser.client().find(Locator::Css(css)).await?)
}

#[tokio::test]
async fn figure_1_is_there_undone_step_by_step_and_reached_by_keys() -> Result<()> {
    let page = Page::open("#/memory").await?;
    page.until_text("lab-tally", "8 lines held (4 data, 4 interior").await?;
    page.until_text("lab-compared", "They differ in bytes 16 to 32").await?;
    page.click("lab-undo").await?;
    page.until_text("lab-said", "16 bytes of S1 are overwritten from byte 16").await?;
    ensure!(page.text("lab-said").await?.contains("S2 keeps every byte"));
    page.click("lab-undo").await?;
    page.until_text("lab-compared", "Equal: one comparison of two roots").await?;
    page.click("lab-redo").await?;
    page.click("lab-redo").await?;
    let dag = find(&page, "#dag").await?;
    let mut told = String::new();
    for step in ["Segment S1", "2281 interior", "661 interior", "2737 data"] {
        dag.send_keys(&char::from(Key::Down).to_string()).await?;
        told = page.until_text("lab-selected", step).await?;
    }
    ensure!(told.contains("Alive because of"), "{told}");
    ensure!(told.contains("Referred to by") && told.contains("S3"), "{told}");
    page.no_complaints().await
}

#[tokio::test]
async fn what_is_typed_is_shared_overwritten_compared_and_released() -> Result<()> {
    let page = Page::open("#/memory").await?;
    page.click("lab-clear").await?;
    page.until_text("lab-said", "The memory is empty").await?;
    find(&page, "#lab-new").await?.send_keys("0123456789abcdef0123456789abcdef").await?;
    page.click("lab-create").await?;
    // One data line, which is there twice, and the root.
    page.until_text("lab-said", "2 lines new, 1 found as already there").await?;
    find(&page, "[aria-label='Snapshot S1']").await?.click().await?;
    page.until_text("lab-said", "S2 is a snapshot of S1").await?;
    // Who hears the buttons hears which segment each is about.
    let names = page
        .browser
        .eval("return [...document.querySelectorAll('.segments .row button[aria-label]')].map((e) => e.ariaLabel)")
        .await?;
    ensure!(names == json!(["Snapshot S1", "Release S1", "Snapshot S2", "Release S2"]), "{names}");
    find(&page, "#lab-text").await?.send_keys("!").await?;
    page.until_text("lab-said", "S2 is typed into").await?;
    ensure!(page.text("lab-said").await?.contains("S1 keeps every byte"));
    find(&page, "#lab-length").await?.clear().await?;
    find(&page, "#lab-length").await?.send_keys(&format!("16{}", char::from(Key::Enter))).await?;
    page.until_text("lab-said", "S2 now has 16 bytes").await?;
    find(&page, "[aria-label='Release S1']").await?.click().await?;
    page.until_text("lab-said", "S1 is released").await?;
    page.until_text("lab-tally", "1 lines held").await?;
    page.no_complaints().await
}

#[tokio::test]
async fn a_paste_that_is_too_long_is_refused_and_stays_in_the_field() -> Result<()> {
    let page = Page::open("#/memory").await?;
    let length = "return document.getElementById('lab-new').value.length";
    page.browser.eval("document.getElementById('lab-new').value = 'x'.repeat(17000)").await?;
    page.click("lab-create").await?;
    page.until_text("lab-said", "paste less").await?;
    ensure!(page.browser.eval(length).await? == json!(17_000));
    page.browser.eval("document.getElementById('lab-new').value = 'short enough'").await?;
    page.click("lab-create").await?;
    page.until_text("lab-said", "new").await?;
    ensure!(page.browser.eval(length).await? == json!(0));
    page.until_text("lab-range", "from 0 to 16,384").await?;
    page.no_complaints().await
}

#[tokio::test]
async fn the_drawing_takes_the_room_that_there_is() -> Result<()> {
    let page = Page::open("#/memory").await?;
    page.until_text("lab-tally", "lines held").await?;
    // Of the drawing's width so much is drawn on, and it is so much of the window's.
    let share = "const canvas = document.querySelector('#dag canvas');
                 const { width, height } = canvas;
                 const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
                 let [left, right] = [width, 0];
                 for (let i = 3; i < data.length; i += 4) {
                   if (data[i] === 0) continue;
                   const x = (i - 3) / 4 % width;
                   left = Math.min(left, x);
                   right = Math.max(right, x);
                 }
                 return [Math.round(100 * (right - left) / width), Math.round(100 * canvas.clientWidth / innerWidth)]";
    for (width, height, least) in [(1440, 900, [85, 50]), (844, 390, [50, 60]), (400, 800, [80, 95])] {
        page.browser.resize(width, height).await?;
        let what = format!("the drawing to fill its part of {width} by {height}");
        wait_for(&what, READY, async || {
            let found: (u32, u32) = serde_json::from_value(page.browser.eval(share).await?)?;
            Ok((found.0 >= least[0] && found.1 >= least[1]).then_some(()))
        })
        .await?;
    }
    page.no_complaints().await
}

#[tokio::test]
async fn the_run_lives_on_while_another_page_is_shown() -> Result<()> {
    let page = Page::open("").await?;
    page.choose("line-size", "32").await?;
    let seek = "const e = document.getElementById('scrub'); e.value = 1234;
                e.dispatchEvent(new Event('input', { bubbles: true }));";
    page.browser.eval(seek).await?;
    page.until_position("the moment", |at, _| at == 1234).await?;
    page.until_kept().await?;
    let asked = page.server.served().len();
    page.browser.eval("location.hash = '#/memory'").await?;
    page.until_text("lab-tally", "lines held").await?;
    page.browser.eval("location.hash = '#/explore'").await?;
    page.until_position("the same moment", |at, _| at == 1234).await?;
    let line = page.browser.eval("return document.getElementById('line-size').value").await?;
    ensure!(line == json!("32"));
    ensure!(page.server.served().len() == asked, "nothing was loaded again");
    page.no_complaints().await
}
