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
}

/// Writes `build.json` into the page's folder and prints the size of each file, as it is and gzipped.
pub(crate) fn list(dist: &Path) -> Result<()> {
    fs::remove_file(dist.join(LIST)).ok();
    let mut files = Vec::new();
    collect(dist, "", &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    fs::write(dist.join(LIST), manifest(&files)?).with_context(|| format!("cannot write {LIST}"))?;
    print!("{}", table(&files));
    Ok(())
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

/// The text of `build.json`; `version` changes with any byte or name of any file.
fn manifest(files: &[File]) -> Result<String> {
    let mut all = Sha256::new();
    for file in files {
        all.update(format!("{} {}\n", file.sha256, file.path));
    }
    let version = hex::encode(&all.finalize()[..8]);
    let entries =
        files.iter().map(|file| json!({"path": file.path, "bytes": file.bytes, "sha256": file.sha256}));
    let list = json!({"version": version, "files": entries.collect::<Vec<_>>()});
    Ok(serde_json::to_string_pretty(&list)? + "\n")
}

fn table(files: &[File]) -> String {
    let width = files.iter().map(|file| file.path.len()).max().unwrap_or(0).max(24);
    let row = |name: &str, bytes: usize, gzipped: usize| format!("{name:width$} {bytes:>10} {gzipped:>10}\n");
    let total = |name: &str, code: bool| {
        let part = || files.iter().filter(|file| file.is_code() == code);
        row(name, part().map(|file| file.bytes).sum(), part().map(|file| file.gzipped).sum())
    };
    let mut text = format!("\n{:width$} {:>10} {:>10}\n", "file", "bytes", "gzipped");
    text.extend(files.iter().map(|file| row(&file.path, file.bytes, file.gzipped)));
    text + &total("code (wasm, js, css, html)", true) + &total("the rest", false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, bytes: usize) -> File {
        File { path: path.to_owned(), bytes, gzipped: bytes / 2, sha256: "ab".to_owned() }
    }

    #[test]
    fn totals_count_code_apart_from_the_rest() {
        let text = table(&[file("index.html", 10), file("a/b.js", 20), file("icon.png", 100)]);
        let numbers = |line: &str| {
            let line = text.lines().find(|text| text.starts_with(line)).unwrap_or_default();
            line.split_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<usize>>()
        };
        assert_eq!(numbers("code"), [30, 15]);
        assert_eq!(numbers("the rest"), [100, 50]);
    }

    #[test]
    fn version_changes_with_a_name() -> Result<()> {
        assert_ne!(manifest(&[file("a.js", 1)])?, manifest(&[file("b.js", 1)])?);
        Ok(())
    }
}
