//! Measures the page in headless Chromium at 1440x900: `measure <folder of the page> [seconds of play [what]]`, where `what`
//! is part of the name of those ways to play that are wanted. Prints one JSON object a line; times are milliseconds.

#![allow(clippy::print_stdout, reason = "a program whose output is its results")]

use std::env;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use snapstack_e2e::{Browser, StaticServer};

/// Runs before the page's own scripts: notes when it becomes ready, its long tasks, and the intervals between frames.
const PROBE: &str = "
    window.probe = { ready: null, tasks: [], frames: [], last: null };
    new PerformanceObserver(list => list.getEntries().forEach(entry => probe.tasks.push(entry.duration)))
        .observe({ type: 'longtask', buffered: true });
    const watch = () => {
        if (document.documentElement?.dataset.ready === 'true') probe.ready = performance.now();
        else requestAnimationFrame(watch);
    };
    requestAnimationFrame(watch);
    const frame = now => {
        if (probe.last !== null) probe.frames.push(now - probe.last);
        probe.last = now;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);";

/// A thousand packets on their way: many connections that share a slow link, over as many queues as there may be, as each has
/// some 64 packets between driver and completion at the most. A test of the timeline counts them.
const CROWDED: &str =
    "#/explore?v=2&run=bulk&threads=256&bytes=65536&ring=4096&rate=100&doorbell=1&queues=16";

/// Ways to play: a name, what is opened, and the speed; the opening plays by itself.
const PLAYS: [(&str, &str, Option<u32>); 4] = [
    ("tour", "", None),
    ("1,000 events/s", "", Some(4)),
    ("fastest", "", Some(6)),
    ("1,000 packets in flight, 1,000 events/s", CROWDED, Some(4)),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args: Vec<_> = env::args().skip(1).collect();
    let whole = |text: &String| text.parse().context("the seconds of play are no whole number");
    let (dist, seconds, what) = match args.as_slice() {
        [dist] => (dist, 8, ""),
        [dist, seconds] => (dist, whole(seconds)?, ""),
        [dist, seconds, what] => (dist, whole(seconds)?, what.as_str()),
        _ => bail!("usage: measure <folder of the built page> [seconds of play [what]]"),
    };
    let server = StaticServer::start(Path::new(dist), None)?;
    for (name, fragment, speed) in PLAYS.into_iter().filter(|(name, ..)| name.contains(what)) {
        let browser = Browser::start(1440, 900).await?;
        browser.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": PROBE })).await?;
        browser.open(&format!("{}{fragment}", server.url())).await?;
        match speed {
            None => println!("{}", loading(&browser).await?),
            Some(speed) => {
                browser.eval(&start(speed, if fragment.is_empty() { 0.0 } else { 0.5 })).await?;
            }
        }
        let before = heap(&browser).await?;
        browser.eval("probe.frames = []; probe.tasks = []").await?;
        // A span of play is what is measured here: nothing is waited for.
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let mut found = playing(&browser, name, seconds).await?;
        // What was noted for the measurement is not the page's.
        browser.eval("probe.frames = []; probe.tasks = []").await?;
        found["heap_bytes"] = json!([before, heap(&browser).await?]);
        println!("{found}");
        if fragment == CROWDED {
            println!("{}", seeking(&browser).await?);
        }
    }
    Ok(())
}

/// A hundred jumps to random moments of the run, and a step back from each: the time of the input's handlers and of what they
/// leave to be done at once, such as the views, and that from the beginning of the next frame until its picture is drawn.
async fn seeking(browser: &Browser) -> Result<Value> {
    let script = "
        const scrub = document.getElementById('scrub'), back = document.getElementById('back');
        const drawn = () => new Promise(done => requestAnimationFrame(start => setTimeout(() => done(start))));
        const timed = async act => {
            await drawn();
            const start = performance.now();
            act();
            for (let i = 0; i < 4; i += 1) await null;
            const handled = performance.now() - start;
            const frame = await drawn();
            return handled + performance.now() - frame;
        };
        const seeks = [], steps = [];
        let draw = 1;
        for (let i = 0; i < 100; i += 1) {
            draw = (draw * 48271) % 2147483647;
            scrub.value = Math.floor(draw / 2147483647 * scrub.max);
            seeks.push(await timed(() => scrub.dispatchEvent(new Event('input', { bubbles: true }))));
            steps.push(await timed(() => back.click()));
        }
        const p95 = list => list.sort((a, b) => a - b)[94];
        return { events: Number(scrub.max), seek_p95: p95(seeks), step_back_p95: p95(steps) };";
    let mut found = browser.eval(&format!("return (async () => {{ {script} }})()")).await?;
    found["name"] = json!("seeking");
    Ok(found)
}

/// Chooses a speed and plays from a share of the run.
fn start(speed: u32, from: f64) -> String {
    format!(
        "const e = document.getElementById('speed'); e.selectedIndex = {speed};
         e.dispatchEvent(new Event('change', {{ bubbles: true }}));
         const s = document.getElementById('scrub'); s.value = Math.floor({from} * s.max);
         s.dispatchEvent(new Event('input', {{ bubbles: true }}));
         document.getElementById('play').click();"
    )
}

/// Bytes that the page's scripts hold after a collection, and those of array buffers, WebAssembly's memory among them. While it
/// is looked at the picture stands still: what a frame has just made is no sign of what stays.
async fn heap(browser: &Browser) -> Result<Value> {
    let pause = "
        const play = document.getElementById('play'), plays = play.textContent.includes('Pause');
        if (plays) play.click();
        const frame = () => new Promise(requestAnimationFrame);
        return (async () => { for (let i = 0; i < 10; i += 1) await frame(); return plays; })()";
    let plays = browser.eval(pause).await?;
    for _ in 0..3 {
        browser.cdp("HeapProfiler.collectGarbage", json!({})).await?;
    }
    let usage = browser.cdp("Runtime.getHeapUsage", json!({})).await?;
    if plays == json!(true) {
        browser.eval("document.getElementById('play').click()").await?;
    }
    Ok(json!([usage["usedSize"], usage["backingStorageSize"]]))
}

async fn loading(browser: &Browser) -> Result<Value> {
    let script = "
        const paint = performance.getEntriesByName('first-contentful-paint')[0];
        return { first_contentful_paint: paint?.startTime ?? null, ready: probe.ready,
                 longest_task: Math.max(0, ...probe.tasks),
                 packets_per_second: Number(document.documentElement.dataset.packetsPerSecond ?? NaN) || null }";
    let mut found = browser.eval(script).await?;
    found["name"] = json!("loading");
    Ok(found)
}

async fn playing(browser: &Browser, name: &str, seconds: u64) -> Result<Value> {
    let script = "
        const frames = probe.frames.slice().sort((a, b) => a - b);
        const at = share => frames[Math.min(frames.length - 1, Math.floor(share * frames.length))] ?? null;
        return { frames: frames.length, median: at(0.5), p95: at(0.95), longest: at(1),
                 longest_task: Math.max(0, ...probe.tasks) }";
    let mut found = browser.eval(script).await?;
    found["name"] = json!(format!("playing: {name}"));
    found["seconds"] = json!(seconds);
    Ok(found)
}
