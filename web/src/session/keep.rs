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
const LARGEST: u32 = 50 << 20;
/// The file's name there; the capture's own is kept beside.
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
pub(super) async fn keep(name: String, bytes: Uint8Array) {
    storage::remove(storage::CAPTURE);
    if bytes.length() <= LARGEST && write(&bytes).await.is_some() {
        storage::set(storage::CAPTURE, &name);
    } else {
        forget().await;
    }
}

async fn write(bytes: &Uint8Array) -> Option<()> {
    let options = FileSystemGetFileOptions::new();
    options.set_create(true);
    let file = JsFuture::from(folder().await?.get_file_handle_with_options(FILE, &options)).await.ok()?;
    let file: FileSystemFileHandle = file.dyn_into().ok()?;
    let stream = JsFuture::from(file.create_writable()).await.ok()?;
    let stream: FileSystemWritableFileStream = stream.unchecked_into();
    JsFuture::from(stream.write_with_buffer_source(bytes).ok()?).await.ok()?;
    JsFuture::from(stream.close()).await.ok()?;
    Some(())
}

/// The capture that was kept, with its name.
pub(super) async fn load() -> Option<(String, Uint8Array)> {
    let name = storage::get(storage::CAPTURE)?;
    let file = JsFuture::from(folder().await?.get_file_handle(FILE)).await.ok()?;
    let file: FileSystemFileHandle = file.dyn_into().ok()?;
    let file: File = JsFuture::from(file.get_file()).await.ok()?.dyn_into().ok()?;
    let buffer = JsFuture::from(file.array_buffer()).await.ok()?;
    Some((name, Uint8Array::new(&buffer)))
}

/// Keeps no capture any more.
pub(super) async fn forget() {
    if let Some(folder) = folder().await {
        let _ = JsFuture::from(folder.remove_entry(FILE)).await;
    }
}
