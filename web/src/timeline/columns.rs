//! Which column a flow is drawn in: the first that is free while the flow sends, so that neighbours in time stand side by
//! side and a column is used again; the last column gathers what does not fit.

/// Most columns, the last for all others.
pub const COLUMNS: u8 = 6;

/// The column of each flow, from the flows of all sends in order.
pub fn columns(flows: usize, sends: impl Iterator<Item = u32> + Clone) -> Vec<u8> {
    let mut last = vec![0; flows];
    for (i, flow) in sends.clone().enumerate() {
        last[flow as usize] = i;
    }
    let mut columns = vec![u8::MAX; flows];
    let mut taken = [false; COLUMNS as usize - 1];
    for (i, flow) in sends.enumerate() {
        let column = &mut columns[flow as usize];
        if *column == u8::MAX {
            let free = taken.iter().position(|taken| !taken);
            *column = free.map_or(COLUMNS - 1, |free| free as u8);
            if let Some(free) = free {
                taken[free] = true;
            }
        }
        if last[flow as usize] == i
            && let Some(taken) = taken.get_mut(*column as usize)
        {
            *taken = false;
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_that_overlap_stand_side_by_side_and_columns_are_used_again() {
        assert_eq!(columns(4, [0, 1, 0, 1, 2, 3, 2, 3].into_iter()), [0, 1, 0, 1]);
        let many: Vec<u32> = (0..8).chain(0..8).collect();
        assert_eq!(columns(8, many.into_iter()), [0, 1, 2, 3, 4, 5, 5, 5]);
    }
}
