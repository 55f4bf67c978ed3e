//! A run's digest: SHA-256 over fixed-width little-endian fields (DESIGN.md section 6).
//!
//! Model version, configuration, changes, scheme, SHA-256 of the capture if there is one, the events in order, the ledger's integers. No PLIDs, no
//! floats, no sizes of the host: the same natively and in wasm.

use sha2::{Digest as _, Sha256};

use crate::buffers::Scheme;

/// Version of the model: it changes when the same configuration may give another digest.
pub const MODEL_VERSION: u32 = 7;

#[derive(Clone)]
pub(super) struct RunDigest(Sha256);

impl RunDigest {
    /// The digest of a run whose configuration and changes are a list of integers.
    pub(super) fn new(config: impl Iterator<Item = u64>, scheme: Scheme, capture: Option<&[u8; 32]>) -> Self {
        let mut hash = Sha256::new();
        hash.update(MODEL_VERSION.to_le_bytes());
        config.for_each(|integer| hash.update(integer.to_le_bytes()));
        hash.update(number(scheme).to_le_bytes());
        if let Some(capture) = capture {
            hash.update(capture);
        }
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
