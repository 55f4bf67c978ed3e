//! Slots of the rings and threads' sockets: selected in a lane or by keys, shown in both lanes, told in words.

use anyhow::{Result, ensure};
use fantoccini::key::Key;
use serde_json::json;
use snapstack_e2e::{READY, wait_for};

use crate::fixture::Page;

/// A moment at which packet 22 is in its slots.
const MOMENT: &str = "#/explore?v=2&at=1700&packet=22";

/// Clicks along a row of a lane, given as a share of its height, until that has selected something whose words hold a part.
async fn click_along(page: &Page, lane: &str, row: f64, part: &str) -> Result<String> {
    click_between(page, lane, [row, row], part).await
}

/// Clicks all over the rows of a lane between two shares of its height, until that has selected something whose words hold a part.
async fn click_between(page: &Page, lane: &str, [top, bottom]: [f64; 2], part: &str) -> Result<String> {
    wait_for(&format!("{part:?} in the {lane} lane"), READY, async || {
        let script = format!(
            "const c = document.getElementById('lane-{lane}'), r = c.getBoundingClientRect();
             window.across = ((window.across ?? 0) + 13) % (r.width * 0.6);
             window.down = ((window.down ?? 0) + 0.37) % 1;
             const y = r.height * ({top} + ({bottom} - {top}) * down);
             c.dispatchEvent(new MouseEvent('click', {{ clientX: r.left + 64 + across, clientY: r.top + y, bubbles: true }}));"
        );
        page.browser.eval(&script).await?;
        let text = page.text("place").await?;
        Ok(text.contains(part).then_some(text))
    })
    .await
}

#[tokio::test]
async fn a_slot_is_selected_with_its_packet_and_leads_to_its_events() -> Result<()> {
    let page = Page::open(MOMENT).await?;
    page.until_position("the link's moment", |at, _| at == 1700).await?;
    page.until_text("inspector", "TCP ports").await?;
    page.press_text("t").await?;
    let slot = page.until_text("place", "TX slot 18").await?;
    for part in
        ["right lane", "segment ID1077", "22, as the segment's content", "doorbell is not rung", "recycled"]
    {
        ensure!(slot.contains(part), "{part} in {slot}");
    }
    page.until_text("inspector", "Packet 22").await?;
    // To the same packet in the other lane, and to the event that filled its descriptors.
    let press = |text: &str| {
        format!(
            "[...document.querySelectorAll('#place button')].find((b) => b.textContent === {}).click()",
            json!(text)
        )
    };
    page.browser.eval(&press("In the left lane")).await?;
    let slot = page.until_text("place", "left lane").await?;
    ensure!(slot.contains("22, by descriptor 1 of its") && slot.contains("head 640 B"), "{slot}");
    page.browser.eval(&press("Slot after")).await?;
    page.until_text("place", "by descriptor 2 of its").await?;
    page.browser.eval("document.querySelector('#place tbody button').click()").await?;
    page.until_position("the event that filled it", |at, _| at < 1700).await?;
    page.until_text("place", "filled, the doorbell is not rung").await?;
    page.press(Key::Escape).await?;
    wait_for("the inspector to close", READY, async || {
        Ok(page.text("inspector").await?.is_empty().then_some(()))
    })
    .await?;
    page.no_complaints().await
}

#[tokio::test]
async fn slots_and_sockets_are_selected_by_a_click_in_either_lane() -> Result<()> {
    let page = Page::open(MOMENT).await?;
    page.until_position("the link's moment", |at, _| at == 1700).await?;
    let slot = click_along(&page, "right", 0.66, "the NIC: posted").await?;
    ensure!(slot.contains("as the segment's content"), "{slot}");
    page.until_text("inspector", "Packet ").await?;
    let slot = click_along(&page, "left", 0.735, "granted, to be filled").await?;
    ensure!(slot.contains("RX slot") && slot.contains("one of 2,048 B"), "{slot}");
    let socket = click_along(&page, "left", 0.235, "Socket of thread").await?;
    for part in ["TCP 10.0.0.2:", "last send", "copied for itleft lane"] {
        ensure!(socket.contains(part), "{part} in {socket}");
    }
    // By key, of the thread that called last.
    page.press_text("s").await?;
    page.until_text("place", "right lane").await?;
    page.no_complaints().await
}

#[tokio::test]
async fn of_several_queues_each_ring_s_slots_are_selected_and_shared() -> Result<()> {
    let page =
        Page::open("#/explore?v=2&run=web&threads=8&bytes=60000&message=8192&queues=4&at=3000").await?;
    page.until_position("the link's moment", |at, _| at == 3000).await?;
    for (lane, ring, queue) in [("right", "TX", 3), ("left", "RX", 2)] {
        let name = format!("of queue {queue}");
        let told = wait_for(&format!("a slot {name}"), READY, async || {
            let told = click_between(&page, lane, [0.55, 0.85], &name).await?;
            Ok(told.starts_with(ring).then_some(told))
        })
        .await?;
        page.click("share").await?;
        page.until_text("notice", "address bar").await?;
        page.dismiss().await?;
        let link = page.browser.client().current_url().await?;
        let place = format!("place={lane}:{}{queue}:", ring.to_lowercase());
        ensure!(link.fragment().is_some_and(|fragment| fragment.contains(&place)), "{place} in {link}");
        let title = told.split(name.as_str()).next().unwrap_or_default().to_owned() + &name;
        let second = Page::open(&format!("#{}", link.fragment().unwrap_or_default())).await?;
        second.until_text("verdict", "reproduced").await?;
        second.until_text("place", &title).await?;
        second.no_complaints().await?;
    }
    page.no_complaints().await
}
