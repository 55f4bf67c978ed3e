//! Installing tools into the cache, so that an installation stopped half-way leaves nothing that looks complete: each
//! goes to a folder of its own first, and is renamed once the installer has succeeded.

use std::fs;
use std::path::Path;
use std::process::{self, Command};
use std::time::Instant;

use anyhow::{Context, Result, anyhow};

use crate::sh;
use crate::tools::Toolbox;

/// Tells what is being installed and, when done, how long it took.
pub(crate) fn timed(what: &str, install: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("{what} is missing; installing it");
    let start = Instant::now();
    install()?;
    println!("{what} installed in {}", sh::seconds(start.elapsed()));
    Ok(())
}

/// Whether packages of the system can be installed: as root on Debian and its kin.
pub(crate) fn can_apt() -> bool {
    let root = sh::output(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
    root && Path::new("/etc/debian_version").exists() && sh::which("apt-get").is_some()
}

/// Installs packages of the system; asks nothing.
pub(crate) fn apt(tools: &Toolbox, packages: &[&str]) -> Result<()> {
    let apt =
        |args: &[&str]| sh::run(tools.command("apt-get").args(args).env("DEBIAN_FRONTEND", "noninteractive"));
    apt(&["update"])?;
    apt(&[APT_INSTALL, packages].concat())
}

/// What precedes the packages' names.
pub(crate) const APT_INSTALL: &[&str] = &["install", "-y", "--no-install-recommends"];

/// Runs an installer; where it fails, the error names the command for the user to run.
pub(crate) fn or_name(command: &mut Command) -> Result<()> {
    sh::run(command)
        .map_err(|error| anyhow!("{error:#}; once that is solved (is there a network?), run it again"))
}

/// Installs a Rust program from its source into `<cache>/<package>-<version>/bin`.
pub(crate) fn cargo(tools: &Toolbox, package: &str, version: &str) -> Result<()> {
    let folder = format!("{package}-{version}");
    let spec = format!("{package}@{version}");
    // Kept until the installation succeeds: one that was stopped goes on from there.
    let objects = tools.cache.join(".build").join(&folder);
    let installed = staged(&tools.cache, &folder, |staging| {
        let install = |locked: &[&str]| {
            let mut command = tools.cargo(["install"]);
            command.args(locked).arg("--root").arg(staging).arg("--target-dir").arg(&objects).arg(&spec);
            // The flags of this checkout's own build are not the tool's.
            command.env_remove("RUSTFLAGS").current_dir(&tools.cache);
            sh::run(&mut command)
        };
        install(&["--locked"]).or_else(|first| {
            println!("{first:#}; trying with newer dependencies");
            install(&[])
        })
    });
    installed.with_context(|| {
        format!("cannot install {package}; see to it with `cargo install --locked {spec}`")
    })?;
    fs::remove_dir_all(&objects).ok();
    // Only where no other installation is under way.
    fs::remove_dir(tools.cache.join(".build")).ok();
    Ok(())
}

/// Installs an npm package into `<cache>/<package>-<version>`.
pub(crate) fn npm(tools: &Toolbox, package: &str, version: &str) -> Result<()> {
    staged(&tools.cache, &format!("{package}-{version}"), |staging| {
        let mut command = tools.command("npm");
        // One retry: without a network, npm's own patience is minutes long.
        command.args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1"]);
        command.arg("--prefix").arg(staging).arg(format!("{package}@{version}")).current_dir(staging);
        sh::run(&mut command)
    })
}

/// Lets `install` fill an empty folder and, if it succeeds, makes it `<cache>/<folder>`.
fn staged(cache: &Path, folder: &str, install: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let staging = cache.join(format!(".{folder}.{}", process::id()));
    fs::create_dir_all(&staging).with_context(|| format!("cannot create {}", staging.display()))?;
    let result = install(&staging).and_then(|()| {
        let place = cache.join(folder);
        // Whatever is there does not work, or it would not be installed anew.
        fs::remove_dir_all(&place).ok();
        fs::rename(&staging, &place).with_context(|| format!("cannot create {}", place.display()))
    });
    fs::remove_dir_all(&staging).ok();
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    #[test]
    fn failed_installation_leaves_nothing_behind() -> Result<()> {
        let cache = std::env::temp_dir().join(format!("snapstack-xtask-{}", process::id()));
        let failed = staged(&cache, "tool-1", |staging| {
            fs::write(staging.join("half"), "")?;
            bail!("stopped")
        });
        assert!(failed.is_err());
        assert_eq!(fs::read_dir(&cache)?.count(), 0);
        staged(&cache, "tool-1", |staging| Ok(fs::write(staging.join("whole"), "")?))?;
        assert!(cache.join("tool-1/whole").is_file());
        Ok(fs::remove_dir_all(&cache)?)
    }
}
