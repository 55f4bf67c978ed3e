//! A static server as any web host is one: files of a folder, under a path that the page cannot know beforehand.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow, ensure};
use tiny_http::{Header, Request, Response, Server};

/// As many as a browser has connections to one host.
const THREADS: usize = 6;

/// A request that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Path as asked for, relative to [`StaticServer::url`] where it lies below it.
    pub path: String,
    /// HTTP status of the answer.
    pub status: u16,
}

/// Serves a folder on a free port of this machine until it is dropped.
pub struct StaticServer {
    url: String,
    server: Arc<Server>,
    site: Arc<Site>,
    threads: Vec<JoinHandle<()>>,
}

struct Site {
    folder: PathBuf,
    prefix: String,
    headers: Vec<Header>,
    served: Mutex<Vec<Served>>,
}

impl StaticServer {
    /// Starts to serve `folder`, with this content security policy on every answer if there is one.
    ///
    /// # Errors
    ///
    /// When the folder is missing, no port is free, or the policy is no valid header.
    pub fn start(folder: &Path, csp: Option<&str>) -> Result<StaticServer> {
        ensure!(folder.is_dir(), "there is no folder {} to serve", folder.display());
        let server = Server::http("127.0.0.1:0").map_err(|error| anyhow!("cannot open a port: {error}"))?;
        let port = server.server_addr().to_ip().context("the server has no port")?.port();
        // Another path each time, so that nothing comes to rely on one.
        let prefix = format!("/any/{:08x}/path/", RandomState::new().build_hasher().finish() as u32);
        // Files change between runs under the same name, so a browser must ask again.
        let mut headers =
            vec![header("Cache-Control", "no-cache")?, header("X-Content-Type-Options", "nosniff")?];
        if let Some(csp) = csp {
            headers.push(header("Content-Security-Policy", csp)?);
        }
        let site = Arc::new(Site { folder: folder.to_owned(), prefix, headers, served: Mutex::default() });
        let server = Arc::new(server);
        let start = |_| {
            let (server, site) = (Arc::clone(&server), Arc::clone(&site));
            thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    site.answer(request);
                }
            })
        };
        let threads = (0..THREADS).map(start).collect();
        Ok(StaticServer { url: format!("http://127.0.0.1:{port}{}", site.prefix), server, site, threads })
    }

    /// Address of the folder; ends with a slash.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What has been asked for so far, in the order of the requests.
    #[must_use]
    pub fn served(&self) -> Vec<Served> {
        self.site.served.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for StaticServer {
    fn drop(&mut self) {
        for _ in &self.threads {
            self.server.unblock();
        }
        for thread in self.threads.drain(..) {
            thread.join().ok();
        }
    }
}

impl Site {
    fn answer(&self, request: Request) {
        let url = request.url().split(['?', '#']).next().unwrap_or_default();
        let inside = url.strip_prefix(&self.prefix);
        let found = inside.and_then(|path| self.read(path));
        let path = inside.unwrap_or(url).to_owned();
        let (status, content, mime) = match found {
            Some((content, mime)) => (200, content, mime),
            None => (404, b"404".to_vec(), "text/plain"),
        };
        let mut response = Response::from_data(content).with_status_code(status);
        for header in self.headers.iter().cloned().chain(header("Content-Type", mime)) {
            response.add_header(header);
        }
        // First, so that whoever has the answer finds the request in the list.
        self.served.lock().unwrap_or_else(PoisonError::into_inner).push(Served { path, status });
        // A browser that goes away in the middle is no error of this server.
        request.respond(response).ok();
    }

    fn read(&self, path: &str) -> Option<(Vec<u8>, &'static str)> {
        if path.split(['/', '\\']).any(|part| part == "..") {
            return None;
        }
        let path = if path.is_empty() { "index.html" } else { path };
        Some((fs::read(self.folder.join(path)).ok()?, mime(path)))
    }
}

fn header(name: &str, value: &str) -> Result<Header> {
    Header::from_bytes(name, value).map_err(|()| anyhow!("`{name}: {value}` is no valid header"))
}

fn mime(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    fn get(server: &StaticServer, path: &str) -> Result<String> {
        let url = url::Url::parse(server.url())?;
        let mut stream = TcpStream::connect(("127.0.0.1", url.port().context("no port")?))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    #[test]
    fn files_are_served_only_below_the_prefix_and_the_folder() -> Result<()> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let server = StaticServer::start(&folder, Some("default-src 'self'"))?;
        let prefix = url::Url::parse(server.url())?.path().to_owned();
        let found = get(&server, &format!("{prefix}server.rs?x=1"))?;
        assert!(found.starts_with("HTTP/1.1 200"), "{found}");
        assert!(found.contains("Content-Security-Policy: default-src 'self'"));
        assert!(get(&server, "/server.rs")?.starts_with("HTTP/1.1 404"));
        assert!(get(&server, &format!("{prefix}../Cargo.toml"))?.starts_with("HTTP/1.1 404"));
        let served: Vec<_> =
            server.served().iter().map(|request| (request.path.clone(), request.status)).collect();
        let expected = [("server.rs", 200), ("/server.rs", 404), ("../Cargo.toml", 404)];
        assert_eq!(served, expected.map(|(path, status)| (path.to_owned(), status)));
        Ok(())
    }

    #[test]
    fn wasm_has_the_type_that_streaming_compilation_demands() {
        assert_eq!(mime("a/b_bg.wasm"), "application/wasm");
    }
}
