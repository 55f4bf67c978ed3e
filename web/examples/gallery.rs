//! Runs the gallery, and prints it with the digests that came out: `cargo xtask gallery` keeps that.
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use std::sync::Arc;

use snapstack::buffers::Scheme;
use snapstack::sim::{MODEL_VERSION, Setup, run};
use snapstack::traffic::Traffic;
use snapstack_web::gallery::GALLERY;
use snapstack_web::share::{Link, short_digest};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let traffic = Arc::new(Traffic::read(include_bytes!("../../static/captures/demo-web.pcap"))?);
    for item in GALLERY.iter() {
        let (link, notes) = Link::read(item.link)?;
        if !notes.is_empty() {
            return Err(format!("{}: {}", item.id, notes.join(" ")).into());
        }
        let setup = Setup {
            changes: link.spec.changes.clone(),
            ..Setup::new(link.spec.config, Some(Arc::clone(&traffic)))
        };
        let report = run(&setup, &Scheme::ALL)?;
        let digest = short_digest(&report.schemes["sk_buff"].digest, &report.schemes["snapshot"].digest);
        let link = Link { model: Some(MODEL_VERSION), digest: Some(digest), ..link };
        println!("{}\t{}\t{}\t{}", item.id, item.title, item.point, link.fragment());
    }
    Ok(())
}
