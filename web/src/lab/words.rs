//! What the last step did, in a sentence.

use super::world::World;
use super::{Document, Name, Step};

fn plural(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// What the last step of the document did.
pub(super) fn outcome(document: &Document, world: &World) -> String {
    let Some(step) = document.steps.last() else {
        return "The memory is empty. Type into a new segment.".to_owned();
    };
    let newest = world.segments.last().map_or(Name(0), |(name, _)| *name);
    let lines = lines(world);
    match step {
        Step::Create(bytes) => {
            format!("{newest} is created with {}: {lines}", plural(bytes.len() as u64, "byte", "bytes"))
        }
        Step::Snapshot(of) => {
            format!("{newest} is a snapshot of {of}: one map entry to the same root, and no line is written.")
        }
        Step::Overwrite(name, at, bytes) => {
            let written = plural(bytes.len() as u64, "byte", "bytes");
            format!("{written} of {name} are overwritten from byte {at}: {lines}{}", kept(world, *name))
        }
        Step::Append(name, bytes) => {
            let written = plural(bytes.len() as u64, "byte", "bytes");
            format!("{written} are appended to {name}: {lines}{}", kept(world, *name))
        }
        Step::Truncate(name, length) => {
            format!("{name} now has {}: {lines}", plural(*length, "byte", "bytes"))
        }
        Step::Assign(name, _) => format!("{name} is typed into: {lines}{}", kept(world, *name)),
        Step::Release(name) if world.freed == 0 => {
            format!("{name} is released, and every line of it is still referred to by others.")
        }
        Step::Release(name) => {
            format!(
                "{name} is released: {} without references, freed.",
                plural(world.freed, "line is", "lines are")
            )
        }
    }
}

fn lines(world: &World) -> String {
    let counts = world.counts;
    let mut parts = vec![format!("{} new", plural(counts.new, "line", "lines"))];
    if counts.hits > 0 {
        parts.push(format!("{} found as already there", counts.hits));
    }
    if counts.zero > 0 {
        parts.push(format!("{} all zeros, which need none", counts.zero));
    }
    if world.freed > 0 {
        parts.push(format!("{} freed", world.freed));
    }
    format!("{}.", parts.join(", "))
}

/// Who else keeps lines that the written segment shares.
fn kept(world: &World, written: Name) -> String {
    let shares = |other: Name| {
        let dags =
            [written, other].map(|name| world.id(name).ok().and_then(|id| world.memory.dag(id, 256).ok()));
        let [Some(mine), Some(theirs)] = dags else { return false };
        theirs.nodes.iter().any(|node| mine.nodes.iter().any(|own| own.plid == node.plid))
    };
    let others: Vec<String> = world
        .segments
        .iter()
        .filter(|(name, _)| *name != written && shares(*name))
        .map(|(name, _)| name.to_string())
        .collect();
    match others.len() {
        0 => String::new(),
        1 => format!(" {} keeps every byte.", others[0]),
        _ => format!(" {} keep every byte.", others.join(", ")),
    }
}
