//! Files to splice from and to: one of a conventional file system, whose pages are conventional memory, and one of a
//! segment-based one, whose content is segments like everything else.

use crate::buffers::{Buffers, Chunk, UserId};
use crate::stack::chunk;
use crate::stack::host::Stack;

/// An open file, written at its end and read from any byte.
#[derive(Clone, Debug)]
pub enum File {
    /// Pages of conventional memory: what goes in or out is copied.
    Conventional(Vec<u8>),
    /// References to payloads, each with a holder: what goes in or out is one more reference.
    Segments(Vec<Chunk>),
}

impl File {
    /// An empty file of a conventional file system.
    pub fn conventional() -> Self {
        Self::Conventional(Vec::new())
    }

    /// An empty file of a segment-based file system.
    pub fn segments() -> Self {
        Self::Segments(Vec::new())
    }

    /// Bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Conventional(bytes) => bytes.len() as u64,
            Self::Segments(chunks) => chunks.iter().map(|chunk| u64::from(chunk.len)).sum(),
        }
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The chunks of a segment file that hold up to `max` bytes from `offset` on, without holders of their own.
    pub(super) fn pieces(chunks: &[Chunk], offset: u64, max: u32) -> Vec<Chunk> {
        let mut skip = offset;
        for (index, chunk) in chunks.iter().enumerate() {
            if skip < u64::from(chunk.len) {
                return chunk::slice(&chunks[index..], skip as u32, max, usize::MAX);
            }
            skip -= u64::from(chunk.len);
        }
        Vec::new()
    }
}

impl<B: Buffers> Stack<B> {
    /// Maps a segment file into the application: buffers that lie as its chunks do, by reference. A conventional file has
    /// none: its bytes are at hand.
    ///
    /// # Errors
    /// The scheme's.
    pub fn map_file(&mut self, file: &File) -> Result<Vec<UserId>, crate::buffers::BufferError> {
        match file {
            File::Conventional(_) => Ok(Vec::new()),
            File::Segments(chunks) => self.buffers.recv_segments(chunks),
        }
    }

    /// Deletes a file: the holders of a segment file are given up.
    pub fn delete_file(&mut self, file: File) {
        if let File::Segments(chunks) = file {
            self.release(&chunks);
        }
    }
}
