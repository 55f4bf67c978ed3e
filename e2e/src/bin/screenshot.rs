//! Takes pictures of every page, in light and dark, wide and narrow: `screenshot <folder of the page> <folder for PNGs>`.

#![allow(clippy::print_stdout, reason = "a command-line tool talks to its user on stdout")]

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use snapstack_e2e::{Browser, ColorScheme, PAGES, StaticServer};

const SIZES: [(u32, u32); 2] = [(1440, 900), (400, 860)];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args: Vec<_> = env::args_os().skip(1).collect();
    let [dist, out] = args.as_slice() else {
        bail!("usage: screenshot <folder of the built page> <folder for the pictures>");
    };
    let out = Path::new(out);
    fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    let server = StaticServer::start(Path::new(dist), None)?;
    let browser = Browser::start(SIZES[0].0, SIZES[0].1).await?;
    for page in PAGES {
        for (width, height) in SIZES {
            for scheme in [ColorScheme::Light, ColorScheme::Dark] {
                browser.resize(width, height).await?;
                browser.prefer(scheme).await?;
                browser.open(&format!("{}{page}", server.url())).await?;
                let name = page.trim_start_matches(['#', '/']).replace('/', "-");
                let file = out.join(format!("{name}-{}-{width}x{height}.png", scheme.name()));
                fs::write(&file, browser.client().screenshot().await?)?;
                println!("{}", file.display());
            }
        }
    }
    Ok(())
}
