//! What a published page has beyond Trunk's output: a name of its own for each build of the annex, a content security
//! policy, and a service worker that keeps its files.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::files::Listing;

/// The policy, as a header's value; hosts that can set headers send the same.
const POLICY: &str = include_str!("../../static/content-security-policy.txt");
const WORKER: &str = include_str!("../../static/service-worker.js");
/// Name of the service worker: never hashed, as browsers look for newer ones under the name they know.
pub(crate) const WORKER_NAME: &str = "service-worker.js";

/// What the names of the annex's files begin with; Trunk writes this into the page and gives the files no hash.
pub(crate) const ANNEX: &str = "snapstack-annex";
const ANNEX_FILES: [&str; 2] = [".js", "_bg.wasm"];

/// Gives the annex's files names that change with their content, and writes them into the page: so no host and no browser
/// has an older annex for a newer page.
pub(crate) fn name_annex(dist: &Path) -> Result<()> {
    let mut hash = Sha256::new();
    for end in ANNEX_FILES {
        let file = format!("{ANNEX}{end}");
        hash.update(fs::read(dist.join(&file)).with_context(|| format!("cannot read the annex's {file}"))?);
    }
    let name = format!("{ANNEX}-{}", hex::encode(&hash.finalize()[..8]));
    for end in ANNEX_FILES {
        fs::rename(dist.join(format!("{ANNEX}{end}")), dist.join(format!("{name}{end}")))
            .context("cannot rename the annex")?;
    }
    let page = dist.join("index.html");
    let text = fs::read_to_string(&page).context("cannot read the built page")?;
    fs::write(&page, with_annex(&text, &name)?).context("cannot write the built page")
}

fn with_annex(page: &str, name: &str) -> Result<String> {
    let end = format!("{ANNEX}\"");
    ensure!(page.matches(&end).count() == 1, "the built page does not name the annex once");
    Ok(page.replacen(&end, &format!("{name}\""), 1))
}

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
    fn the_annex_of_this_build_is_named_under_whatever_path() -> Result<()> {
        let page =
            with_annex(r#"<script data-annex="./any/snapstack-annex"></script>"#, "snapstack-annex-12")?;
        assert_eq!(page, r#"<script data-annex="./any/snapstack-annex-12"></script>"#);
        assert!(with_annex("<script></script>", "snapstack-annex-12").is_err());
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
