//! Links carry everything that is selected, and how the run is looked at.

use anyhow::{Context, Result, ensure};
use fantoccini::key::Key;
use snapstack_e2e::{READY, wait_for};

use crate::fixture::Page;

/// What is chosen in each plot's heading.
async fn plots(page: &Page) -> Result<Vec<String>> {
    let plots =
        "return [...document.querySelectorAll('.plot select')].map((s) => s.selectedOptions[0].textContent)";
    Ok(serde_json::from_value(page.browser.eval(plots).await?)?)
}

async fn until_plots(page: &Page, wanted: [&str; 3]) -> Result<()> {
    wait_for(&format!("{wanted:?}"), READY, async || Ok((plots(page).await? == wanted).then_some(()))).await
}

async fn share(page: &Page) -> Result<String> {
    page.browser.eval("document.getElementById('share').click()").await?;
    page.until_text("notice", "The link to this moment").await?;
    let link = page.browser.eval("return location.hash").await?;
    Ok(link.as_str().context("no address")?.to_owned())
}

#[tokio::test]
async fn a_link_brings_plots_axis_range_and_the_selected_slot_to_whoever_opens_it() -> Result<()> {
    let page = Page::open("#/explore?v=2&at=1700&packet=22").await?;
    page.until_position("the link's moment", |at, _| at == 1700).await?;
    page.press_text("t").await?;
    page.until_text("place", "TX slot 18").await?;
    let choose = "const e = document.querySelectorAll('.plot select')[1]; e.selectedIndex = 5;
        e.dispatchEvent(new Event('change', { bubbles: true }));";
    page.browser.eval(choose).await?;
    until_plots(&page, ["Bytes copied", "Bus requests", "Dedup ratio"]).await?;
    page.press_text("a").await?;
    page.until_text("axis", "by time").await?;
    page.press_text("]").await?;
    let sums = page.until_text("range-0", "+").await?;
    let link = share(&page).await?;
    for part in
        ["&packet=22&", "&place=right:tx:18&", "&range=0-1700&", "&plots=copies,bus,dedup&", "&axis=time&"]
    {
        ensure!(link.contains(part), "{part} in {link}");
    }
    page.browser.open(&format!("{}{link}", page.server.url())).await?;
    page.until_text("place", "TX slot 18").await?;
    page.until_text("inspector", "Packet 22").await?;
    page.until_text("axis", "by time").await?;
    until_plots(&page, ["Bytes copied", "Bus requests", "Dedup ratio"]).await?;
    ensure!(page.until_text("range-0", "+").await? == sums);
    page.until_text("verdict", "reproduced").await?;
    ensure!(share(&page).await? == link, "it is the same link again");
    // A thread's socket, and the list of what is copied.
    page.press_text("s").await?;
    let socket = page.until_text("place", "Socket of thread").await?;
    page.press_text("3").await?;
    page.until_text("ledger-sum", "= plot").await?;
    let other = share(&page).await?;
    ensure!(other.contains("&place=right:socket:") && other.contains("&bottom=ledger&"), "{other}");
    // What was chosen by hand gives way to the link, and comes back by undo.
    page.follow("#/explore?v=2&at=5").await?;
    page.until_position("another link's moment", |at, _| at == 5).await?;
    until_plots(&page, ["Bytes copied", "Software allocations", "Dedup ratio"]).await?;
    page.until_text("axis", "by event").await?;
    page.browser.eval("document.documentElement.dataset.ready = 'going'").await?;
    page.chord("z").await?;
    page.until_ready().await?;
    page.until_position("the moment before the link", |at, _| at == 1700).await?;
    page.until_text("ledger-sum", "= plot").await?;
    ensure!(page.until_text("place", "Socket of thread").await? == socket);
    page.follow(&other).await?;
    page.until_text("ledger-sum", "= plot").await?;
    ensure!(page.until_text("place", "Socket of thread").await? == socket);
    page.press_text("1").await?;
    page.until_text("axis", "by time").await?;
    page.reload().await?;
    page.until_text("axis", "by time").await?;
    ensure!(page.until_text("place", "Socket of thread").await? == socket, "after a reload, too");
    page.until_text("range-0", "+").await?;
    page.press(Key::Escape).await?;
    page.no_complaints().await
}

#[tokio::test]
async fn what_a_link_selects_in_vain_is_told_and_the_rest_is_shown() -> Result<()> {
    let page = Page::open(
        "#/explore?v=2&at=1700&packet=4000000000&place=left:rx:70000&range=3-4000000000&content=00000001&plots=copies,evil&axis=time",
    )
    .await?;
    let told = page.until_text("notice", "no such packet").await?;
    for part in
        ["no such line", "no such slot or socket", "no such range", "“plots” has a value that is not known"]
    {
        ensure!(told.contains(part), "{part} in {told}");
    }
    page.until_position("the link's moment", |at, _| at == 1700).await?;
    page.until_text("axis", "by time").await?;
    ensure!(page.text("inspector").await?.is_empty() && page.text("range-0").await?.is_empty());
    page.no_complaints().await
}

#[tokio::test]
async fn what_lies_beyond_a_links_run_or_never_happens_in_it_is_told() -> Result<()> {
    let page = Page::open(
        "#/explore?v=2&at=4294967295&mark=999999999&line=16&line=32&change=lose:out:999999&change=flip:40:99999999:snapshot",
    )
    .await?;
    let told = page.until_text("notice", "never happens").await?;
    let (_, end) = page.position().await?;
    for part in [
        "“line” is in the link more than once",
        "moment is event 4,294,967,295",
        "marked moment is event 999,999,999",
        "no such frame, byte or moment: frame 999999 lost on its way out",
        "way out, byte 99999999 of packet 40 flipped",
    ] {
        ensure!(told.contains(part), "{part} in {told}");
    }
    page.until_position("the end", |at, all| at == end && all == end).await?;
    let link = share(&page).await?;
    ensure!(link.contains(&format!("&at={end}&mark={end}&")) && link.contains("&line=16&"), "{link}");
    page.no_complaints().await
}

#[tokio::test]
async fn a_file_that_a_link_does_not_ask_for_is_run_and_the_link_waits_on() -> Result<()> {
    let other = include_bytes!("../../../core/tests/captures/a09-vlan-qinq-http.pcap");
    let wrong = include_bytes!("../../../core/tests/captures/a05-dns.pcap");
    let page = Page::open("").await?;
    page.drop_file("mine.pcap", other).await?;
    page.until_text("capture", "mine.pcap").await?;
    page.until_ready().await?;
    page.press(Key::End).await?;
    let end = page.until_position("the end", |at, end| at == end && end > 0).await?;
    let link = share(&page).await?;
    let upper = link.replace("&digest=", "&digest= ");
    let (before, digest) = upper.split_once(" ").context("no digest")?;
    let upper = format!("{before}{}", digest.to_ascii_uppercase());
    ensure!(upper != link, "{link}");
    // Somebody else, who has never had the file.
    let page = Page::open(&upper).await?;
    page.until_text("notice", "drop that file here to see it").await?;
    page.dismiss().await?;
    page.drop_file("wrong.pcap", wrong).await?;
    let told = page.until_text("notice", "is not the file that the link asks for, mine.pcap").await?;
    ensure!(told.contains("wrong.pcap (SHA-256 ") && told.contains("waited for still"), "{told}");
    page.until_text("capture", "wrong.pcap").await?;
    page.until_ready().await?;
    // After a reload, too.
    page.reload().await?;
    page.until_text("capture", "wrong.pcap").await?;
    let told = page.until_text("notice", "is waited for still").await?;
    ensure!(told.contains("mine.pcap (SHA-256 "), "{told}");
    page.drop_file("mine.pcap", other).await?;
    page.until_text("capture", "mine.pcap").await?;
    page.until_text("verdict", "reproduced").await?;
    page.until_position("the link's moment", |at, _| at == end).await?;
    page.no_complaints().await
}
