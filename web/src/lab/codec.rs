//! The lab's document as text, to be kept for the next visit: bounded when read, and read whole or not at all.
//!
//! `1;16;c6162;s1;o1,4,6364;a1,65;t1,3;w2,66;r1`: version, line size, then a letter and its values per step, bytes in hex.

use std::sync::Arc;

use super::step::{Document, MAX_BYTES, MAX_STEPS, Name, Step};

const VERSION: &str = "1";
/// Longest text that is written or read, in bytes.
const MAX_TEXT: usize = 256 * 1024;

/// The document as text; None if it would be longer than [`MAX_TEXT`].
pub(super) fn encode(document: &Document) -> Option<String> {
    let steps = document.steps.iter().map(|step| match step {
        Step::Create(bytes) => format!("c{}", hex::encode(bytes)),
        Step::Snapshot(of) => format!("s{}", of.0),
        Step::Overwrite(name, at, bytes) => format!("o{},{at},{}", name.0, hex::encode(bytes)),
        Step::Append(name, bytes) => format!("a{},{}", name.0, hex::encode(bytes)),
        Step::Truncate(name, length) => format!("t{},{length}", name.0),
        Step::Assign(name, bytes) => format!("w{},{}", name.0, hex::encode(bytes)),
        Step::Release(name) => format!("r{}", name.0),
    });
    let head = [VERSION.to_owned(), document.line_size.to_string()];
    let text = head.into_iter().chain(steps).collect::<Vec<_>>().join(";");
    (text.len() <= MAX_TEXT).then_some(text)
}

/// The document of a text; None if any of it makes no sense. Whether its steps can be done, replaying tells.
pub(super) fn decode(text: &str) -> Option<Document> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let mut parts = text.split(';');
    if parts.next()? != VERSION {
        return None;
    }
    let line_size = parts.next()?.parse().ok()?;
    let steps = parts.map(step).collect::<Option<Vec<_>>>()?;
    (steps.len() <= MAX_STEPS).then_some(Document { line_size, steps })
}

fn step(text: &str) -> Option<Step> {
    let letter = text.chars().next()?;
    let values: Vec<&str> = text.get(letter.len_utf8()..)?.split(',').collect();
    Some(match (letter, values.as_slice()) {
        ('c', [bytes]) => Step::Create(read(bytes)?),
        ('s', [of]) => Step::Snapshot(name(of)?),
        ('o', [target, at, bytes]) => Step::Overwrite(name(target)?, at.parse().ok()?, read(bytes)?),
        ('a', [target, bytes]) => Step::Append(name(target)?, read(bytes)?),
        ('t', [target, length]) => Step::Truncate(name(target)?, length.parse().ok()?),
        ('w', [target, bytes]) => Step::Assign(name(target)?, read(bytes)?),
        ('r', [target]) => Step::Release(name(target)?),
        _ => return None,
    })
}

fn name(text: &str) -> Option<Name> {
    text.parse().ok().map(Name)
}

fn read(text: &str) -> Option<Arc<[u8]>> {
    hex::decode(text).ok().filter(|bytes| bytes.len() as u64 <= MAX_BYTES).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_comes_back_as_it_was() {
        let bytes: Arc<[u8]> = b"a;b,c\0\xff"[..].into();
        let steps = vec![
            Step::Create(bytes.clone()),
            Step::Create(Arc::from([])),
            Step::Snapshot(Name(1)),
            Step::Overwrite(Name(1), 7, bytes.clone()),
            Step::Append(Name(2), bytes.clone()),
            Step::Truncate(Name(2), 3),
            Step::Assign(Name(3), bytes),
            Step::Release(Name(1)),
        ];
        let document = Document { line_size: 32, steps };
        assert_eq!(decode(&encode(&document).unwrap()), Some(document));
        let golden = "1;16;c6162;s1;o1,4,6364;a1,65;t1,3;w2,66;r1";
        assert_eq!(decode(golden).and_then(|document| encode(&document)).as_deref(), Some(golden));
    }

    #[test]
    fn what_makes_no_sense_is_not_read() {
        let long = format!("1;16;c{}", "00".repeat(MAX_TEXT));
        let many = format!("1;16{}", ";s1".repeat(MAX_STEPS + 1));
        for text in [
            "",
            "2;16",
            "1",
            "1;x",
            "1;16;",
            "1;16;z1",
            "1;16;c0",
            "1;16;o1,2",
            "1;16;s-1",
            "1;16;é",
            &long,
            &many,
        ] {
            assert_eq!(decode(text), None, "{text:.40}");
        }
    }
}
