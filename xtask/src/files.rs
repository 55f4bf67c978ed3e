//! What the built page consists of: a table of sizes, and `build.json`, the list of files with their hashes from
//! which a service worker knows what to keep and when it is out of date.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::publish::{LATER, WORKER_NAME};

const LIST: &str = "build.json";

/// One file of the page.
struct File {
    /// Path within the page's folder, with `/` between its parts.
    path: String,
    bytes: usize,
    gzipped: usize,
    sha256: String,
}

impl File {
    fn is_code(&self) -> bool {
        matches!(self.path.rsplit('.').next(), Some("wasm" | "js" | "css" | "html"))
    }

    /// Whether the first screen needs it: some modules are fetched later, and what is no code is no program.
    fn is_first(&self) -> bool {
        self.is_code() && !LATER.iter().any(|module| self.path.starts_with(module))
    }
}

/// The files of a built page.
pub(crate) struct Listing {
    files: Vec<File>,
    version: String,
}

impl Listing {
    /// Version of the whole: changes with any byte or name of any file.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Each file's path and SHA-256 in hex.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|file| (file.path.as_str(), file.sha256.as_str()))
    }

    /// Path and gzipped bytes of each file of code that is fetched before the first screen works.
    pub(crate) fn first_screen(&self) -> impl Iterator<Item = (&str, usize)> {
        self.files.iter().filter(|file| file.is_first()).map(|file| (file.path.as_str(), file.gzipped))
    }

    fn new(mut files: Vec<File>) -> Listing {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut all = Sha256::new();
        for file in &files {
            all.update(format!("{} {}\n", file.sha256, file.path));
        }
        let version = hex::encode(&all.finalize()[..8]);
        Listing { files, version }
    }

    /// A page of one file.
    #[cfg(test)]
    pub(crate) fn of_one(path: &str, content: &[u8]) -> Listing {
        let sha256 = hex::encode(Sha256::digest(content));
        Listing::new(vec![File {
            path: path.to_owned(),
            bytes: content.len(),
            gzipped: content.len(),
            sha256,
        }])
    }
}

/// Writes `build.json` into the page's folder and prints the size of each file, as it is and gzipped. What is made from
/// the list is not in it.
pub(crate) fn list(dist: &Path) -> Result<Listing> {
    for made in [LIST, WORKER_NAME] {
        fs::remove_file(dist.join(made)).ok();
    }
    let mut files = Vec::new();
    collect(dist, "", &mut files)?;
    let listing = Listing::new(files);
    fs::write(dist.join(LIST), manifest(&listing)?).with_context(|| format!("cannot write {LIST}"))?;
    print!("{}", table(&listing.files));
    Ok(listing)
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<File>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else {
            let content = fs::read(entry.path()).with_context(|| format!("cannot read {path}"))?;
            let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
            gzip.write_all(&content)?;
            let gzipped = gzip.finish()?.len();
            files.push(File {
                path,
                bytes: content.len(),
                gzipped,
                sha256: hex::encode(Sha256::digest(&content)),
            });
        }
    }
    Ok(())
}

/// The text of `build.json`.
fn manifest(listing: &Listing) -> Result<String> {
    let entries = listing
        .files
        .iter()
        .map(|file| json!({"path": file.path, "bytes": file.bytes, "sha256": file.sha256}));
    let list = json!({"version": listing.version, "files": entries.collect::<Vec<_>>()});
    Ok(serde_json::to_string_pretty(&list)? + "\n")
}

fn table(files: &[File]) -> String {
    let width = files.iter().map(|file| file.path.len()).max().unwrap_or(0).max(32);
    let row = |name: &str, bytes: usize, gzipped: usize| format!("{name:width$} {bytes:>10} {gzipped:>10}\n");
    let total = |name: &str, of: &dyn Fn(&File) -> bool| {
        let part = || files.iter().filter(|file| of(file));
        row(name, part().map(|file| file.bytes).sum(), part().map(|file| file.gzipped).sum())
    };
    let mut text = format!("\n{:width$} {:>10} {:>10}\n", "file", "bytes", "gzipped");
    text.extend(files.iter().map(|file| row(&file.path, file.bytes, file.gzipped)));
    text + &total("code of the first screen", &File::is_first)
        + &total("all code (wasm, js, css, html)", &File::is_code)
        + &total("the rest", &|file| !file.is_code())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, bytes: usize) -> File {
        File { path: path.to_owned(), bytes, gzipped: bytes / 2, sha256: "ab".to_owned() }
    }

    #[test]
    fn totals_count_code_apart_from_the_rest() {
        let annex = format!("{}-12_bg.wasm", LATER[0]);
        let files = [file("index.html", 10), file("a/b.js", 20), file("icon.png", 100), file(&annex, 40)];
        let text = table(&files);
        let numbers = |line: &str| {
            let line = text.lines().find(|text| text.starts_with(line)).unwrap_or_default();
            line.split_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<usize>>()
        };
        assert_eq!(numbers("code of the first screen"), [30, 15]);
        assert_eq!(numbers("all code"), [70, 35]);
        assert_eq!(numbers("the rest"), [100, 50]);
    }

    #[test]
    fn version_changes_with_a_name() {
        let version = |path| Listing::new(vec![file(path, 1)]).version;
        assert_ne!(version("a.js"), version("b.js"));
    }
}
