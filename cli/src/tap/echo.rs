//! The echo service (RFC 862), over TCP by splicing a connection to itself, and over UDP.

use std::net::{Ipv6Addr, SocketAddr};

use snapstack::buffers::Buffers;
use snapstack::stack::{SocketError, SocketId, SocketKind, Stack, ThreadId};

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 128;
const THREAD: ThreadId = ThreadId(1);

/// The service.
pub(super) struct Echo {
    listener: SocketId,
    datagrams: SocketId,
    connections: Vec<SocketId>,
}

impl Echo {
    /// The service on all addresses.
    pub(super) fn listen<B: Buffers>(stack: &mut Stack<B>, port: u16) -> Result<Self, String> {
        let problem = |e: SocketError| format!("the echo service cannot listen: {e}");
        let all = SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port);
        let listener = stack.socket(SocketKind::Stream).map_err(problem)?;
        stack.bind(listener, all).map_err(problem)?;
        stack.listen(listener, BACKLOG).map_err(problem)?;
        let datagrams = stack.socket(SocketKind::Datagram).map_err(problem)?;
        stack.bind(datagrams, all).map_err(problem)?;
        Ok(Self { listener, datagrams, connections: Vec::new() })
    }

    /// Does all that can be done without waiting.
    pub(super) fn run<B: Buffers>(&mut self, stack: &mut Stack<B>, now: u64) {
        while let Ok(socket) = stack.accept(self.listener, THREAD) {
            self.connections.push(socket);
        }
        self.connections.retain(|socket| {
            let ended = loop {
                match stack.splice(now, *socket, *socket, THREAD, u32::MAX) {
                    Ok(0) => break true,
                    Ok(_) => {}
                    Err(SocketError::WouldBlock) => break false,
                    Err(_) => break true,
                }
            };
            if ended {
                // Gone already when the peer reset it.
                let _ = stack.close(now, *socket);
            }
            !ended
        });
        while let Ok((user, from)) = stack.recv_from(self.datagrams, THREAD) {
            let len = stack.buffers().user_len(user).unwrap_or(0);
            // A datagram that cannot be sent is lost, as datagrams are.
            let _ = stack.send_to(now, self.datagrams, THREAD, user, 0..len, Some(from));
            let freed = stack.buffers_mut().free_user(user);
            debug_assert_eq!(freed, Ok(()), "the service frees its own buffers once");
        }
    }
}
