//! A small screen.

use anyhow::{Result, ensure};
use snapstack_e2e::{Browser, CSP, StaticServer, dist};

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
