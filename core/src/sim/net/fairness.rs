//! How evenly the threads of a host were served.

use serde::Serialize;

use super::thread::ThreadCounts;

/// How evenly the threads of the shown host were served.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Fairness {
    /// Threads.
    pub threads: u32,
    /// Of those, the ones whose calls failed.
    pub failed: u32,
    /// Least and most payload bytes of a thread, both ways together.
    pub bytes: [u64; 2],
    /// Shortest and longest time that a thread waited in calls, in nanoseconds.
    pub waited_ns: [u64; 2],
    /// When the first and the last thread ended.
    pub ended_ns: [u64; 2],
    /// Jain's index of the threads' rates: 1 when all are equal, 1 / threads when one has everything.
    pub jain: f64,
}

impl Fairness {
    /// Of threads that have ended.
    pub fn of(threads: &[ThreadCounts]) -> Self {
        let range = |value: fn(&ThreadCounts) -> u64| {
            let values = || threads.iter().map(value);
            [values().min().unwrap_or(0), values().max().unwrap_or(0)]
        };
        let rates = threads.iter().map(|t| (t.sent + t.received) as f64 / t.ended_ns.max(1) as f64);
        let (sum, squares) = rates.fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
        let jain = if squares > 0.0 { sum * sum / (threads.len() as f64 * squares) } else { 1.0 };
        Self {
            threads: threads.len() as u32,
            failed: threads.iter().filter(|thread| thread.failed).count() as u32,
            bytes: range(|thread| thread.sent + thread.received),
            waited_ns: range(|thread| thread.waited_ns),
            ended_ns: range(|thread| thread.ended_ns),
            jain,
        }
    }
}
