//! A run's digest: SHA-256 over fixed-width little-endian fields (DESIGN.md section 6).
//!
//! Model version, configuration, scheme, SHA-256 of the capture, the events in order, the ledger's integers. No PLIDs, no
//! floats, no sizes of the host: the same natively and in wasm.

use sha2::{Digest as _, Sha256};

use super::config::{Config, Retention};
use crate::buffers::Scheme;

/// Version of the model: it changes when the same configuration may give another digest.
pub const MODEL_VERSION: u32 = 2;

#[derive(Clone)]
pub(super) struct RunDigest(Sha256);

impl RunDigest {
    pub(super) fn new(config: &Config, scheme: Scheme, capture: &[u8; 32]) -> Self {
        let mut hash = Sha256::new();
        hash.update(MODEL_VERSION.to_le_bytes());
        let Config { version, line_size, retention, seed, ring_slots, doorbell_every, delayed_free } =
            *config;
        let retention = match retention {
            Retention::Keep => 0u32,
            Retention::Overwrite => 1,
            Retention::Free => 2,
        };
        for word in [version, line_size, retention, ring_slots, doorbell_every, delayed_free] {
            hash.update(word.to_le_bytes());
        }
        hash.update(seed.to_le_bytes());
        hash.update(number(scheme).to_le_bytes());
        hash.update(capture);
        Self(hash)
    }

    /// The digest of a run without capture, whose configuration is a list of integers.
    pub(super) fn of_integers(config: &[u64], scheme: Scheme) -> Self {
        let mut hash = Sha256::new();
        hash.update(MODEL_VERSION.to_le_bytes());
        config.iter().for_each(|integer| hash.update(integer.to_le_bytes()));
        hash.update(number(scheme).to_le_bytes());
        Self(hash)
    }

    pub(super) fn events(&mut self, words: &[u32]) {
        if cfg!(target_endian = "little") {
            self.0.update(bytemuck::cast_slice::<u32, u8>(words));
        } else {
            words.iter().for_each(|word| self.0.update(word.to_le_bytes()));
        }
    }

    pub(super) fn finish(mut self, ledger: &[u64]) -> String {
        for integer in ledger {
            self.0.update(integer.to_le_bytes());
        }
        hex::encode(self.0.finalize())
    }
}

fn number(scheme: Scheme) -> u32 {
    match scheme {
        Scheme::SkBuff => 0,
        Scheme::Snapshot => 1,
    }
}
