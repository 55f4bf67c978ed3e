//! chromedriver as a child process: started on a port it chooses itself, and ended together with its browser.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, BufRead, BufReader, PipeReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::{READY, wait_for};

/// Time for one answer of the driver; closing a browser is the slowest.
const ANSWER: Duration = Duration::from_secs(20);

/// How often the driver is started until it has a port. It takes one that is free on `::1`, and ends when the same is
/// taken on `127.0.0.1`, where browsers beside it listen.
const STARTS: usize = 5;

/// The driver's words for that, after `IPv4` or `IPv6`.
const PORT_TAKEN: &str = "port not available";

/// A running chromedriver with the folder of the one browser it will start.
pub(crate) struct Driver {
    process: Child,
    port: u16,
    profile: PathBuf,
    /// Session to close before the driver ends, as a driver that is killed leaves its browser running.
    pub(crate) session: Option<String>,
}

impl Driver {
    /// Starts `$CHROMEDRIVER`, or the one on the `PATH`, and waits until it says that it is ready.
    pub(crate) async fn start() -> Result<Driver> {
        let program = env::var_os("CHROMEDRIVER").unwrap_or_else(|| OsString::from("chromedriver"));
        Driver::start_program(&program).await
    }

    async fn start_program(program: &OsStr) -> Result<Driver> {
        let mut starts = 1;
        let driver = loop {
            match Driver::listen(program) {
                Ok(driver) => break driver,
                Err(error) if starts < STARTS && error.to_string().contains(PORT_TAKEN) => starts += 1,
                Err(error) => return Err(error),
            }
        };
        wait_for("chromedriver", READY, async || {
            let status = driver.request("GET", "/status")?;
            Ok(status.contains("\"ready\":true").then_some(()))
        })
        .await?;
        Ok(driver)
    }

    /// Starts the program once, and waits until it listens.
    fn listen(program: &OsStr) -> Result<Driver> {
        let (output, input) = io::pipe()?;
        let process = Command::new(program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(input.try_clone()?)
            .stderr(input)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut driver = Driver { process, port: 0, profile: fresh_folder()?, session: None };
        driver.port = announced_port(output)?;
        Ok(driver)
    }

    /// Address for WebDriver commands.
    pub(crate) fn url(&self) -> String {
        format!("http://{}:{}/", Ipv4Addr::LOCALHOST, self.port)
    }

    /// Folder for the browser's profile, empty at first.
    pub(crate) fn profile(&self) -> &Path {
        &self.profile
    }

    /// One request without a body, blocking: this must also work where there is no async runtime, in `drop`.
    fn request(&self, method: &str, path: &str) -> Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(ANSWER))?;
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        // By its stated length: the driver keeps the connection open although asked to close it.
        let mut stream = BufReader::new(stream);
        let mut answer = String::new();
        let mut length = 0;
        while stream.read_line(&mut answer)? > 2 {
            let line = answer.lines().next_back().unwrap_or_default();
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().context("the driver's answer has no valid length")?;
            }
        }
        stream.take(length).read_to_string(&mut answer)?;
        ensure!(answer.starts_with("HTTP/1.1 200"), "{method} {path} was answered by {answer}");
        Ok(answer)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(session) = self.session.take()
            && let Err(error) = self.request("DELETE", &format!("/session/{session}"))
        {
            eprintln!("the browser of session {session} could not be closed: {error:#}");
        }
        self.process.kill().ok();
        self.process.wait().ok();
        fs::remove_dir_all(&self.profile).ok();
    }
}

/// Reads `... was started successfully on port 12345.` from the driver's output.
///
/// # Errors
///
/// When it says nothing for [`READY`], or ends; the message has what it said.
fn announced_port(output: PipeReader) -> Result<u16> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut said = String::new();
        // To the end, as a driver whose output nobody reads would come to a halt.
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Some((_, port)) = line.split_once("successfully on port ") {
                send.send(Ok(port.trim_end_matches('.').parse())).ok();
            }
            said = said + &line + "\n";
        }
        send.send(Err(said)).ok();
    });
    match receive.recv_timeout(READY).context("chromedriver did not say on which port it listens")? {
        Ok(port) => port.context("chromedriver's port is no number"),
        Err(said) => bail!("chromedriver ended before it listened; it said:\n{said}"),
    }
}

fn fresh_folder() -> Result<PathBuf> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("snapstack-e2e-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let folder = env::temp_dir().join(name);
    fs::remove_dir_all(&folder).ok();
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A program that ends as many times as told, with these words, before it becomes the real driver.
    fn ends_first(times: usize, words: &str) -> Result<PathBuf> {
        let folder = fresh_folder()?;
        let (program, count) = (folder.join("driver"), folder.join("count"));
        let driver = env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
        let script = format!(
            "#!/bin/sh\necho >> '{count}'\nif [ $(wc -l < '{count}') -le {times} ]; then echo '{words}' >&2; exit 1; \
             fi\nexec '{driver}' \"$@\"\n",
            count = count.display()
        );
        fs::write(&program, script)?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        Ok(program)
    }

    #[tokio::test]
    async fn a_driver_whose_port_is_taken_is_started_again() -> Result<()> {
        let program = ends_first(2, "IPv4 port not available. Exiting...")?;
        let driver = Driver::start_program(program.as_os_str()).await?;
        assert_ne!(driver.port, 0);
        Ok(())
    }

    #[tokio::test]
    async fn a_driver_that_ends_is_told_with_its_words() -> Result<()> {
        for words in ["no such flag", "IPv4 port not available. Exiting..."] {
            let program = ends_first(STARTS, words)?;
            let error = Driver::start_program(program.as_os_str()).await.err().context("it started")?;
            assert!(error.to_string().contains(words), "{error:#}");
        }
        Ok(())
    }
}
