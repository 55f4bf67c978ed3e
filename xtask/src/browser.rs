//! Chromium and its driver: found on the system, or installed by apt-get on Debian and its kin when run as root.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::tools::Toolbox;
use crate::{install, sh};

const CHROMIUM: &[&str] =
    &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const INSTALL: &[&str] = &["install", "-y", "--no-install-recommends", "chromium", "chromium-driver"];

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
        let root = sh::output(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
        if !(root && Path::new("/etc/debian_version").exists() && sh::which("apt-get").is_some()) {
            bail!("Chromium or its driver is missing; {}", advice());
        }
        let apt = |args: &[&str]| {
            sh::run(self.command("apt-get").args(args).env("DEBIAN_FRONTEND", "noninteractive"))
        };
        install::timed("chromium", || apt(&["update"]).and_then(|()| apt(INSTALL)))
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
    let apt = INSTALL.join(" ");
    format!(
        "install both (as root on Debian: `apt-get {apt}`; elsewhere Chrome and the chromedriver of its version), \
         or name them in CHROMIUM and CHROMEDRIVER"
    )
}
