//! Chromium and its driver: found on the system, or installed by apt-get on Debian and its kin when run as root.

use std::env;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::tools::Toolbox;
use crate::{install, sh};

const CHROMIUM: &[&str] =
    &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const PACKAGES: &[&str] = &["chromium", "chromium-driver"];

impl Toolbox {
    /// Makes sure that a browser and its driver are there, and tells later commands where, in `CHROMIUM` and
    /// `CHROMEDRIVER`; either may be set beforehand to choose another one.
    pub(crate) fn browser(&mut self) -> Result<()> {
        if find().is_none() {
            self.install_browser()?;
        }
        let Some((chromium, driver)) = find() else {
            bail!("Chromium or its driver is missing; {}", advice());
        };
        self.var("CHROMIUM", chromium);
        self.var("CHROMEDRIVER", driver);
        Ok(())
    }

    fn install_browser(&self) -> Result<()> {
        if !install::can_apt() {
            bail!("Chromium or its driver is missing; {}", advice());
        }
        install::timed("chromium", || install::apt(self, PACKAGES))
    }
}

fn find() -> Option<(PathBuf, PathBuf)> {
    let chromium = env::var_os("CHROMIUM").map(PathBuf::from);
    let driver = env::var_os("CHROMEDRIVER").map(PathBuf::from);
    Some((
        chromium.or_else(|| CHROMIUM.iter().find_map(|name| sh::which(name)))?,
        driver.or_else(|| sh::which("chromedriver"))?,
    ))
}

fn advice() -> String {
    let apt = [install::APT_INSTALL, PACKAGES].concat().join(" ");
    format!(
        "install both (as root on Debian: `apt-get {apt}`; elsewhere Chrome and the chromedriver of its version), \
         or name them in CHROMIUM and CHROMEDRIVER"
    )
}
