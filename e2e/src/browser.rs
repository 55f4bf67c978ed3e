//! A headless browser with a fresh profile, driven by WebDriver and, where that has no word for it, by the DevTools
//! protocol.

use std::env;

use anyhow::{Context, Result, bail};
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use url::{ParseError, Url};

use crate::driver::Driver;
use crate::{READY, wait_for};

/// As in core/webdriver.json and web/webdriver.json, which the test runner of wasm-bindgen reads.
const FLAGS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
];

/// What the page sees as the user's preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorScheme {
    /// `prefers-color-scheme: light`
    Light,
    /// `prefers-color-scheme: dark`
    Dark,
}

impl ColorScheme {
    /// The scheme's name in CSS.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ColorScheme::Light => "light",
            ColorScheme::Dark => "dark",
        }
    }
}

/// A browser window; it closes when this is dropped, also when a test panics.
pub struct Browser {
    client: Client,
    // After the client, as fields are dropped in order.
    _driver: Driver,
}

impl Browser {
    /// Starts chromedriver and a browser whose page area has this size, in pixels.
    ///
    /// The browser is `$CHROMIUM` where that is set, else the one chromedriver finds.
    ///
    /// # Errors
    ///
    /// When either cannot be started.
    pub async fn start(width: u32, height: u32) -> Result<Browser> {
        let mut driver = Driver::start().await?;
        let mut args: Vec<String> = FLAGS.iter().map(|&flag| flag.to_owned()).collect();
        args.push(format!("--user-data-dir={}", driver.profile().display()));
        args.push(format!("--window-size={width},{height}"));
        let mut options = json!({ "args": args });
        if let Some(binary) = env::var_os("CHROMIUM") {
            options["binary"] = json!(binary.to_string_lossy());
        }
        let capabilities = json!({"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}});
        let Value::Object(capabilities) = capabilities else { bail!("capabilities are an object") };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&driver.url())
            .await
            .context("chromedriver could not start a browser")?;
        driver.session = client.session_id().await?;
        // The driver closes the session itself.
        client.persist().await?;
        let browser = Browser { client, _driver: driver };
        browser.resize(width, height).await?;
        Ok(browser)
    }

    /// The WebDriver client, for everything that has no method here.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Loads a page from scratch, even where only the hash of the address differs, and waits until it has marked
    /// itself ready by `data-ready="true"` on its `<html>`.
    ///
    /// # Errors
    ///
    /// When it is not ready within [`READY`]; the message has the console's lines.
    pub async fn open(&self, url: &str) -> Result<()> {
        self.client.goto("about:blank").await?;
        self.client.goto(url).await?;
        let ready = wait_for("data-ready on the page", READY, async || {
            let ready = self.eval("return document.documentElement.dataset.ready === 'true'").await?;
            Ok((ready == json!(true)).then_some(()))
        });
        match ready.await {
            Ok(()) => Ok(()),
            Err(error) => Err(error.context(format!("{url}; console: {:?}", self.console().await?))),
        }
    }

    /// Runs the body of a JavaScript function in the page and returns its value.
    ///
    /// # Errors
    ///
    /// When the script throws, or the browser is gone.
    pub async fn eval(&self, script: &str) -> Result<Value> {
        self.client.execute(script, Vec::new()).await.with_context(|| format!("in the script `{script}`"))
    }

    /// Gives the page area this size, in pixels, one per device pixel.
    ///
    /// # Errors
    ///
    /// When the browser is gone.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.cdp("Emulation.setDeviceMetricsOverride", size).await.map(drop)
    }

    /// Makes the page see this preference of the user.
    ///
    /// # Errors
    ///
    /// When the browser is gone.
    pub async fn prefer(&self, scheme: ColorScheme) -> Result<()> {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme.name()}]);
        self.cdp("Emulation.setEmulatedMedia", json!({"features": features})).await.map(drop)
    }

    /// What the page wrote to the console since this was last called, with the browser's own complaints (such as
    /// violations of the content security policy), each as `LEVEL message`.
    ///
    /// # Errors
    ///
    /// When the browser is gone.
    pub async fn console(&self) -> Result<Vec<String>> {
        let entries = self.vendor("se/log", json!({"type": "browser"})).await?;
        let line = |entry: &Value| {
            format!("{} {}", entry["level"].as_str().unwrap_or("?"), entry["message"].as_str().unwrap_or("?"))
        };
        Ok(entries.as_array().map(|entries| entries.iter().map(line).collect()).unwrap_or_default())
    }

    /// Sends a command of the DevTools protocol.
    ///
    /// # Errors
    ///
    /// When the browser refuses it, or is gone.
    pub async fn cdp(&self, command: &str, params: Value) -> Result<Value> {
        self.vendor("goog/cdp/execute", json!({"cmd": command, "params": params})).await
    }

    async fn vendor(&self, path: &'static str, body: Value) -> Result<Value> {
        let what = format!("{path} {body}");
        self.client.issue_cmd(VendorCommand { path, body }).await.with_context(|| what)
    }
}

/// A command of chromedriver beyond the WebDriver standard.
#[derive(Debug)]
struct VendorCommand {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for VendorCommand {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
