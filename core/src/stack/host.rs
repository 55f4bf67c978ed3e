//! A host's stack, whole: its tables, its driver's loops and its clockwork. What each layer does is in the files beside.

use std::collections::BTreeSet;

use super::connections::Connections;
use super::control::ErrorBudget;
use super::interface::Interface;
use super::link::{Datagram, Link};
use super::neighbours::Neighbours;
use super::reassembly::{Expired, Reassembly};
use super::sockets::Sockets;
use super::wire::IcmpError;
use super::{Config, DropReason, Drops};
use crate::buffers::{BufferError, Buffers};
use crate::nic::TxFrames;
use crate::random::mix;

/// The code of a Time Exceeded message about reassembly (RFC 792, RFC 4443 section 3.3).
const REASSEMBLY: u8 = 1;

/// What passed through, beside [`Drops`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames that the driver took from the RX rings.
    pub frames_received: u64,
    /// Frames, or sends that the NIC cuts into frames, that the driver posted.
    pub packets_posted: u64,
    /// Echo requests answered.
    pub echoes: u64,
    /// ICMP errors sent.
    pub errors_sent: u64,
    /// Datagrams put together from fragments.
    pub reassembled: u64,
    /// TCP connections opened, by either side.
    pub connections: u64,
    /// Resets sent where no connection is.
    pub resets_sent: u64,
}

/// The stack of one host over one scheme of buffers. Time is passed in as nanoseconds and never goes back; the stack holds
/// no payload byte of its own.
///
/// The owner moves frames: it puts those that arrive into the NIC ([`Buffers::deliver`]), calls [`Stack::receive`], then
/// [`Stack::poll`], and takes what is to go out with [`Stack::transmit`]; again when [`Stack::next_time`] has come. What
/// applications do is in the methods of the sockets ([`super::sockets`]).
#[derive(Clone)]
pub struct Stack<B: Buffers> {
    pub(super) config: Config,
    pub(super) buffers: B,
    pub(super) interface: Interface,
    pub(super) neighbours: Neighbours<Datagram>,
    pub(super) reassembly: Reassembly,
    pub(super) link: Link,
    pub(super) connections: Connections,
    pub(super) sockets: Sockets,
    pub(super) errors: ErrorBudget,
    pub(super) drops: Drops,
    pub(super) counters: Counters,
    pub(super) refused: Option<BufferError>,
    /// Next IPv4 or fragment identification.
    pub(super) ident: u32,
}

impl<B: Buffers> Stack<B> {
    /// A stack without sockets; `buffers` is its memory and NIC, with `config.queues` pairs of rings.
    pub fn new(config: Config, buffers: B) -> Self {
        let mut stack = Self {
            interface: Interface::new(&config),
            neighbours: Neighbours::default(),
            reassembly: Reassembly::default(),
            link: Link::new(config.queues),
            connections: Connections::new(config.seed, config.max_time_wait),
            sockets: Sockets::new(config.seed),
            errors: ErrorBudget::default(),
            drops: Drops::default(),
            counters: Counters::default(),
            refused: None,
            ident: mix(config.seed) as u32,
            buffers,
            config,
        };
        stack.refill();
        stack
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The memory and NIC.
    pub fn buffers(&self) -> &B {
        &self.buffers
    }

    /// The memory and NIC: for applications to fill and read their buffers, and for the wire.
    pub fn buffers_mut(&mut self) -> &mut B {
        &mut self.buffers
    }

    /// What was dropped, by reason.
    pub fn drops(&self) -> &Drops {
        &self.drops
    }

    /// What passed through.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The first refusal of the scheme's memory or NIC that cost a packet ([`DropReason::Memory`]).
    pub fn refused(&self) -> Option<&BufferError> {
        self.refused.as_ref()
    }

    /// Entries of the neighbour table, bytes of incomplete datagrams, connections that are not in TIME-WAIT, and those that
    /// are: what hostile traffic could want to grow.
    pub fn table_sizes(&self) -> [u64; 4] {
        [
            self.neighbours.len() as u64,
            u64::from(self.reassembly.bytes()),
            self.connections.len() as u64,
            self.connections.time_wait_len(),
        ]
    }

    /// The driver takes all frames out of the RX rings, and each goes up to its socket. A frame that the scheme's memory has
    /// no room for stays in its ring, with those behind it, until the next call.
    pub fn receive(&mut self, now: u64) {
        for queue in 0..self.config.queues {
            loop {
                match self.buffers.poll_rx(queue) {
                    Ok(Some(frame)) => {
                        self.counters.frames_received += 1;
                        self.input(now, queue, frame);
                    }
                    Ok(None) => break,
                    // The frame is still in its slot, and would be refused again.
                    Err(error) => {
                        self.refuse(error);
                        break;
                    }
                }
            }
        }
        self.refill();
    }

    /// The driver grants the NIC what RX slots it can.
    fn refill(&mut self) {
        for queue in 0..self.config.queues {
            if let Err(error) = self.buffers.refill(queue) {
                self.refuse(error);
            }
        }
    }

    /// Runs what is due, and gives the NIC what is to be sent: until rings are full or nothing is left.
    pub fn poll(&mut self, now: u64) {
        self.recycle();
        self.expire(now);
        self.ask_neighbours(now);
        loop {
            self.post_waiting();
            if !self.poll_connections(now) {
                break;
            }
        }
        self.ring_doorbells();
        self.wake_starved();
    }

    /// The NIC puts the queue's next packet on the wire, behind `out`: false when nothing is posted. A frame that it cannot
    /// read is dropped and counted.
    pub fn transmit(&mut self, queue: u16, out: &mut TxFrames) -> bool {
        match self.buffers.transmit(queue, out) {
            Ok(sent) => sent.is_some(),
            Err(error) => {
                self.refuse(error);
                true
            }
        }
    }

    /// The NIC interrupts the host for all queues: the next [`Stack::poll`] finds what it has completed.
    pub fn interrupt(&mut self) {
        for queue in 0..self.config.queues {
            self.interrupt_queue(queue);
        }
    }

    /// The NIC interrupts the host for one queue, by a message of its own on the bus.
    pub fn interrupt_queue(&mut self, queue: u16) {
        self.buffers.interrupt(queue);
    }

    /// When [`Stack::poll`] has something to do even if nothing arrives; a time that has passed means at once (an
    /// application called), None never.
    pub fn next_time(&self) -> Option<u64> {
        let times = [
            self.link.next_time(),
            self.connections.next_time(),
            self.neighbours.next_time(),
            self.reassembly.next_time(),
        ];
        times.into_iter().flatten().min()
    }

    fn expire(&mut self, now: u64) {
        while let Some(Expired { key, chunks, quote }) = self.reassembly.expire(now) {
            self.drops.add(DropReason::FragmentTimeout);
            self.release(&chunks);
            // RFC 1122 section 3.3.2, RFC 8200 section 4.5: the sender learns it, if the first fragment came.
            if let Some(quote) = quote {
                let error = IcmpError::TimeExceeded { code: REASSEMBLY };
                self.report_fragments(now, &key, error, quote);
            }
        }
        while let Some((_, waiting)) = self.neighbours.give_up(now) {
            for datagram in waiting {
                self.drops.add(DropReason::NeighbourUnreachable);
                self.release(datagram.parts.as_slice());
                self.undeliverable(now, &datagram);
            }
        }
        self.connections.expire(now);
    }

    /// Counts what the scheme refused.
    pub(super) fn refuse(&mut self, error: BufferError) {
        self.drops.add(DropReason::Memory);
        self.refused.get_or_insert(error);
    }
}

/// Things that are due by time: at most one time each.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    times: BTreeSet<(u64, u32)>,
}

impl Timers {
    /// Replaces the time of a thing.
    pub(super) fn set(&mut self, thing: u32, before: Option<u64>, after: Option<u64>) {
        if before == after {
            return;
        }
        if let Some(time) = before {
            self.times.remove(&(time, thing));
        }
        if let Some(time) = after {
            self.times.insert((time, thing));
        }
    }

    /// The earliest.
    pub(super) fn next_time(&self) -> Option<u64> {
        self.times.first().map(|(time, _)| *time)
    }

    /// A thing that is due; its time is removed.
    pub(super) fn pop_due(&mut self, now: u64) -> Option<u32> {
        let (time, thing) = *self.times.first()?;
        if time > now {
            return None;
        }
        self.times.pop_first();
        Some(thing)
    }
}
