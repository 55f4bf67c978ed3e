//! `splice()`: bytes move between sockets and files without passing through the application. Between sockets, and to and
//! from a segment file, references move; a conventional file's bytes are copied, and counted.

use super::{File, SocketError, SocketId, ThreadId};
use crate::buffers::{Buffers, Chunk, FlowId};
use crate::stack::chunk;
use crate::stack::host::Stack;

/// Most bytes that one splice from a conventional file copies (a pipe's default size on Linux).
const PIPE: u32 = 65_536;

impl<B: Buffers> Stack<B> {
    /// Moves up to `max` bytes from one stream's receive queue to another's send queue, by reference. Returns how many: 0
    /// at the end of the stream.
    ///
    /// # Errors
    /// [`SocketError::WouldBlock`] when nothing can be read or nothing written, and those of [`Stack::recv`] and
    /// [`Stack::send`].
    pub fn splice(
        &mut self,
        now: u64,
        from: SocketId,
        to: SocketId,
        thread: ThreadId,
        max: u32,
    ) -> Result<u64, SocketError> {
        let (connection, room) = self.room(to, thread, u64::from(max.max(1)))?;
        let Some(chunks) = self.take(now, from, thread, room)? else { return Ok(0) };
        let mut moved = 0;
        for chunk in chunks {
            moved += self.write_chunk(connection, chunk)?;
        }
        Ok(moved)
    }

    /// Moves up to `max` bytes from a stream's receive queue to the end of a file. Returns how many: 0 at the end of the
    /// stream.
    ///
    /// # Errors
    /// Those of [`Stack::recv`]; the bytes stay for the next call.
    pub fn splice_to_file(
        &mut self,
        now: u64,
        from: SocketId,
        file: &mut File,
        thread: ThreadId,
        max: u32,
    ) -> Result<u64, SocketError> {
        let Some(mut chunks) = self.take(now, from, thread, max)? else { return Ok(0) };
        let len = chunk::total(&chunks);
        match file {
            File::Segments(content) => content.append(&mut chunks),
            File::Conventional(bytes) => {
                let end = bytes.len();
                bytes.resize(end + len as usize, 0);
                if let Err(error) = self.buffers.copy_to_file(&chunks, &mut bytes[end..]) {
                    bytes.truncate(end);
                    self.put_back(from, chunks);
                    return Err(error.into());
                }
                self.release(&chunks);
            }
        }
        Ok(u64::from(len))
    }

    /// Moves up to `max` bytes of a file, from `offset` on, to a stream's send queue. Returns how many: 0 at the end of the
    /// file.
    ///
    /// # Errors
    /// Those of [`Stack::send`].
    pub fn splice_from_file(
        &mut self,
        file: &File,
        offset: u64,
        to: SocketId,
        thread: ThreadId,
        max: u32,
    ) -> Result<u64, SocketError> {
        let left = file.len().saturating_sub(offset).min(u64::from(max));
        let (connection, room) = self.room(to, thread, left)?;
        match file {
            _ if room == 0 => Ok(0),
            File::Segments(chunks) => {
                let mut moved = 0;
                for chunk in File::pieces(chunks, offset, room) {
                    self.buffers.hold(chunk.payload);
                    moved += self.write_chunk(connection, chunk)?;
                }
                Ok(moved)
            }
            File::Conventional(bytes) => {
                let len = room.min(PIPE);
                let part = &bytes[offset as usize..offset as usize + len as usize];
                let payload = self.buffers.send_conventional(FlowId(to.index()), part)?;
                self.write_chunk(connection, Chunk { payload, offset: 0, len })
            }
        }
    }
}
