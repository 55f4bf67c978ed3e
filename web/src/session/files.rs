//! Captures on their way to the worker: opened by the user, fetched from the page's own origin, or opened before.

use js_sys::Uint8Array;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::File;

use super::{Msg, Provider, keep, load};
use crate::browser::window;
use crate::engine::CaptureInfo;
use crate::reopen;
use crate::state::{self, Action, DEMO_NAME, Page};

/// Largest file in which a link is looked for, in bytes: none that is saved here is larger.
const REOPENED: u32 = 64 << 20;
/// Files that can be gone back to.
const MOST: usize = 8;

/// What the user has opened: the browser reads a file again when it is wanted again, as long as it stays where it is.
#[derive(Default)]
pub(super) struct Files {
    /// SHA-256, in hex, and file; oldest first.
    opened: Vec<(String, File)>,
    /// The one that is being read.
    last: Option<File>,
}

async fn read(file: &File) -> Option<Uint8Array> {
    JsFuture::from(file.array_buffer()).await.ok().map(|buffer| Uint8Array::new(&buffer))
}

impl Provider {
    /// Reads a file that the user has opened.
    pub(super) fn load_file(&mut self, file: File) -> bool {
        if self.session.state.broken.is_some() {
            self.restart();
        }
        let name = file.name();
        self.act(Action::Reading(name.clone()));
        self.files.last = Some(file.clone());
        let send = self.session.send.clone();
        spawn_local(async move {
            let bytes = read(&file).await;
            // What was saved here carries the link to what it shows.
            if let Some(bytes) = &bytes
                && bytes.length() < REOPENED
                && !reopen::is_capture(&bytes.subarray(0, 4).to_vec())
                && let Some(link) = reopen::link_in(&bytes.to_vec())
            {
                return send.emit(Msg::Reopen(link));
            }
            send.emit(Msg::Bytes(name, bytes));
        });
        true
    }

    /// Fetches a capture that is wanted.
    pub(super) fn fetch_file(&self, wanted: state::File) {
        let send = self.session.send.clone();
        let opened = self.files.opened.iter().find(|(sha256, _)| *sha256 == wanted.sha256);
        let file = opened.map(|(_, file)| file.clone());
        spawn_local(async move {
            let mut bytes = match &file {
                Some(file) => read(file).await,
                None if wanted.is_demo() => load::fetch(&format!("captures/{DEMO_NAME}")).await,
                None => None,
            };
            if bytes.is_none() && !wanted.is_demo() {
                bytes = keep::load(&wanted.sha256).await;
            }
            send.emit(Msg::Bytes(wanted.name, bytes));
        });
    }

    /// A file's bytes are there, or not to be had: they go to the worker, which is started if there is none.
    pub(super) fn pass_on(&mut self, name: &str, bytes: Option<Uint8Array>) -> bool {
        let state = &self.session.state;
        if state.loading.as_deref() != Some(name) || state.broken.is_some() {
            // Another one is read instead, or this one is fetched again for the next worker.
            return false;
        }
        let Some(bytes) = bytes else { return self.act(Action::Unreadable) };
        if !state.fetched
            && self.session.page != Page::Explore
            && let Some(window) = window()
        {
            let _ = window.location().set_hash(Page::Explore.fragment());
        }
        if self.engine.is_none() {
            self.start_worker();
        }
        self.act(Action::Read);
        if let Some(engine) = &mut self.engine {
            engine.load(self.session.state.run, name, &bytes);
        }
        true
    }

    /// The worker has read a capture: it can be gone back to, and the next visit has it.
    pub(super) fn admit_file(&mut self, info: &CaptureInfo) {
        let Some(file) = self.files.last.take_if(|file| file.name() == info.name) else { return };
        if self.keeps {
            spawn_local(keep::keep(info.sha256.clone(), file.clone()));
        }
        let opened = &mut self.files.opened;
        opened.retain(|(sha256, _)| *sha256 != info.sha256);
        opened.push((info.sha256.clone(), file));
        if opened.len() > MOST {
            opened.remove(0);
        }
    }
}
