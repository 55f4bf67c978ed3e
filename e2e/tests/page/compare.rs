//! The lines of two moments compared.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use snapstack_e2e::{READY, wait_for};

use crate::fixture::Page;

/// The number before a part of a text.
fn count(text: &str, part: &str) -> Result<u64> {
    let number = text.split(part).next().and_then(|before| before.rsplit(' ').next()).context("a number")?;
    number.replace(',', "").parse().with_context(|| format!("the number before {part:?} in {text:?}"))
}

#[tokio::test]
async fn lines_of_a_moment_are_compared_with_the_marked_one() -> Result<()> {
    let page = Page::open("#/explore?v=2&at=3000").await?;
    page.until_position("the link's moment", |at, _| at == 3000).await?;
    page.press_text("l").await?;
    page.until_text("lines", "Lines of all segments").await?;
    page.until_text("lines-mark", "Mark this moment").await?;
    page.click("lines-mark").await?;
    page.until_text("lines-mark", "Marked").await?;
    let disabled = "return document.getElementById('lines-compare').disabled";
    ensure!(page.browser.eval(disabled).await? == json!(true), "a moment is not compared with itself");
    page.browser.open(&format!("{}#/explore?v=2&at=9000&mark=3000", page.server.url())).await?;
    page.until_position("the other moment", |at, _| at == 9000).await?;
    page.press_text("l").await?;
    wait_for("lines to compare", READY, async || {
        let script = "return document.getElementById('lines-compare')?.disabled === false";
        Ok((page.browser.eval(script).await? == json!(true)).then_some(()))
    })
    .await?;
    page.click("lines-compare").await?;
    let told = page.until_text("lines-compared", "held at both").await?;
    let (both, new) = (count(&told, " lines held at both")?, count(&told, " lines new")?);
    ensure!(both > 0 && new > 0 && told.contains("freed since"), "{told}");
    let label = page.browser.eval("return document.querySelector('#lines .stage').ariaLabel").await?;
    let all = count(label.as_str().unwrap_or_default(), " lines (")?;
    ensure!(both + new == all, "{told} against {label}");
    page.until_text("lines", "held at the other moment, too").await?;
    // Of the cursor's moment it is told anew.
    page.click("lines-again").await?;
    page.until_text("lines-compared", "held at both").await?;
    page.click("lines-uncompare").await?;
    wait_for("the lines by themselves", READY, async || {
        let text = page.text("lines").await?;
        Ok((!text.contains("held at both") && !text.contains("held at the other moment")).then_some(()))
    })
    .await?;
    page.until_text("lines-compare", "Compare with the marked moment").await?;
    page.no_complaints().await
}
