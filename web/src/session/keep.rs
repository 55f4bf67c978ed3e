//! The capture that was opened last, in the origin's private file system, so that the next visit has it.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetFileOptions,
    FileSystemWritableFileStream,
};

use crate::browser::window;
use crate::storage;

/// Largest capture that is kept, in bytes.
const LARGEST: f64 = 52_428_800.0;
/// The file's name there; the capture's SHA-256 and its own name are kept beside.
const FILE: &str = "capture";

/// The origin's private files; None where the browser has none.
async fn folder() -> Option<FileSystemDirectoryHandle> {
    let storage = window()?.navigator().storage();
    if storage.is_undefined() {
        return None;
    }
    JsFuture::from(storage.get_directory()).await.ok()?.dyn_into().ok()
}

/// Keeps a capture; a larger one than is kept leaves nothing there.
pub(super) async fn keep(sha256: String, capture: File) {
    storage::remove(storage::CAPTURE);
    if capture.size() <= LARGEST && write(&capture).await.is_some() {
        storage::set(storage::CAPTURE, &format!("{sha256} {}", capture.name()));
    } else {
        forget().await;
    }
}

async fn write(capture: &File) -> Option<()> {
    let options = FileSystemGetFileOptions::new();
    options.set_create(true);
    let file = JsFuture::from(folder().await?.get_file_handle_with_options(FILE, &options)).await.ok()?;
    let file: FileSystemFileHandle = file.dyn_into().ok()?;
    let stream = JsFuture::from(file.create_writable()).await.ok()?;
    let stream: FileSystemWritableFileStream = stream.unchecked_into();
    JsFuture::from(stream.write_with_blob(capture).ok()?).await.ok()?;
    JsFuture::from(stream.close()).await.ok()?;
    Some(())
}

/// The capture that was kept, if it is this one.
pub(super) async fn load(sha256: &str) -> Option<Uint8Array> {
    if !storage::get(storage::CAPTURE)?.starts_with(sha256) {
        return None;
    }
    let file = JsFuture::from(folder().await?.get_file_handle(FILE)).await.ok()?;
    let file: FileSystemFileHandle = file.dyn_into().ok()?;
    let file: File = JsFuture::from(file.get_file()).await.ok()?.dyn_into().ok()?;
    let buffer = JsFuture::from(file.array_buffer()).await.ok()?;
    Some(Uint8Array::new(&buffer))
}

/// Keeps no capture any more.
pub(super) async fn forget() {
    if let Some(folder) = folder().await {
        let _ = JsFuture::from(folder.remove_entry(FILE)).await;
    }
}
