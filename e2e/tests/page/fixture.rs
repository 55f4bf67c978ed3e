//! The built page in a browser, and what a person does with it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fantoccini::Locator;
use fantoccini::key::Key;
use serde_json::json;
use snapstack_e2e::{Browser, CSP, READY, StaticServer, dist, wait_for};

/// Keeps every worker that the page starts, so that a test can end one.
const KEEP: &str = "window.__workers = []; const Plain = Worker;
    window.Worker = class extends Plain { constructor(...a) { super(...a); window.__workers.push(this); } };";

/// A folder that goes when this is dropped.
pub(crate) struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

impl Folder {
    /// A copy of a folder, named after what it is for.
    pub(crate) fn copy_of(from: &Path, name: &str) -> Result<Self> {
        let folder = Self::empty(name)?;
        copy(from, &folder.0)?;
        Ok(folder)
    }

    /// An empty one.
    pub(crate) fn empty(name: &str) -> Result<Self> {
        // Tests that run at once may want folders for the same.
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = Self(env::temp_dir().join(format!("snapstack-{name}-{}-{number}", process::id())));
        fs::create_dir_all(&folder.0)?;
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The bytes of a file that the browser saves here, once they are there; the file is taken away, so that another one may
    /// have its name.
    pub(crate) async fn saved(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.0.join(name);
        let bytes = wait_for(name, READY, async || {
            // The browser renames a file when it is whole.
            let bytes = fs::read(&path).unwrap_or_default();
            Ok((!bytes.is_empty()).then_some(bytes))
        })
        .await?;
        fs::remove_file(&path)?;
        Ok(bytes)
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

pub(crate) struct Page {
    pub(crate) browser: Browser,
    pub(crate) server: StaticServer,
}

impl Page {
    pub(crate) async fn open(fragment: &str) -> Result<Page> {
        let server = StaticServer::start(&dist()?, Some(CSP))?;
        let browser = Browser::start(1440, 900).await?;
        browser.open(&format!("{}{fragment}", server.url())).await?;
        Ok(Page { browser, server })
    }

    /// Opens the page with its workers in reach.
    pub(crate) async fn open_with_workers(fragment: &str) -> Result<Page> {
        let server = StaticServer::start(&dist()?, Some(CSP))?;
        let browser = Browser::start(1440, 900).await?;
        browser.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": KEEP })).await?;
        browser.open(&format!("{}{fragment}", server.url())).await?;
        Ok(Page { browser, server })
    }

    /// Ends the worker that was started last, as one without memory ends.
    pub(crate) async fn end_worker(&self) -> Result<()> {
        let die = "const w = window.__workers.at(-1); w.terminate();
                   w.dispatchEvent(new ErrorEvent('error', { message: 'out of memory' }));";
        self.browser.eval(die).await?;
        self.until_text("broken", "The simulation has stopped").await.map(drop)
    }

    /// Ends the worker that was started last, so that nobody is told.
    pub(crate) async fn silence_worker(&self) -> Result<()> {
        self.browser.eval("window.__workers.at(-1).terminate()").await.map(drop)
    }

    /// A folder in which the browser puts what is saved from now on, named after what it is for.
    pub(crate) async fn downloads(&self, name: &str) -> Result<Folder> {
        let folder = Folder::empty(name)?;
        let to = json!({"behavior": "allow", "downloadPath": folder.path()});
        self.browser.cdp("Browser.setDownloadBehavior", to).await?;
        Ok(folder)
    }

    /// Chooses a command of the palette by its words.
    pub(crate) async fn choose_command(&self, words: &str) -> Result<()> {
        self.palette().await?;
        self.type_in_focus(&format!("{words}{}", char::from(Key::Enter))).await?;
        wait_for("the palette to close", READY, async || {
            let there = self.browser.eval("return !!document.getElementById('palette')").await?;
            Ok((there == json!(false)).then_some(()))
        })
        .await
    }

    /// The picture that was copied: the bytes of a PNG.
    pub(crate) async fn clipboard(&self) -> Result<Vec<u8>> {
        let read = "delete window.__copied;
            navigator.clipboard.read()
              .then((items) => items[0].getType('image/png')).then((blob) => blob.arrayBuffer())
              .then((bytes) => { window.__copied = Array.from(new Uint8Array(bytes)); }, (error) => { window.__copied = String(error); });";
        self.browser.eval(read).await?;
        let copied = wait_for("the clipboard", READY, async || {
            let copied = self.browser.eval("return window.__copied ?? null").await?;
            Ok((!copied.is_null()).then_some(copied))
        })
        .await?;
        serde_json::from_value(copied.clone()).with_context(|| format!("no picture but {copied:.300}"))
    }

    pub(crate) async fn text(&self, id: &str) -> Result<String> {
        let script = format!("return document.getElementById({})?.textContent ?? ''", json!(id));
        Ok(self.browser.eval(&script).await?.as_str().unwrap_or_default().to_owned())
    }

    /// Position and number of events, as the time bar shows them.
    pub(crate) async fn position(&self) -> Result<(u64, u64)> {
        let text = self.text("out-moment").await?;
        let numbers = text.split_once("event ").and_then(|(_, rest)| rest.split_once(" of "));
        let (at, end) = numbers.with_context(|| format!("no position in {text:?}"))?;
        Ok((at.replace(',', "").parse()?, end.replace(',', "").parse()?))
    }

    pub(crate) async fn until_position(&self, what: &str, holds: impl Fn(u64, u64) -> bool) -> Result<u64> {
        wait_for(what, READY, async || {
            let (at, end) = self.position().await?;
            Ok(holds(at, end).then_some(at))
        })
        .await
    }

    pub(crate) async fn until_text(&self, id: &str, part: &str) -> Result<String> {
        wait_for(&format!("{part:?} in #{id}"), READY, async || {
            let text = self.text(id).await?;
            Ok(text.contains(part).then_some(text))
        })
        .await
    }

    /// Puts away what the notice says, so that the next one is an answer to what is done next.
    pub(crate) async fn dismiss(&self) -> Result<()> {
        self.browser.eval("document.querySelector('#notice [aria-label=Dismiss]').click()").await?;
        wait_for("the notice to go", READY, async || {
            let there = self.browser.eval("return !!document.getElementById('notice')").await?;
            Ok((there == json!(false)).then_some(()))
        })
        .await
    }

    pub(crate) async fn click(&self, id: &str) -> Result<()> {
        self.browser.client().find(Locator::Id(id)).await?.click().await?;
        Ok(())
    }

    /// Stops whatever moves: the opening, or what a click has started because the opening ended just before it.
    pub(crate) async fn stop(&self) -> Result<()> {
        let still = async || Ok(self.text("play").await?.contains("Play").then_some(()));
        wait_for("the picture to stand still", READY, async || {
            if still().await?.is_none() {
                self.click("play").await?;
                wait_for("the button to answer", Duration::from_secs(2), still).await?;
            }
            Ok(Some(()))
        })
        .await
    }

    pub(crate) async fn press(&self, key: Key) -> Result<()> {
        self.press_text(&String::from(char::from(key))).await
    }

    /// Presses the keys of a text, with the focus on nothing in particular.
    pub(crate) async fn press_text(&self, keys: &str) -> Result<()> {
        self.browser.eval("document.activeElement?.blur()").await?;
        let body = self.browser.client().find(Locator::Css("body")).await?;
        body.send_keys(keys).await?;
        Ok(())
    }

    /// Presses a key together with Ctrl, wherever the focus is.
    pub(crate) async fn chord(&self, key: &str) -> Result<()> {
        self.type_in_focus(&format!("{}{key}{}", char::from(Key::Control), char::from(Key::Null))).await
    }

    /// Opens the palette, until one can type in it.
    pub(crate) async fn palette(&self) -> Result<()> {
        self.chord("k").await?;
        wait_for("the palette's field to have the focus", READY, async || {
            let script = "return !!document.activeElement?.closest('#palette')";
            Ok((self.browser.eval(script).await? == json!(true)).then_some(()))
        })
        .await
    }

    /// Types where the focus is.
    pub(crate) async fn type_in_focus(&self, keys: &str) -> Result<()> {
        self.browser.client().active_element().await?.send_keys(keys).await?;
        Ok(())
    }

    /// Drops a file on the page as a browser does.
    pub(crate) async fn drop_file(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let script = format!(
            "const data = new DataTransfer();
             data.items.add(new File([new Uint8Array({})], {}));
             window.dispatchEvent(new DragEvent('drop', {{ dataTransfer: data, bubbles: true, cancelable: true }}));",
            json!(bytes),
            json!(name)
        );
        self.browser.eval(&script).await.map(drop)
    }

    pub(crate) async fn choose(&self, id: &str, value: &str) -> Result<()> {
        self.browser.eval("document.documentElement.dataset.ready = 'changing'").await?;
        let script = format!(
            "const e = document.getElementById({}); e.value = {};
             e.dispatchEvent(new Event('change', {{ bubbles: true }}));",
            json!(id),
            json!(value)
        );
        self.browser.eval(&script).await?;
        self.until_ready().await
    }

    /// Loads the page again, as its user does, and waits until it is there.
    pub(crate) async fn reload(&self) -> Result<()> {
        self.browser.client().refresh().await?;
        self.until_ready().await
    }

    /// Drags the cursor to a position.
    pub(crate) async fn scrub(&self, to: u64) -> Result<()> {
        let script = format!(
            "const e = document.getElementById('scrub'); e.value = {to};
             e.dispatchEvent(new Event('input', {{ bubbles: true }}));"
        );
        self.browser.eval(&script).await?;
        self.until_position("the moment", |at, _| at == to).await.map(drop)
    }

    /// What is chosen in a field.
    pub(crate) async fn value(&self, id: &str) -> Result<String> {
        let script = format!("return document.getElementById({})?.value ?? ''", json!(id));
        Ok(self.browser.eval(&script).await?.as_str().unwrap_or_default().to_owned())
    }

    /// Goes to another address of the page, as a click on a link does, and waits for its run.
    pub(crate) async fn follow(&self, fragment: &str) -> Result<()> {
        self.browser.eval("document.documentElement.dataset.ready = 'going'").await?;
        self.browser.eval(&format!("location.hash = {}", json!(fragment))).await?;
        self.until_ready().await
    }

    /// Does what a command of the palette does, and waits for its run.
    pub(crate) async fn command(&self, words: &str) -> Result<()> {
        self.browser.eval("document.documentElement.dataset.ready = 'going'").await?;
        self.chord("k").await?;
        self.until_text("palette", "Undo the change").await?;
        self.type_in_focus(&format!("{words}{}", char::from(Key::Enter))).await?;
        self.until_ready().await
    }

    /// Waits until the page's files are kept and the service worker answers for this page.
    pub(crate) async fn until_kept(&self) -> Result<()> {
        wait_for("the files to be kept", READY, async || {
            let script = "return navigator.serviceWorker.controller?.state === 'activated'";
            Ok((self.browser.eval(script).await? == json!(true)).then_some(()))
        })
        .await
    }

    pub(crate) async fn until_ready(&self) -> Result<()> {
        wait_for("another finished run", READY, async || {
            let ready = self.browser.eval("return document.documentElement.dataset.ready").await?;
            Ok((ready == json!("true")).then_some(()))
        })
        .await
    }

    pub(crate) async fn no_complaints(&self) -> Result<()> {
        let mut console = self.browser.console().await?;
        // It is the tests that read pixels back, and not the page.
        console.retain(|message| !message.contains("willReadFrequently"));
        ensure!(console.is_empty(), "the console has {console:?}");
        Ok(())
    }
}
