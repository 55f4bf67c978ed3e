//! The words of the paper and the field, each in a sentence or two.

/// A word and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The word, as it stands within a sentence.
    pub word: &'static str,
    /// Its plural.
    pub plural: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

const fn entry(word: &'static str, plural: &'static str, meaning: &'static str) -> Entry {
    Entry { word, plural, meaning }
}

/// All words, in the order of the alphabet.
pub const GLOSSARY: &[Entry] = &[
    entry(
        "allocation",
        "allocations",
        "A call to a software allocator: for an skb, its head, a page, a receive buffer. Lines that the hardware allocates are counted apart.",
    ),
    entry(
        "copy",
        "copies",
        "Software moves payload bytes from one buffer to another. A DMA transfer is none, and neither is an application filling its own buffer.",
    ),
    entry(
        "DAG",
        "DAGs",
        "Directed acyclic graph: a segment's lines, from its root down to the leaves that hold the bytes. A line that occurs twice is there once, with two references.",
    ),
    entry(
        "dedup ratio",
        "dedup ratios",
        "Held: references to lines over distinct lines, now. Cumulative: lines asked for over lines newly made, since the start. A buffer sent again by reference is one content, and raises neither.",
    ),
    entry(
        "DMA",
        "DMA",
        "Direct memory access: the NIC reads or writes memory itself. In HICAMP memory it names segments instead of physical addresses.",
    ),
    entry(
        "doorbell",
        "doorbells",
        "The driver's write of a ring's Head, which tells the NIC that there is something to send. Several packets may share one.",
    ),
    entry(
        "graft",
        "grafts",
        "A segment takes over lines of another by reference. Where lines line up, no byte moves; where bytes must shift, they are re-lined, which is a copy.",
    ),
    entry(
        "header split",
        "header splits",
        "The NIC puts the payload of a frame that arrives on a line boundary of its own, so that its lines can equal lines that are there.",
    ),
    entry(
        "line",
        "lines",
        "The unit of HICAMP memory: 16, 32 or 64 bytes that never change. No two lines with equal content exist.",
    ),
    entry(
        "map entry",
        "map entries",
        "One row of the segment map: from a segment ID to its root line. Making one is all that a snapshot costs.",
    ),
    entry(
        "MSS",
        "MSS",
        "Maximum segment size: the most payload bytes that TCP puts into one packet, 1,448 on Ethernet with timestamps.",
    ),
    entry(
        "PLID",
        "PLIDs",
        "Physical line ID: the address of a line. PLID 0 is the line of zeros, which needs no storage.",
    ),
    entry(
        "reference count",
        "reference counts",
        "How many words of other lines and map entries name a line. At zero the line is freed.",
    ),
    entry(
        "retention",
        "retention",
        "What an application does with its buffer after sending: keep it, overwrite it, or free it. What is not kept cannot be shared.",
    ),
    entry(
        "ring",
        "rings",
        "A circle of slots between driver and NIC. Head and Tail say which slots belong to whom.",
    ),
    entry(
        "seed",
        "seeds",
        "Where the random numbers begin: TCP's initial sequence numbers. One seed, one result, in every browser.",
    ),
    entry(
        "segment",
        "segments",
        "A run of bytes with an ID, stored as a DAG of lines: a buffer, a file, a packet.",
    ),
    entry(
        "sk_buff",
        "sk_buffs",
        "The packet buffer of Linux: a structure that describes a packet, and memory into which its bytes are copied.",
    ),
    entry(
        "snapshot",
        "snapshots",
        "A new segment with the content that another has now: one map entry to the same root, whatever the size.",
    ),
    entry(
        "stack segment",
        "stack segments",
        "The segment that a packet travels as: headers, and behind them the payload by reference.",
    ),
];

/// The entry of a word.
pub fn look_up(word: &str) -> Option<&'static Entry> {
    GLOSSARY.iter().find(|entry| entry.word == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_order_and_explained() {
        assert!(GLOSSARY.is_sorted_by_key(|entry| entry.word.to_lowercase()));
        for entry in GLOSSARY {
            assert!(entry.meaning.ends_with('.') && entry.meaning.len() < 220, "{}", entry.word);
            assert_eq!(look_up(entry.word), Some(entry));
        }
    }
}
