//! Checked reads of the integers in capture files and packet headers.

use super::ByteOrder;

/// The `N` bytes at `at`, if they are all there.
pub(super) fn array_at<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..)?.first_chunk::<N>().copied()
}

/// Big-endian, as on the wire.
pub(super) fn be16(data: &[u8], at: usize) -> Option<u16> {
    array_at(data, at).map(u16::from_be_bytes)
}

/// Big-endian, as on the wire.
pub(super) fn be32(data: &[u8], at: usize) -> Option<u32> {
    array_at(data, at).map(u32::from_be_bytes)
}

impl ByteOrder {
    /// The 16-bit integer at byte `at`, in this order.
    pub(super) fn u16(self, data: &[u8], at: usize) -> Option<u16> {
        array_at(data, at).map(|bytes| match self {
            ByteOrder::Little => u16::from_le_bytes(bytes),
            ByteOrder::Big => u16::from_be_bytes(bytes),
        })
    }

    /// The 32-bit integer at byte `at`, in this order.
    pub(super) fn u32(self, data: &[u8], at: usize) -> Option<u32> {
        array_at(data, at).map(|bytes| match self {
            ByteOrder::Little => u32::from_le_bytes(bytes),
            ByteOrder::Big => u32::from_be_bytes(bytes),
        })
    }

    /// The signed 64-bit integer at byte `at`, in this order.
    pub(super) fn i64(self, data: &[u8], at: usize) -> Option<i64> {
        array_at(data, at).map(|bytes| match self {
            ByteOrder::Little => i64::from_le_bytes(bytes),
            ByteOrder::Big => i64::from_be_bytes(bytes),
        })
    }
}
