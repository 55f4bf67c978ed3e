//! Sequence numbers (RFC 9293 section 3.4) without wrapping: inside the engine they are 64 bits wide, the low 32 of which
//! stand in headers, so that order is plain order.

/// Added to a first sequence number, so that nothing near it is below zero.
const EPOCH: u64 = 1 << 32;

/// The wide number that a connection's first sequence number stands for.
pub(super) fn first(seq: u32) -> u64 {
    EPOCH + u64::from(seq)
}

/// The wide number nearest to `near` whose low 32 bits are `seq`.
pub(super) fn widen(near: u64, seq: u32) -> u64 {
    let distance = seq.wrapping_sub(near as u32) as i32;
    near.wrapping_add_signed(i64::from(distance))
}

/// Whether timestamp `a` lies before `b` (RFC 7323 section 5.2).
pub(super) fn before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_on_both_sides_of_a_wrap_keep_their_order() {
        let near = first(u32::MAX - 1);
        assert_eq!(widen(near, 3), near + 5);
        assert_eq!(widen(near + 5, u32::MAX - 1), near);
        assert_eq!(widen(first(0), u32::MAX), first(0) - 1);
    }

    #[test]
    fn timestamps_compare_across_their_wrap() {
        assert!(before(u32::MAX, 3));
        assert!(!before(3, u32::MAX));
        assert!(!before(7, 7));
    }
}
