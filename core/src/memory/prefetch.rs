//! The one thing that the model says to the machine it runs on, and not to the modelled one: which of its own memory it will
//! need soon. It changes no value.

#![allow(unsafe_code, reason = "the instruction takes a raw pointer")]

/// Begins to bring the first byte of an element into the nearest cache, without waiting for it. Where there is no such
/// instruction, as in wasm, nothing happens. An index out of range asks for nothing.
#[inline(always)]
pub(super) fn prefetch<T>(elements: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(element) = elements.get(at) {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch changes no memory and no register, and faults on no address; this one is a live element's. SSE,
        // which has the instruction, is part of x86-64.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(element).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (elements, at);
}

#[cfg(test)]
mod tests {
    use super::prefetch;

    #[test]
    fn prefetching_changes_nothing_and_an_index_out_of_range_is_harmless() {
        let elements = vec![[1_u64; 8], [2; 8], [3; 8]];
        for at in [0, 2, 3, 4, usize::MAX / 64, usize::MAX] {
            prefetch(&elements, at);
        }
        prefetch::<u8>(&[], 0);
        prefetch(&[(), ()], 1);
        assert_eq!(elements, [[1; 8], [2; 8], [3; 8]]);
    }
}
