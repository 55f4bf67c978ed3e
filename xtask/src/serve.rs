//! `serve`: the page on a local address, rebuilt and reloaded at every change.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result};

use crate::tools::Toolbox;
use crate::{page, sh};

/// How many ports are tried, starting with the one asked for.
const TRIED: u16 = 100;

/// Runs Trunk's server until it is stopped.
pub(crate) fn serve(tools: &mut Toolbox, port: u16, release: bool) -> Result<()> {
    page::needs(tools)?;
    let free =
        free_port(port).with_context(|| format!("no free port from {port} on; name another with --port"))?;
    if free != port {
        println!("Port {port} is in use; taking {free}.");
    }
    println!(
        "\n    http://{}:{free}/\n\nanswers once the first build is done; Ctrl-C ends it.\n",
        Ipv4Addr::LOCALHOST
    );
    if release {
        println!("(The optimiser wasm-opt is part of `cargo xtask build` only.)\n");
    }
    let mut trunk = page::trunk(tools, "serve");
    // A folder of its own, so that what `build` wrote into dist/ stays as it is.
    trunk.arg("--dist").arg(tools.target.join("serve"));
    trunk.args(["--address", &Ipv4Addr::LOCALHOST.to_string(), "--port", &free.to_string()]);
    if release {
        trunk.arg("--release");
    }
    sh::become_it(&mut trunk)
}

fn free_port(first: u16) -> Option<u16> {
    (first..=first.saturating_add(TRIED)).find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_in_use_is_passed_over() -> Result<()> {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = taken.local_addr()?.port();
        assert!(free_port(port).is_none_or(|free| free > port));
        Ok(())
    }
}
