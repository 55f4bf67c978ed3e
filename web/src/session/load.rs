//! Bytes from the page's own origin, and the traffic from what the worker sends.

use js_sys::{Uint8Array, Uint32Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::timeline::{SendInfo, Traffic, columns};

/// A file of the page; None when it is not to be had.
pub(super) async fn fetch(url: &str) -> Option<Uint8Array> {
    let response = JsFuture::from(web_sys::window()?.fetch_with_str(url)).await.ok()?;
    let response: web_sys::Response = response.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    let buffer = JsFuture::from(response.array_buffer().ok()?).await.ok()?;
    Some(Uint8Array::new(&buffer))
}

/// The traffic from the typed arrays that come with [`crate::engine::Reply::Started`].
pub(super) fn traffic(line_size: u32, flows: Vec<String>, arrays: &[Uint32Array]) -> Traffic {
    let array = |i: usize| arrays.get(i).map(Uint32Array::to_vec).unwrap_or_default();
    let mut first_line = 0;
    let sends: Vec<SendInfo> = array(0)
        .as_chunks::<4>()
        .0
        .iter()
        .map(|[flow, frame, len, lines]| {
            let info = SendInfo { flow: *flow, frame: *frame, len: *len, first_line, lines: *lines };
            first_line += lines;
            info
        })
        .collect();
    let columns = columns(flows.len(), sends.iter().map(|send| send.flow));
    Traffic { sends, flows, lines: array(1), glyphs: array(2), line_size, columns }
}
