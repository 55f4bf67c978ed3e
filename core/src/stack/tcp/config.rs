//! What a connection may be told, and the constants of the protocol with their sources.

/// One millisecond in nanoseconds.
pub const MILLISECOND: u64 = 1_000_000;
/// One second in nanoseconds.
pub const SECOND: u64 = 1_000 * MILLISECOND;

/// Segment size that is assumed of a peer that names none (RFC 9293 section 3.7.1, for IPv4; IPv6's 1,220 is reached by
/// the option that every real peer sends).
pub(super) const DEFAULT_MSS: u16 = 536;
/// Least segment size that is believed of a peer. RFC 9293 sets none, but with 40 bytes of options nothing would be left
/// for data, and every host must take 536 bytes anyway (RFC 9293 section 3.7.1).
pub(super) const LEAST_MSS: u16 = 88;
/// Largest shift of the window (RFC 7323 section 2.3).
pub(super) const MAX_WINDOW_SHIFT: u8 = 14;
/// Retransmission timeout before the first measurement (RFC 6298 section 2.1).
pub(super) const INITIAL_RTO: u64 = SECOND;
/// Retransmission timeout for data when the SYN had to be repeated (RFC 6298 section 5.7).
pub(super) const RTO_AFTER_LOST_SYN: u64 = 3 * SECOND;
/// Upper limit of the retransmission timeout (RFC 6298 section 2.5: at least 60 s).
pub(super) const MAX_RTO: u64 = 60 * SECOND;
/// Clock granularity G of RFC 6298 section 2: the tick of our timestamps (RFC 7323 section 5.4: 1 ms to 1 s).
pub(super) const TICK: u64 = MILLISECOND;
/// Timeouts in a row after which data is given up: more than 100 s (R2 of RFC 9293 section 3.8.3) from the least RTO on.
pub(super) const MAX_TIMEOUTS: u32 = 15;
/// Timeouts of a SYN after which the attempt is given up: 1 + 2 + ... + 32 + 60 + 60 = 183 s, more than the three minutes
/// of RFC 9293 section 3.8.3.
pub(super) const MAX_SYN_TIMEOUTS: u32 = 7;
/// Duplicate acknowledgements that mean a loss (RFC 5681 section 3.2, DupThresh of RFC 6675 section 2).
pub(super) const DUPLICATES: u32 = 3;
/// How long a sender with a small usable window and nothing in flight waits for more of it (RFC 9293 section 3.8.6.2.1:
/// 0.1 to 1.0 s).
pub(super) const OVERRIDE: u64 = 200 * MILLISECOND;
/// Acknowledgements that may be owed at once for segments out of order; the peer needs [`DUPLICATES`] of them.
pub(super) const MAX_OWED: u32 = 10;
/// Challenge acknowledgements that one connection sends in [`CHALLENGE_PERIOD`] (RFC 5961 section 7).
pub(super) const CHALLENGES: u32 = 10;
/// Period of that limit (RFC 5961 section 7).
pub(super) const CHALLENGE_PERIOD: u64 = 5 * SECOND;
/// Stay in TIME-WAIT: twice a maximum segment lifetime (RFC 9293 section 3.6.1) of 30 s, as is usual; and the stay in
/// FIN-WAIT-2 once nobody reads any more, which RFC 9293 leaves open.
pub const TIME_WAIT: u64 = 60 * SECOND;
/// Age at which the peer's last timestamp is no longer compared with (RFC 7323 section 5.5: 24 days).
pub(super) const TIMESTAMP_AGE: u64 = 24 * 24 * 3600 * SECOND;
/// Largest window that can be announced: 65,535 shifted by 14 (RFC 7323 section 2.3).
pub(super) const MAX_WINDOW: u32 = 65_535 << MAX_WINDOW_SHIFT;

/// Settings of a connection. They are the same for every buffer scheme, so that frames are too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Largest segment, options included, that this side accepts and sends: MTU less the fixed IP and TCP headers
    /// (RFC 9293 section 3.7.1), at least 88.
    pub mss: u16,
    /// Payload bytes that the send queue holds, acknowledged ones excluded.
    pub send_buffer: u32,
    /// Payload bytes that the receive queues hold: the largest window offered.
    pub receive_buffer: u32,
    /// Offer window scaling (RFC 7323 section 2).
    pub window_scaling: bool,
    /// Offer timestamps (RFC 7323 section 3).
    pub timestamps: bool,
    /// Offer selective acknowledgements (RFC 2018).
    pub sack: bool,
    /// Hold back small segments while data is in flight (Nagle, RFC 9293 section 3.7.4).
    pub nagle: bool,
    /// Longest delay of an acknowledgement, in nanoseconds; 0 acknowledges at once. RFC 9293 section 3.8.6.3: below 0.5 s.
    pub ack_delay: u64,
    /// Least retransmission timeout in nanoseconds (RFC 6298 section 2.4: 1 s; Linux uses 200 ms).
    pub least_rto: u64,
    /// Most payload bytes of one send that the NIC cuts into segments; 0 switches TSO off.
    pub tso: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mss: 1460,
            send_buffer: 256 * 1024,
            receive_buffer: 256 * 1024,
            window_scaling: true,
            timestamps: true,
            sack: true,
            nagle: true,
            ack_delay: 40 * MILLISECOND,
            least_rto: SECOND,
            tso: 0,
        }
    }
}
