//! The applications' threads: small state machines over the sockets interface. A turn is one call that moves bytes or
//! blocks.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::Serialize;

use super::content::Content;
use crate::buffers::{Buffers, SendId, UserId};
use crate::sim::config::{Config, PAGES, Receive, Workload};
use crate::stack::{Shutdown, SocketError, SocketId, SocketKind, Stack, ThreadId};

/// Where servers listen.
const PORT: u16 = 80;
/// Client n calls from this port and n on, so that the server knows whom it serves.
const FIRST_PORT: u16 = 10_000;
/// Bytes of a request.
const REQUEST: u64 = 256;
/// Most bytes of one `recv()`.
const MOST: u32 = 1 << 16;

/// Kinds of content.
const STREAM: u64 = 1;
const ASK: u64 = 2;
const ANSWER: u64 = 3;
const SCRIBBLE: u64 = 4;

/// What a thread is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Sender,
    Receiver,
    Client,
    Server,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Open,
    Fill,
    Send { from: u64, end: u64 },
    Scribble,
    Receive { left: u64 },
    Finish,
    Drain,
    Close,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The thread could go on.
    Yields,
    /// A call has blocked: the stack wakes it.
    Blocks,
    /// It is done.
    Ends,
}

/// What a thread has done so far: how fairly the threads share host and NIC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ThreadCounts {
    /// Payload bytes that its sends took.
    pub sent: u64,
    /// Payload bytes that it received.
    pub received: u64,
    /// Of those, bytes that are not what the sender's application wrote.
    pub wrong: u64,
    /// Times it ran.
    pub turns: u64,
    /// Nanoseconds that it waited in calls.
    pub waited_ns: u64,
    /// When it ended; 0 while it runs.
    pub ended_ns: u64,
    /// A call failed for good.
    pub failed: bool,
}

/// What the threads of a host share.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared {
    listener: Option<SocketId>,
    /// Pages, or pieces of the stream for everybody, by their number.
    pages: BTreeMap<u64, UserId>,
    /// Buffers filled so far.
    writes: u32,
}

impl Shared {
    /// The number of the next buffer that is filled.
    pub(super) fn next_write(&mut self) -> SendId {
        let send = SendId(self.writes);
        self.writes += 1;
        send
    }
}

/// A thread.
#[derive(Clone, Debug)]
pub(super) struct Thread {
    id: ThreadId,
    role: Role,
    /// It is on the shown host.
    shown: bool,
    /// The index of the thread that connects, at whichever end.
    caller: u32,
    step: Step,
    round: u64,
    socket: Option<SocketId>,
    buffer: Option<UserId>,
    /// Bytes of the stream that were read.
    read: u64,
    pub(super) counts: ThreadCounts,
    /// Since when a call blocks.
    pub(super) blocked: Option<u64>,
}

impl Thread {
    pub(super) fn new(config: &Config, index: u32, shown: bool) -> Self {
        let role = match (config.workload, shown) {
            (Workload::Capture | Workload::Bulk | Workload::Fanout | Workload::Overwriter, true) => {
                Role::Sender
            }
            (Workload::Capture | Workload::Bulk | Workload::Fanout | Workload::Overwriter, false) => {
                Role::Receiver
            }
            (Workload::Request, true) | (Workload::Web, false) => Role::Client,
            (Workload::Request, false) | (Workload::Web, true) => Role::Server,
        };
        Self {
            id: ThreadId(index),
            role,
            shown,
            caller: index,
            step: Step::Open,
            round: 0,
            socket: None,
            buffer: None,
            read: 0,
            counts: ThreadCounts::default(),
            blocked: None,
        }
    }

    pub(super) fn ended(&self) -> bool {
        self.counts.ended_ns > 0
    }

    /// Whether this side listens: the shown host does where it serves many.
    fn listens(&self, config: &Config) -> bool {
        matches!(config.workload, Workload::Web | Workload::Fanout) == self.shown
    }

    /// The port of the end that called, of a thread with a connection.
    pub(super) fn caller_port(&self) -> Option<u16> {
        self.socket.map(|_| FIRST_PORT.wrapping_add(self.caller as u16))
    }

    /// The thread that has called: contents are numbered by it at both ends.
    fn stream(&self) -> u64 {
        u64::from(self.caller)
    }

    /// Runs until a call has moved bytes, or blocks.
    pub(super) fn turn<B: Buffers>(
        &mut self,
        now: u64,
        config: &Config,
        stack: &mut Stack<B>,
        shared: &mut Shared,
    ) -> Turn {
        self.counts.turns += 1;
        if let Some(since) = self.blocked.take() {
            self.counts.waited_ns += now.saturating_sub(since);
        }
        loop {
            let (before, bytes) = (self.step, self.counts.sent + self.counts.received);
            match self.advance(now, config, stack, shared) {
                Ok(true) => {}
                Ok(false) => {
                    self.counts.ended_ns = now.max(1);
                    return Turn::Ends;
                }
                Err(SocketError::WouldBlock) => {
                    self.blocked = Some(now);
                    return Turn::Blocks;
                }
                Err(_) => {
                    self.counts.failed = true;
                    self.counts.ended_ns = now.max(1);
                    if let Some(socket) = self.socket.take() {
                        // The socket exists; closing it cannot fail.
                        let _ = stack.close(now, socket);
                    }
                    return Turn::Ends;
                }
            }
            let moved = self.counts.sent + self.counts.received > bytes;
            if moved || (self.step == before && before != Step::Fill) {
                return Turn::Yields;
            }
        }
    }

    fn advance<B: Buffers>(
        &mut self,
        now: u64,
        config: &Config,
        stack: &mut Stack<B>,
        shared: &mut Shared,
    ) -> Result<bool, SocketError> {
        match self.step {
            Step::Open => self.open(now, config, stack, shared)?,
            Step::Fill => self.fill(config, stack, shared)?,
            Step::Send { from, end } => self.send(config, stack, shared, from, end)?,
            Step::Scribble => self.scribble(config, stack, shared)?,
            Step::Receive { left } => self.receive(now, config, stack, left)?,
            Step::Finish => {
                if let Some(socket) = self.socket {
                    stack.shutdown(now, socket, Shutdown::Send)?;
                }
                self.step = Step::Drain;
            }
            Step::Drain => {
                if self.read_some(now, config, stack, u64::from(MOST))?.is_none() {
                    self.step = Step::Close;
                }
            }
            Step::Close => {
                if let Some(user) = self.buffer.take() {
                    stack.buffers_mut().free_user(user)?;
                }
                if let Some(socket) = self.socket.take() {
                    stack.close(now, socket)?;
                }
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn open<B: Buffers>(
        &mut self,
        now: u64,
        config: &Config,
        stack: &mut Stack<B>,
        shared: &mut Shared,
    ) -> Result<(), SocketError> {
        let here = |n: u8, port| SocketAddr::from(([10, 0, 0, n], port));
        let (mine, theirs) = if self.shown { (1, 2) } else { (2, 1) };
        if self.listens(config) {
            let listener = match shared.listener {
                Some(listener) => listener,
                None => {
                    let listener = stack.socket(SocketKind::Stream)?;
                    stack.bind(listener, here(mine, PORT))?;
                    stack.listen(listener, config.threads)?;
                    *shared.listener.insert(listener)
                }
            };
            let socket = stack.accept(listener, self.id)?;
            self.socket = Some(socket);
            let port = stack.peer_address(socket)?.map_or(0, |peer| peer.port());
            self.caller = u32::from(port.wrapping_sub(FIRST_PORT));
        } else {
            let socket = stack.socket(SocketKind::Stream)?;
            self.socket = Some(socket);
            stack.bind(socket, here(mine, FIRST_PORT + self.id.0 as u16))?;
            stack.connect(now, socket, here(theirs, PORT))?;
        }
        self.step = match self.role {
            Role::Sender | Role::Client => self.next_round(config),
            Role::Receiver => Step::Drain,
            Role::Server => Step::Receive { left: REQUEST },
        };
        Ok(())
    }

    /// What follows when a round is over.
    fn next_round(&self, config: &Config) -> Step {
        let message = u64::from(config.message);
        if self.round * message < config.bytes { Step::Fill } else { Step::Finish }
    }

    /// What is written in this round, from which of its bytes on, and how much; the number of the page for shared ones.
    fn message(&self, config: &Config) -> (Content, u64, u64, Option<u64>) {
        let (seed, message) = (config.seed, u64::from(config.message));
        let at = self.round * message;
        let len = config.bytes.saturating_sub(at).min(message);
        match (self.role, config.workload) {
            (Role::Client, _) => (Content::new(seed, ASK, self.stream(), self.round), 0, REQUEST, None),
            (_, Workload::Web) => {
                let page = self.round % PAGES;
                (Content::new(seed, ANSWER, 0, page), 0, message, Some(page))
            }
            (_, Workload::Request) => {
                (Content::new(seed, ANSWER, self.stream(), self.round), 0, message, None)
            }
            (_, Workload::Fanout) => (Content::new(seed, STREAM, 0, 0), at, len, Some(self.round)),
            _ => (Content::new(seed, STREAM, self.stream(), 0), at, len, None),
        }
    }

    /// What arrives next, and from which of its bytes on.
    fn expected(&self, config: &Config) -> (Content, u64) {
        let (seed, stream) = (config.seed, self.stream());
        match (self.role, config.workload) {
            (Role::Server, _) => (Content::new(seed, ASK, stream, self.round), self.read),
            (_, Workload::Web) => (Content::new(seed, ANSWER, 0, self.round % PAGES), self.read),
            (_, Workload::Request) => (Content::new(seed, ANSWER, stream, self.round), self.read),
            (_, Workload::Fanout) => (Content::new(seed, STREAM, 0, 0), self.read),
            _ => (Content::new(seed, STREAM, stream, 0), self.read),
        }
    }

    fn write<B: Buffers>(
        &mut self,
        stack: &mut Stack<B>,
        shared: &mut Shared,
        buffer: Option<UserId>,
        bytes: &[u8],
    ) -> Result<UserId, SocketError> {
        let send = shared.next_write();
        Ok(stack.buffers_mut().app_write(buffer, send, bytes)?)
    }

    fn fill<B: Buffers>(
        &mut self,
        config: &Config,
        stack: &mut Stack<B>,
        shared: &mut Shared,
    ) -> Result<(), SocketError> {
        let (content, from, len, page) = self.message(config);
        let known = page.is_some_and(|page| shared.pages.contains_key(&page));
        if !known {
            let bytes = content.bytes(from, len as usize);
            let user = self.write(stack, shared, self.buffer.filter(|_| page.is_none()), &bytes)?;
            match page {
                Some(page) => _ = shared.pages.insert(page, user),
                None => self.buffer = Some(user),
            }
        }
        self.step = Step::Send { from: 0, end: len };
        Ok(())
    }

    fn send<B: Buffers>(
        &mut self,
        config: &Config,
        stack: &mut Stack<B>,
        shared: &Shared,
        from: u64,
        end: u64,
    ) -> Result<(), SocketError> {
        let user = self.sending_from(config, shared);
        let (Some(socket), Some(user)) = (self.socket, user) else { return Ok(()) };
        let sent = stack.send(socket, self.id, user, from..end)?;
        self.counts.sent += sent;
        self.step = if from + sent < end {
            Step::Send { from: from + sent, end }
        } else if self.role == Role::Client {
            Step::Receive { left: config.message.into() }
        } else if config.workload == Workload::Overwriter {
            Step::Scribble
        } else {
            self.after_sending(config)
        };
        Ok(())
    }

    /// The buffer that this round's message is in: one of its own, or one that threads share.
    pub(super) fn sending_from(&self, config: &Config, shared: &Shared) -> Option<UserId> {
        let (_, _, _, page) = self.message(config);
        page.map_or(self.buffer, |page| shared.pages.get(&page).copied())
    }

    fn after_sending(&mut self, config: &Config) -> Step {
        self.round += 1;
        if self.role == Role::Server { Step::Receive { left: REQUEST } } else { self.next_round(config) }
    }

    /// The buffer is the application's again: something else goes there.
    fn scribble<B: Buffers>(
        &mut self,
        config: &Config,
        stack: &mut Stack<B>,
        shared: &mut Shared,
    ) -> Result<(), SocketError> {
        let bytes =
            Content::new(config.seed, SCRIBBLE, self.stream(), self.round).bytes(0, config.message as usize);
        self.buffer = Some(self.write(stack, shared, self.buffer, &bytes)?);
        self.step = self.after_sending(config);
        Ok(())
    }

    fn receive<B: Buffers>(
        &mut self,
        now: u64,
        config: &Config,
        stack: &mut Stack<B>,
        left: u64,
    ) -> Result<(), SocketError> {
        let Some(read) = self.read_some(now, config, stack, left.min(MOST.into()))? else {
            self.step = Step::Close;
            return Ok(());
        };
        if read < left {
            self.step = Step::Receive { left: left - read };
            return Ok(());
        }
        self.read = 0;
        self.step = if self.role == Role::Client {
            self.round += 1;
            self.next_round(config)
        } else {
            Step::Fill
        };
        Ok(())
    }

    /// Receives and looks at every byte; None at the end of the stream.
    fn read_some<B: Buffers>(
        &mut self,
        now: u64,
        config: &Config,
        stack: &mut Stack<B>,
        most: u64,
    ) -> Result<Option<u64>, SocketError> {
        let Some(socket) = self.socket else { return Ok(None) };
        let users = match config.receive {
            Receive::Segments => stack.recv_segments(now, socket, self.id, most as u32)?,
            Receive::Contiguous => stack.recv(now, socket, self.id, most as u32)?.map(|user| vec![user]),
        };
        let Some(users) = users else { return Ok(None) };
        let mut total = 0;
        for user in users {
            let buffers = stack.buffers_mut();
            let mut bytes = vec![0; buffers.user_len(user)? as usize];
            buffers.read_user(user, 0, &mut bytes)?;
            buffers.free_user(user)?;
            let (content, at) = self.expected(config);
            self.counts.wrong += content.differences(at, &bytes);
            self.read += bytes.len() as u64;
            total += bytes.len() as u64;
        }
        self.counts.received += total;
        Ok(Some(total))
    }
}
