//! A file server for HTTP/1.1 (RFC 9112): GET and HEAD of files by name, persistent connections, requests one after the
//! other. Files are sent from the buffers they lie in; only the response's head is written anew.

use std::collections::VecDeque;
use std::net::{Ipv6Addr, SocketAddr};
use std::ops::Range;

use snapstack::buffers::{Buffers, SendId, UserId};
use snapstack::stack::{SocketError, SocketId, SocketKind, Stack, ThreadId};

use super::files::Files;

/// Bytes of a request's head that are read before it is refused.
const MAX_HEAD: usize = 16_384;
/// Header fields of a request.
const MAX_FIELDS: usize = 64;
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 128;
/// Bytes taken at once.
const RECEIVE: u32 = 65_536;
/// Responses that may wait on one connection before its next request is read.
const MAX_RESPONSES: usize = 16;
const THREAD: ThreadId = ThreadId(0);

/// Bytes to be sent.
struct Outgoing {
    user: UserId,
    range: Range<u64>,
    /// Whether the buffer was made for this response.
    own: bool,
}

struct Connection {
    socket: SocketId,
    request: Vec<u8>,
    outgoing: VecDeque<Outgoing>,
    /// Nothing more is read: the peer has closed, or the connection ends after the last response.
    last: bool,
}

/// The server.
pub(super) struct Http {
    listener: SocketId,
    files: Files,
    connections: Vec<Connection>,
    served: u64,
}

/// What a request is answered with.
struct Response {
    status: &'static str,
    body: Option<(UserId, u64)>,
    /// Whether the body is sent, and not only its length.
    with_body: bool,
    keep: bool,
}

impl Http {
    /// A server on all addresses.
    pub(super) fn listen<B: Buffers>(stack: &mut Stack<B>, port: u16, files: Files) -> Result<Self, String> {
        let problem = |e: SocketError| format!("the HTTP server cannot listen: {e}");
        let listener = stack.socket(SocketKind::Stream).map_err(problem)?;
        stack.bind(listener, SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port)).map_err(problem)?;
        stack.listen(listener, BACKLOG).map_err(problem)?;
        Ok(Self { listener, files, connections: Vec::new(), served: 0 })
    }

    /// Responses made.
    pub(super) fn served(&self) -> u64 {
        self.served
    }

    /// Does all that can be done without waiting.
    pub(super) fn run<B: Buffers>(&mut self, stack: &mut Stack<B>, now: u64) {
        while let Ok(socket) = stack.accept(self.listener, THREAD) {
            let (request, outgoing) = (Vec::new(), VecDeque::new());
            self.connections.push(Connection { socket, request, outgoing, last: false });
        }
        let mut connections = std::mem::take(&mut self.connections);
        connections.retain_mut(|connection| {
            let lives = self.serve(connection, stack, now);
            if !lives {
                for outgoing in connection.outgoing.drain(..).filter(|outgoing| outgoing.own) {
                    free(stack, outgoing.user);
                }
                // It is gone already when the peer reset it: nothing is left to be done then.
                let _ = stack.close(now, connection.socket);
            }
            lives
        });
        self.connections = connections;
    }

    /// Reads, answers, sends: false when the connection is done with.
    fn serve<B: Buffers>(&mut self, connection: &mut Connection, stack: &mut Stack<B>, now: u64) -> bool {
        loop {
            if !connection.read(stack, now) || !self.answer(connection, stack) {
                return false;
            }
            match connection.send(stack) {
                Ok(()) if connection.outgoing.is_empty() => {}
                Ok(()) | Err(SocketError::WouldBlock) => return true,
                Err(_) => return false,
            }
            if connection.last {
                return false;
            }
            if httparse_complete(&connection.request).is_none() {
                return true;
            }
        }
    }

    /// Answers the requests that are there whole: false when a response found no memory.
    fn answer<B: Buffers>(&mut self, connection: &mut Connection, stack: &mut Stack<B>) -> bool {
        while connection.outgoing.len() < MAX_RESPONSES {
            let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
            let mut request = httparse::Request::new(&mut fields);
            let (len, response) = match request.parse(&connection.request) {
                Ok(httparse::Status::Complete(len)) => (len, self.response(&request)),
                Ok(httparse::Status::Partial) if connection.request.len() <= MAX_HEAD => return true,
                Ok(httparse::Status::Partial) | Err(_) => {
                    let status = "400 Bad Request";
                    let refusal = Response { status, body: None, with_body: true, keep: false };
                    (connection.request.len(), refusal)
                }
            };
            connection.request.drain(..len);
            self.served += 1;
            if !connection.respond(stack, &response) {
                return false;
            }
            if !response.keep {
                connection.last = true;
                connection.request.clear();
                return true;
            }
        }
        true
    }

    fn response(&self, request: &httparse::Request<'_, '_>) -> Response {
        let field = |name: &str| {
            request
                .headers
                .iter()
                .find(|field| field.name.eq_ignore_ascii_case(name))
                .map(|field| field.value)
        };
        let close = field("connection").is_some_and(|value| value.eq_ignore_ascii_case(b"close"));
        let body_follows = field("content-length").is_some_and(|value| value != b"0")
            || field("transfer-encoding").is_some();
        // The body of a request is not read, and after it nothing would be understood.
        let keep = request.version == Some(1) && !close && !body_follows;
        let method = request.method.unwrap_or("");
        let with_body = method != "HEAD";
        if !matches!(method, "GET" | "HEAD") {
            return Response { status: "405 Method Not Allowed", body: None, with_body, keep };
        }
        let path = request.path.unwrap_or("").split('?').next().unwrap_or("");
        match path.strip_prefix('/').and_then(|name| self.files.get(name)) {
            Some(file) => Response { status: "200 OK", body: Some((file.user, file.len)), with_body, keep },
            None => Response { status: "404 Not Found", body: None, with_body, keep },
        }
    }
}

/// The length of the first request, if it is there whole.
fn httparse_complete(bytes: &[u8]) -> Option<usize> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    match httparse::Request::new(&mut fields).parse(bytes) {
        Ok(httparse::Status::Complete(len)) => Some(len),
        _ => None,
    }
}

fn free<B: Buffers>(stack: &mut Stack<B>, user: UserId) {
    let freed = stack.buffers_mut().free_user(user);
    debug_assert_eq!(freed, Ok(()), "the server frees its own buffers once");
}

impl Connection {
    /// Takes what has arrived: false when the connection was reset.
    fn read<B: Buffers>(&mut self, stack: &mut Stack<B>, now: u64) -> bool {
        while !self.last && self.request.len() <= MAX_HEAD && self.outgoing.len() < MAX_RESPONSES {
            match stack.recv_segments(now, self.socket, THREAD, RECEIVE) {
                Ok(Some(users)) => {
                    for user in users {
                        let buffers = stack.buffers_mut();
                        let len = buffers.user_len(user).unwrap_or(0) as usize;
                        let from = self.request.len();
                        self.request.resize(from + len, 0);
                        let read = buffers.read_user(user, 0, &mut self.request[from..]);
                        free(stack, user);
                        if read.is_err() {
                            return false;
                        }
                    }
                }
                Ok(None) => self.last = true,
                Err(SocketError::WouldBlock) => break,
                Err(_) => return false,
            }
        }
        true
    }

    /// Queues a response: false when there is no memory for its head.
    fn respond<B: Buffers>(&mut self, stack: &mut Stack<B>, response: &Response) -> bool {
        let len = response.body.map_or(0, |(_, len)| len);
        let close = if response.keep { "" } else { "Connection: close\r\n" };
        let head = format!("HTTP/1.1 {}\r\nContent-Length: {len}\r\n{close}\r\n", response.status);
        let Ok(user) = stack.buffers_mut().app_write(None, SendId(u32::MAX), head.as_bytes()) else {
            return false;
        };
        self.outgoing.push_back(Outgoing { user, range: 0..head.len() as u64, own: true });
        if let Some((user, len)) = response.body.filter(|(_, len)| response.with_body && *len > 0) {
            self.outgoing.push_back(Outgoing { user, range: 0..len, own: false });
        }
        true
    }

    /// Sends as much as the socket takes.
    fn send<B: Buffers>(&mut self, stack: &mut Stack<B>) -> Result<(), SocketError> {
        while let Some(outgoing) = self.outgoing.front_mut() {
            let sent = stack.send(self.socket, THREAD, outgoing.user, outgoing.range.clone())?;
            outgoing.range.start += sent;
            if outgoing.range.is_empty() {
                if outgoing.own {
                    free(stack, outgoing.user);
                }
                self.outgoing.pop_front();
            }
        }
        Ok(())
    }
}
