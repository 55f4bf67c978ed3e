//! `snapstack burst`: how much of a burst each scheme keeps when nobody takes frames.

use clap::Args;
use snapstack::sim::burst::{Burst, compare};

/// Arguments of `snapstack burst`.
#[derive(Args)]
pub(crate) struct Bursts {
    /// Frames of the burst.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    frames: u32,
    /// Payload bytes of a frame, up to 1460.
    #[arg(long, value_name = "N", default_value_t = 1408)]
    payload: u32,
    /// Slots of the conventional ring, 2 to 4096.
    #[arg(long, value_name = "N", default_value_t = 64)]
    slots: u32,
    /// Every frame carries the same payload.
    #[arg(long)]
    repeated: bool,
    /// Print one JSON array instead of a table.
    #[arg(long)]
    json: bool,
}

impl Bursts {
    /// Runs and returns what is to be printed.
    pub(crate) fn execute(&self) -> Result<String, String> {
        let burst =
            Burst { frames: self.frames, payload: self.payload, slots: self.slots, repeated: self.repeated };
        let rows = compare(burst).map_err(|e| e.to_string())?;
        if self.json {
            return serde_json::to_string(&rows).map_err(|e| e.to_string());
        }
        let head = ["at equal", "sk_buff slots", "kept", "snapshot slots", "lines", "kept"];
        let mut table = vec![head.map(str::to_owned).to_vec()];
        table.extend(rows.iter().map(|row| {
            let numbers =
                [row.sk_buff_slots, row.sk_buff_kept, row.snapshot_slots, row.lines, row.snapshot_kept];
            let numbers = numbers.iter().map(ToString::to_string);
            std::iter::once(row.equal.replace('_', " ")).chain(numbers).collect()
        }));
        Ok(crate::table::render(&table))
    }
}
