//! What a published page has beyond Trunk's output: names of their own for each build of the later modules, a content security
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

/// What the names of the files of the modules that are fetched later begin with, the annex's and that of the worker that
/// runs everything; Trunk writes these into the page and gives the files no hash.
pub(crate) const LATER: [&str; 2] = ["snapstack-annex", "snapstack-hosts"];
const LATER_FILES: [&str; 2] = [".js", "_bg.wasm"];

/// Gives the later modules' files names that change with their content, and writes them into the page: so no host and no
/// browser has an older module for a newer page.
pub(crate) fn name_later(dist: &Path) -> Result<()> {
    for module in LATER {
        let mut hash = Sha256::new();
        for end in LATER_FILES {
            let file = format!("{module}{end}");
            hash.update(fs::read(dist.join(&file)).with_context(|| format!("cannot read {file}"))?);
        }
        let name = format!("{module}-{}", hex::encode(&hash.finalize()[..8]));
        for end in LATER_FILES {
            fs::rename(dist.join(format!("{module}{end}")), dist.join(format!("{name}{end}")))
                .with_context(|| format!("cannot rename {module}"))?;
        }
        let page = dist.join("index.html");
        let text = fs::read_to_string(&page).context("cannot read the built page")?;
        fs::write(&page, with_name(&text, module, &name)?).context("cannot write the built page")?;
    }
    Ok(())
}

fn with_name(page: &str, module: &str, name: &str) -> Result<String> {
    let end = format!("{module}\"");
    ensure!(page.matches(&end).count() == 1, "the built page does not name {module} once");
    Ok(page.replacen(&end, &format!("{name}\""), 1))
}

/// Takes comments and spaces that mean nothing out of the page's style sheets.
pub(crate) fn tighten_styles(dist: &Path) -> Result<()> {
    for entry in fs::read_dir(dist).context("cannot list the built page")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "css") {
            let text = fs::read_to_string(&path).context("cannot read a style sheet")?;
            fs::write(&path, tightened(&text)).context("cannot write a style sheet")?;
        }
    }
    Ok(())
}

fn tightened(style: &str) -> String {
    let mut out = String::with_capacity(style.len());
    let mut rest = style;
    let (mut quoted, mut space) = (false, false);
    while let Some(c) = rest.chars().next() {
        if !quoted && rest.starts_with("/*") {
            rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
            continue;
        }
        rest = &rest[c.len_utf8()..];
        if !quoted && c.is_whitespace() {
            space = true;
            continue;
        }
        if !quoted && c == '}' && out.ends_with(';') {
            out.pop();
        }
        // Around a colon spaces mean something in selectors, so only the one behind a property goes.
        let joins = |c: char| "{};,".contains(c);
        if space && !joins(c) && !out.ends_with(|last| joins(last) || last == ':') && !out.is_empty() {
            out.push(' ');
        }
        space = false;
        quoted ^= c == '"';
        out.push(c);
    }
    out
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
    fn a_tightened_style_sheet_means_the_same() {
        let style = "/* a: b; */\n.a > .b, .c :hover {\n  width: calc(100% - 4px);\n  content: \"; x \";\n}\n\n@media (min-width: 3px) and (a) { p { b: c } }\n";
        let tight = ".a > .b,.c :hover{width:calc(100% - 4px);content:\"; x \"}@media (min-width:3px) and (a){p{b:c}}";
        assert_eq!(tightened(style), tight);
    }

    #[test]
    fn the_policy_comes_first_in_the_head_and_only_once() -> Result<()> {
        let page = with_head("<html><head><script src=x></script></head></html>")?;
        let (policy, script) = (page.find("Content-Security-Policy"), page.find("<script"));
        assert!(policy.is_some() && policy < script, "{page}");
        assert!(with_head(&page).is_err());
        Ok(())
    }

    #[test]
    fn the_modules_of_this_build_are_named_under_whatever_path() -> Result<()> {
        let [annex, _] = LATER;
        let page = with_name(r#"<script data-annex="./any/snapstack-annex"></script>"#, annex, "annex-12")?;
        assert_eq!(page, r#"<script data-annex="./any/annex-12"></script>"#);
        assert!(with_name("<script></script>", annex, "annex-12").is_err());
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
