//! What a published page has beyond Trunk's output: its content security policy, and a service worker that keeps its files.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};

use crate::files::Listing;

/// The policy, as a header's value; hosts that can set headers send the same.
const POLICY: &str = include_str!("../../static/content-security-policy.txt");
const WORKER: &str = include_str!("../../static/service-worker.js");
/// Name of the service worker: never hashed, as browsers look for newer ones under the name they know.
pub(crate) const WORKER_NAME: &str = "service-worker.js";

/// Writes the policy and the service worker's name into the page. Neither is part of index.html, as Trunk's own server adds
/// an inline script to the page, and has no service worker.
pub(crate) fn add_to_head(dist: &Path) -> Result<()> {
    let page = dist.join("index.html");
    let text = fs::read_to_string(&page).context("cannot read the built page")?;
    fs::write(&page, with_head(&text)?).context("cannot write the built page")
}

fn with_head(page: &str) -> Result<String> {
    ensure!(page.contains("<head>"), "the built page has no <head>");
    ensure!(!page.contains("Content-Security-Policy"), "the built page has a policy already");
    // First of all, as a policy holds for what comes after it.
    let meta = format!(
        "<head>\n<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"service-worker\" content=\"{WORKER_NAME}\">",
        POLICY.trim()
    );
    Ok(page.replacen("<head>", &meta, 1))
}

/// Writes the service worker of a build.
pub(crate) fn add_worker(dist: &Path, listing: &Listing) -> Result<()> {
    fs::write(dist.join(WORKER_NAME), worker(listing)?).context("cannot write the service worker")
}

fn worker(listing: &Listing) -> Result<String> {
    let files: Map<String, Value> =
        listing.files().map(|(path, sha256)| (path.to_owned(), json!(sha256))).collect();
    let version = serde_json::to_string(listing.version())?;
    let files = serde_json::to_string_pretty(&files)?;
    Ok(format!("const VERSION = {version};\nconst FILES = {files};\n{WORKER}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_comes_first_in_the_head_and_only_once() -> Result<()> {
        let page = with_head("<html><head><script src=x></script></head></html>")?;
        let (policy, script) = (page.find("Content-Security-Policy"), page.find("<script"));
        assert!(policy.is_some() && policy < script, "{page}");
        assert!(with_head(&page).is_err());
        Ok(())
    }

    #[test]
    fn the_worker_names_every_file_with_its_hash_before_it_is_used() -> Result<()> {
        let listing = Listing::of_one("index.html", b"hello");
        let text = worker(&listing)?;
        let hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        assert!(text.contains(&format!("\"index.html\": \"{hash}\"")), "{text}");
        assert!(text.find("const FILES") < text.find("Object.entries(FILES)"));
        Ok(())
    }
}
