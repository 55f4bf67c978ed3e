//! A small screen.

use anyhow::{Result, ensure};
use snapstack_e2e::{Browser, CSP, READY, StaticServer, dist, wait_for};

use crate::fixture::Page;

#[tokio::test]
async fn both_lanes_and_the_time_bar_fit_the_smallest_screen() -> Result<()> {
    let server = StaticServer::start(&dist()?, Some(CSP))?;
    let browser = Browser::start(360, 640).await?;
    browser.open(server.url()).await?;
    let page = Page { browser, server };
    page.stop().await?;
    let outside = "return ['lane-left', 'lane-right', 'play', 'back', 'forward', 'scrub', 'out-moment'].filter((id) => {
        const r = document.getElementById(id).getBoundingClientRect();
        return r.width < 1 || r.left < 0 || r.top < 0 || r.right > innerWidth || r.bottom > innerHeight; })";
    let outside = page.browser.eval(outside).await?;
    ensure!(outside == serde_json::json!([]), "out of sight: {outside}");
    let wide = page.browser.eval("return document.documentElement.scrollWidth - innerWidth").await?;
    ensure!(wide.as_f64().is_some_and(|wide| wide <= 0.0), "wider than the screen by {wide}");
    page.no_complaints().await
}

/// What lies outside of the window, and whether the lanes' canvases have room for a picture.
const SEEN: &str = "const seen = (id) => { const r = document.getElementById(id).getBoundingClientRect();
     return r.width > 0 && r.left >= 0 && r.top >= 0 && r.right <= innerWidth && r.bottom <= innerHeight; };
   return ['lane-left', 'lane-right', 'play', 'scrub', 'speed'].filter((id) => !seen(id)).concat(
     ['lane-left', 'lane-right'].filter((id) => document.getElementById(id).clientHeight < 140))";

#[tokio::test]
async fn lanes_and_time_stay_in_sight_whatever_the_window_shows_beside_them() -> Result<()> {
    let page = Page::open("").await?;
    page.stop().await?;
    for (width, height) in [(1440, 900), (1280, 720), (1024, 768), (844, 390), (720, 900)] {
        page.browser.resize(width, height).await?;
        for shown in ["", "#/explore?v=2&at=841&packet=40", "settings"] {
            match shown {
                "" => {}
                "settings" => page.click("all-settings").await?,
                link => page.browser.open(&format!("{}{link}", page.server.url())).await?,
            }
            // A phone on its side has room for lanes or settings.
            if height > 500 || shown != "settings" {
                let what = format!("lanes and time at {width} by {height} with '{shown}'");
                wait_for(&what, READY, async || {
                    Ok((page.browser.eval(SEEN).await? == serde_json::json!([])).then_some(()))
                })
                .await?;
            }
            if shown == "settings" {
                page.press(fantoccini::key::Key::Escape).await?;
            }
        }
    }
    page.no_complaints().await
}
