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

pub(super) struct Layout {
    /// Three bands and one thread, on small screens.
    pub(super) compact: bool,
    pub(super) gutter: f64,
    pub(super) column: f64,
    pub(super) columns: usize,
    pub(super) cell: (f64, f64),
    /// Cells a row of a packet.
    pub(super) cells: usize,
    pub(super) rows: [f64; ROWS],
    pub(super) memory: (f64, f64, f64, f64),
}

impl Layout {
    pub(super) fn new(view: &LaneView<'_>, used: usize) -> Self {
        let compact = view.height < 330.0;
        let gutter = if compact { 46.0 } else { 62.0 };
        let memory_width = (view.width * 0.3).clamp(96.0, 230.0);
        let columns = if compact { 1 } else { used.clamp(1, COLUMNS as usize) };
        let column = (view.width - gutter - memory_width - 20.0) / columns as f64;
        let top = if compact { 16.0 } else { 20.0 };
        let band = view.height - top - 6.0;
        let rows = if compact {
            [0.12, 0.40, 0.44, 0.48, 0.52, 0.66, 0.74, 0.82, 0.90, 0.97].map(|share| top + band * share)
        } else {
            let all: f64 = SHARES.iter().sum();
            let mut before = 0.0;
            SHARES.map(|share| {
                let middle = before + share / 2.0;
                before += share;
                top + band * middle / all
            })
        };
        // A column has a way down and a way up; where it is narrow both take fewer cells.
        let half = column / 2.0 - 16.0;
        let cells = ((half / 5.0).floor() as usize).clamp(4, CELLS.1);
        let wide = ((half / cells as f64) - 1.0).clamp(3.0, if compact { 8.0 } else { 11.0 }).floor();
        // Three rows of cells and the arrows between layers must fit a row of the lane.
        let row = band / if compact { 5.0 } else { 9.3 };
        let high = ((row - 20.0) / 3.0).clamp(3.0, 8.0).floor();
        let memory = (
            view.width - memory_width - 8.0,
            if compact { 2.0 } else { 8.0 },
            memory_width,
            view.height - 14.0,
        );
        Self { compact, gutter, column, columns, cell: (wide, high), cells, rows, memory }
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
