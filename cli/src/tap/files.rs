//! The files of a folder, in the application's buffers: each is written there once and sent from there.

use std::collections::BTreeMap;
use std::path::Path;

use snapstack::buffers::{Buffers, SendId, UserId};

/// Names of files, and their content.
pub(super) fn read(root: &Path) -> Result<Vec<(String, Vec<u8>)>, String> {
    let problem = |e: std::io::Error| format!("{} cannot be read ({e}).", root.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root).map_err(problem)? {
        let path = entry.map_err(problem)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if path.is_file() {
            let bytes =
                std::fs::read(&path).map_err(|e| format!("{} cannot be read ({e}).", path.display()))?;
            files.push((name.to_owned(), bytes));
        }
    }
    files.sort();
    Ok(files)
}

/// A file in memory.
#[derive(Clone, Copy)]
pub(super) struct Stored {
    pub(super) user: UserId,
    pub(super) len: u64,
}

/// All files by name.
pub(super) struct Files {
    by_name: BTreeMap<String, Stored>,
}

impl Files {
    /// Writes files into buffers.
    pub(super) fn store<B: Buffers>(buffers: &mut B, files: Vec<(String, Vec<u8>)>) -> Result<Self, String> {
        let mut by_name = BTreeMap::new();
        for (index, (name, bytes)) in files.into_iter().enumerate() {
            let user = buffers
                .app_write(None, SendId(index as u32), &bytes)
                .map_err(|e| format!("{name} does not fit into memory: {e}"))?;
            by_name.insert(name, Stored { user, len: bytes.len() as u64 });
        }
        Ok(Self { by_name })
    }

    /// The file of that name.
    pub(super) fn get(&self, name: &str) -> Option<Stored> {
        self.by_name.get(name).copied()
    }
}
