//! The programs that the network tests talk to: installed by apt-get on Debian and its kin when run as root, and named
//! where they are missing.

use std::path::Path;

use crate::tools::Toolbox;
use crate::{install, sh};

/// A program, the Debian package that has it, and whether it serves the tests on the TAP device only.
struct Program {
    name: &'static str,
    package: &'static str,
    tap: bool,
}

const PROGRAMS: [Program; 4] = [
    Program { name: "ip", package: "iproute2", tap: true },
    Program { name: "curl", package: "curl", tap: true },
    Program { name: "ping", package: "iputils-ping", tap: true },
    Program { name: "tshark", package: "tshark", tap: false },
];

/// Makes sure that they are there, as far as this can be done; says what is missing. No error: the tests that cannot do
/// without a program fail by its name, and those that look at frames with tshark say that they were skipped.
pub(crate) fn programs(tools: &Toolbox) {
    if !cfg!(target_os = "linux") {
        return;
    }
    let packages = missing();
    if !packages.is_empty() && install::can_apt() {
        let installed = install::timed(&packages.join(", "), || install::apt(tools, &packages));
        if let Err(error) = installed {
            println!("{error:#}");
        }
    }
    let packages = missing();
    if !packages.is_empty() {
        println!("missing, so that some network tests cannot run: {}", packages.join(", "));
    }
}

/// Packages whose programs are not there.
fn missing() -> Vec<&'static str> {
    // Without a TUN device the tests on it are skipped, whatever is installed.
    let tun = Path::new("/dev/net/tun").exists();
    let wanted = PROGRAMS.iter().filter(|program| tun || !program.tap);
    wanted.filter(|program| sh::which(program.name).is_none()).map(|program| program.package).collect()
}
