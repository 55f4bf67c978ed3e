//! Receive-side scaling: the Toeplitz hash over addresses and ports picks a queue, so that a flow's frames stay in order
//! (FACTS.md section 5: 40-byte key, 128-entry table by the low 7 bits of the hash).

/// Bytes of the key.
pub const RSS_KEY_BYTES: usize = 40;
/// Entries of the indirection table.
pub const RSS_TABLE: usize = 128;

/// The key that Microsoft's "Verifying the RSS Hash Calculation" publishes with its test vectors, and most drivers use.
pub const RSS_DEFAULT_KEY: [u8; RSS_KEY_BYTES] = [
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0,
    0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42,
    0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
];

/// Key and table.
#[derive(Clone, Debug)]
pub struct Rss {
    key: [u8; RSS_KEY_BYTES],
    table: [u16; RSS_TABLE],
}

impl Rss {
    /// The default key, and a table that deals the queues out in turn.
    pub fn new(queues: u16) -> Self {
        let mut table = [0; RSS_TABLE];
        for (i, entry) in table.iter_mut().enumerate() {
            *entry = i as u16 % queues.max(1);
        }
        Self { key: RSS_DEFAULT_KEY, table }
    }

    /// The Toeplitz hash of the parts, one after the other; at most 36 bytes, of which longer input is cut.
    ///
    /// Bit i of the input, counted from the first byte's highest, adds the 32 bits of the key from bit i on.
    pub fn hash(&self, parts: &[&[u8]]) -> u32 {
        let [a, b, c, d, rest @ ..] = &self.key;
        let mut window = u32::from_be_bytes([*a, *b, *c, *d]);
        let mut hash = 0;
        for (byte, next) in parts.iter().flat_map(|part| part.iter()).zip(rest) {
            for bit in (0..8).rev() {
                if byte >> bit & 1 == 1 {
                    hash ^= window;
                }
                window = window << 1 | u32::from(next >> bit & 1);
            }
        }
        hash
    }

    /// The queue for a hash.
    pub fn queue(&self, hash: u32) -> u16 {
        self.table[hash as usize % RSS_TABLE]
    }

    /// Points entry `index` (modulo the table) at another queue.
    pub fn set_entry(&mut self, index: usize, queue: u16) {
        self.table[index % RSS_TABLE] = queue;
    }
}
