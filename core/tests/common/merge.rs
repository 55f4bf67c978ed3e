//! A three-way merge of byte vectors, byte by byte: what a merge-update of segments must agree with.

/// What `mine` changed since `base`, beside what `theirs` did; or the first byte in conflict.
pub(crate) fn merge(base: &[u8], mine: &[u8], theirs: &[u8]) -> Result<Vec<u8>, u64> {
    let length = match (mine.len() == base.len(), theirs.len() == base.len()) {
        (true, _) => theirs.len(),
        (_, true) => mine.len(),
        _ if mine.len() == theirs.len() => mine.len(),
        _ => return Err(mine.len().min(theirs.len()) as u64),
    };
    let longest = base.len().max(mine.len()).max(theirs.len());
    let at = |bytes: &[u8], i: usize| bytes.get(i).copied().unwrap_or(0);
    let mut merged = Vec::with_capacity(longest);
    for i in 0..longest {
        let (b, m, t) = (at(base, i), at(mine, i), at(theirs, i));
        if m != b && t != b && m != t {
            return Err(i as u64);
        }
        merged.push(if m == b { t } else { m });
    }
    if let Some(lost) = (length..longest).find(|i| merged[*i] != 0) {
        return Err(lost as u64);
    }
    merged.truncate(length);
    Ok(merged)
}
