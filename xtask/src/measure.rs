//! `measure`: how the built page loads and plays, measured in headless Chromium by the e2e crate's browser.

use anyhow::Result;

use crate::tools::Toolbox;
use crate::{page, sh};

/// Builds the page, opens it and lets it play for `seconds` seconds at each of several speeds; prints JSON lines.
pub(crate) fn measure(tools: &mut Toolbox, seconds: u32) -> Result<()> {
    tools.browser()?;
    page::build(tools, "./")?;
    let mut command = tools.cargo(["run", "--quiet", "-p", "snapstack-e2e", "--bin", "measure", "--"]);
    sh::run(command.arg(page::dist(tools)).arg(seconds.to_string()))
}
