//! `screenshot`: pictures of every page of the built application, taken by the e2e crate's browser.

use std::path::Path;

use anyhow::Result;

use crate::tools::Toolbox;
use crate::{page, sh};

/// Builds the page and writes one PNG per page, colour scheme and window size into a folder.
pub(crate) fn screenshot(tools: &mut Toolbox, out: &Path) -> Result<()> {
    tools.browser()?;
    page::build(tools, "./")?;
    let mut command = tools.cargo(["run", "--quiet", "-p", "snapstack-e2e", "--bin", "screenshot", "--"]);
    sh::run(command.arg(page::dist(tools)).arg(tools.root.join(out)))
}
