//! Where a lane's rows, columns and panels are.

use super::{CELLS, LaneView};
use crate::timeline::COLUMNS;

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

pub(super) struct Layout {
    /// Three bands and one thread, on small screens.
    pub(super) compact: bool,
    /// Queues whose rings are drawn one above the other: all, or one.
    pub(super) stacked: u32,
    pub(super) gutter: f64,
    pub(super) column: f64,
    pub(super) columns: usize,
    pub(super) cell: (f64, f64),
    /// Cells a row of a packet.
    pub(super) cells: usize,
    /// The middle of each row.
    pub(super) rows: [f64; ROWS],
    /// Where each row begins, if a line is drawn there.
    pub(super) edges: [f64; ROWS],
    pub(super) memory: (f64, f64, f64, f64),
}

impl Layout {
    /// Of a lane with so many columns that are used, and so many queues.
    pub(super) fn new(view: &LaneView<'_>, used: usize, queues: u32) -> Self {
        let compact = view.height < 330.0;
        let gutter = if compact && queues == 1 { 46.0 } else { 62.0 };
        let memory_width = (view.width * 0.3).clamp(96.0, 230.0);
        let columns = if compact { 1 } else { used.clamp(1, COLUMNS as usize) };
        let column = (view.width - gutter - memory_width - 20.0) / columns as f64;
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
            let middles = [0.12, 0.40, 0.44, 0.48, 0.52, 0.66, 0.74, 0.82, 0.90, 0.97];
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
        // A column has a way down and a way up; where it is narrow both take fewer cells.
        let half = column / 2.0 - 16.0;
        let cells = ((half / 5.0).floor() as usize).clamp(4, CELLS.1);
        let wide = ((half / cells as f64) - 1.0).clamp(3.0, if compact { 8.0 } else { 11.0 }).floor();
        // Three rows of cells and the arrows between layers must fit a row of the lane.
        let row = match stacked {
            1 => band / if compact { 5.0 } else { 9.3 },
            _ => unit,
        };
        let high = ((row - 20.0) / 3.0).clamp(3.0, 8.0).floor();
        let memory = (
            view.width - memory_width - 8.0,
            if compact { 2.0 } else { 8.0 },
            memory_width,
            view.height - 14.0,
        );
        Self { compact, stacked, gutter, column, columns, cell: (wide, high), cells, rows, edges, memory }
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
        let column = if self.compact { 0 } else { usize::from(column).min(self.columns - 1) };
        self.gutter + self.column * column as f64 + (self.column * 0.25).min(18.0)
    }

    /// Left edge of what goes up in a column.
    pub(super) fn up(&self, column: u8) -> f64 {
        self.down(column) + self.column * 0.46
    }

    pub(super) fn strip_width(&self) -> f64 {
        (self.cell.0 + 1.0) * self.cells as f64
    }

    pub(super) fn strip_height(&self) -> f64 {
        3.0 * self.cell.1 + 2.0
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
