//! Plain tables for people.

/// Columns as wide as their widest cell: the first to the left, the others to the right. Rows are equally long.
pub(crate) fn render(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |i: usize| rows.iter().filter_map(|cells| cells.get(i)).map(String::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |cells: &Vec<String>| {
        let columns = cells.iter().zip(&widths).enumerate();
        let padded = columns.map(|(i, (c, w))| if i == 0 { format!("{c:<w$}") } else { format!("{c:>w$}") });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
