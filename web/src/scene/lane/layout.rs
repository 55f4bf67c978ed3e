//! Where a lane's rows, columns and panels are.

use super::LaneView;
use crate::timeline::COLUMNS;

/// Cells of a content at the most, cells a row, and rows.
const CELLS: (usize, usize, usize) = (24, 8, 3);
/// Narrowest column, in CSS pixels.
const NARROWEST: f64 = 72.0;
/// In a column what stands at the left of the way down, between the ways, and at the right of the way up.
const MARGINS: [f64; 3] = [18.0, 14.0, 6.0];
/// Share of what is left that the way down takes: what arrives is mostly small.
const DOWN: f64 = 0.75;

pub(super) const USER: usize = 0;
pub(super) const SOCKET: usize = 1;
pub(super) const TX: usize = 5;
pub(super) const RX: usize = 6;
pub(super) const NIC: usize = 7;
pub(super) const OUT: usize = 8;
pub(super) const IN: usize = 9;
pub(super) const ROWS: usize = 10;

/// Shares of the height that the rows take, when there is room for all.
const SHARES: [f64; ROWS] = [1.25, 1.25, 1.05, 1.05, 1.05, 0.8, 0.7, 0.9, 0.6, 0.6];

/// Distance between the slots of two queues, one above the other.
const STACKED: f64 = 10.0;
/// What stands above and below such slots: of a TX ring, and of an RX ring.
const AROUND: [(f64, f64); 2] = [(17.0, 15.0), (5.0, 15.0)];
/// Least height of a row of the other layers, in terms of [`SHARES`], where all queues are drawn.
const LEAST: f64 = 42.0;

/// How content is drawn on the way down or up: cells in rows.
#[derive(Clone, Copy)]
pub(in crate::scene) struct Strip {
    /// Width and height of a cell.
    pub(in crate::scene) cell: (f64, f64),
    /// Cells a row.
    pub(super) columns: usize,
}

impl Strip {
    /// Cells in a width, of so many pixels each at the least.
    fn new(width: f64, least: f64, most: f64, high: f64) -> Self {
        let columns = ((width / (least + 1.0)).floor() as usize).clamp(3, CELLS.1);
        let wide = (width / columns as f64 - 1.0).clamp(2.0, most).floor();
        Self { cell: (wide, high), columns }
    }

    /// Most cells.
    pub(in crate::scene) fn slots(self) -> usize {
        CELLS.0.min(CELLS.2 * self.columns)
    }

    /// Where a cell is, from the corner of the first.
    pub(in crate::scene) fn at(self, index: usize) -> (f64, f64) {
        (
            (index % self.columns) as f64 * (self.cell.0 + 1.0),
            (index / self.columns) as f64 * (self.cell.1 + 1.0),
        )
    }

    /// Width and height of the widest and highest content.
    pub(super) fn most(self) -> (f64, f64) {
        self.size(CELLS.2 * self.columns)
    }

    /// Width and height of a content of so many lines.
    pub(super) fn size(self, lines: usize) -> (f64, f64) {
        let per_cell = lines.div_ceil(self.slots()).max(1);
        let cells = lines.div_ceil(per_cell).max(1);
        let (w, h) = self.cell;
        (cells.min(self.columns) as f64 * (w + 1.0), cells.div_ceil(self.columns) as f64 * (h + 1.0))
    }
}

pub(super) struct Layout {
    /// Three bands and one thread, on small screens.
    pub(super) compact: bool,
    /// Queues whose rings are drawn one above the other: all, or one.
    pub(super) stacked: u32,
    pub(super) gutter: f64,
    pub(super) column: f64,
    pub(super) columns: usize,
    /// Whether the last column is of several.
    pub(super) folded: bool,
    /// Content on the way down, and on the way up.
    pub(super) strips: [Strip; 2],
    /// The middle of each row.
    pub(super) rows: [f64; ROWS],
    /// Where each row begins, if a line is drawn there.
    pub(super) edges: [f64; ROWS],
    pub(super) memory: (f64, f64, f64, f64),
}

impl Layout {
    /// Of a lane with so many columns that are used, and so many queues.
    pub(super) fn new(view: &LaneView<'_>, used: usize, queues: u32) -> Self {
        let compact = view.height < 330.0 || view.width < 380.0;
        let gutter = if compact && queues == 1 { 46.0 } else { 60.0 };
        // The same in both lanes, also where one of them is a pixel wider.
        let memory_width = ((view.width * 0.26).clamp(96.0, 230.0) / 4.0).floor() * 4.0;
        let room = view.width - gutter - memory_width - 20.0;
        let most = if compact { 1 } else { ((room / NARROWEST) as usize).clamp(1, COLUMNS.into()) };
        let columns = used.clamp(1, most);
        let column = room / columns as f64;
        let top = if compact { 16.0 } else { 20.0 };
        let band = view.height - top - 6.0;
        // The rings take what the slots of all queues need, if that leaves enough for the other layers.
        let slots = f64::from(queues) * STACKED;
        let rings = AROUND.map(|(above, below)| above + slots + below);
        let others: f64 = SHARES.iter().sum::<f64>() - SHARES[TX] - SHARES[RX];
        let unit = (band - rings[0] - rings[1]) / others;
        let stacked = if queues > 1 && !compact && unit >= LEAST { queues } else { 1 };
        let middles = |heights: [f64; ROWS]| {
            let mut before = top;
            heights.map(|height| {
                before += height;
                before - height / 2.0
            })
        };
        let between = |rows: [f64; ROWS]| {
            let mut edges = rows;
            for row in 1..ROWS {
                edges[row] = (rows[row - 1] + rows[row]) / 2.0;
            }
            edges
        };
        let mut shares = SHARES;
        if queues > 1 {
            // Above the one pair of rings that is drawn it says which.
            shares[TX] = 1.2;
        }
        let (rows, edges) = if compact {
            let middles = [0.12, 0.40, 0.44, 0.48, 0.52, 0.645, 0.725, 0.80, 0.872, 0.965];
            let rows = middles.map(|share| top + band * share);
            (rows, between(rows))
        } else if stacked == 1 {
            let all: f64 = shares.iter().sum();
            let rows = middles(shares.map(|share| band * share / all));
            let mut edges = between(rows);
            if queues > 1 {
                edges[TX] = edges[TX].min(rows[TX] - 21.0);
            }
            (rows, edges)
        } else {
            let mut heights = shares.map(|share| share * unit);
            (heights[TX], heights[RX]) = (rings[0], rings[1]);
            let mut rows = middles(heights);
            let mut edges = between(rows);
            for row in [TX, RX, NIC] {
                edges[row] = rows[row] - heights[row] / 2.0;
            }
            // The middle of the slots is not that of the row.
            for (row, (above, below)) in [TX, RX].into_iter().zip(AROUND) {
                rows[row] += (above - below) / 2.0;
            }
            (rows, edges)
        };
        // Three rows of cells and the arrows between layers must fit a row of the lane.
        let row = match stacked {
            1 => band / if compact { 5.0 } else { 9.3 },
            _ => unit,
        };
        let high = ((row - 20.0) / 3.0).clamp(3.0, 9.0).floor();
        let ways = (column - MARGINS.iter().sum::<f64>()).max(20.0);
        let wide = if compact { 8.0 } else { 12.0 };
        let strips =
            [Strip::new(ways * DOWN, 3.0, wide, high), Strip::new(ways * (1.0 - DOWN), 3.0, wide, high)];
        let memory = (
            view.width - memory_width - 8.0,
            if compact { 2.0 } else { 8.0 },
            memory_width,
            view.height - 14.0,
        );
        let folded = columns < used;
        Self { compact, stacked, gutter, column, columns, folded, strips, rows, edges, memory }
    }

    /// The queues whose rings are drawn, where `queue` is the one that is looked at.
    pub(super) fn queues(&self, queue: u32) -> std::ops::Range<u32> {
        if self.stacked > 1 { 0..self.stacked } else { queue..queue + 1 }
    }

    /// The middle of a queue's slots, in the row of the rings.
    pub(super) fn ring(&self, row: usize, queue: u32) -> f64 {
        let stacked = f64::from(self.stacked);
        match self.stacked {
            1 => self.rows[row],
            _ => self.rows[row] + (f64::from(queue) - (stacked - 1.0) / 2.0) * STACKED,
        }
    }

    /// Height of a slot, and of what is above it and below before the next queue's.
    pub(super) fn slot(&self) -> (f64, f64) {
        if self.stacked > 1 { (STACKED - 3.0, 1.5) } else { (14.0, 2.0) }
    }

    /// Left edge of what goes down in a column.
    pub(super) fn down(&self, column: u8) -> f64 {
        let column = usize::from(column).min(self.columns - 1);
        self.gutter + self.column * column as f64 + MARGINS[0]
    }

    /// Left edge of what goes up in a column.
    pub(super) fn up(&self, column: u8) -> f64 {
        self.down(column) + self.strip(false).most().0 + MARGINS[1]
    }

    /// How content is drawn on its way up, or down.
    pub(super) fn strip(&self, up: bool) -> Strip {
        self.strips[usize::from(up)]
    }

    pub(super) fn content_right(&self) -> f64 {
        self.memory.0 - 14.0
    }

    /// Row of a stage on the way down (from the socket layer on) or up.
    pub(super) fn stage_row(&self, stage: snapstack::sim::Stage) -> usize {
        use snapstack::sim::Stage;
        match stage {
            Stage::Send | Stage::Recv => USER,
            Stage::Socket | Stage::SocketIn => SOCKET,
            Stage::Transport | Stage::TransportIn => 2,
            Stage::Ip | Stage::IpIn => 3,
            Stage::Driver | Stage::DriverIn => 4,
            Stage::Doorbell | Stage::Completion => TX,
            Stage::Dma => NIC,
            Stage::Wire => OUT,
            Stage::WireIn => IN,
            Stage::DmaIn => RX,
        }
    }
}
