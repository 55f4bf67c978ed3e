//! A filter of packets in plain words: `thread 3 tcp len > 1000`. A packet passes that meets every condition.

use std::fmt;

/// Most conditions of a filter, and most characters of its text: a link may carry one.
const MOST: (usize, usize) = (8, 200);

/// What is known of a packet, in one lane.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Its number.
    pub packet: u32,
    /// Its thread, by index.
    pub thread: Option<u32>,
    /// The thread's label: of a capture it begins with the protocol.
    pub label: &'a str,
    /// Source and destination port; zeros if it has none.
    pub ports: [u16; 2],
    /// It arrived; else it was sent.
    pub up: bool,
    /// Payload bytes.
    pub len: u32,
    /// It was dropped, or lost on the link.
    pub dropped: bool,
    /// It carries bytes again.
    pub resent: bool,
}

type Condition = fn(&Facts<'_>) -> bool;
type Numbered = fn(&Facts<'_>, u32) -> bool;
type Comparison = fn(&u32, &u32) -> bool;

/// Conditions of one word.
static WORDS: [(&str, Condition); 6] = [
    ("tcp", |facts| facts.thread.is_some() && !facts.label.starts_with("UDP")),
    ("udp", |facts| facts.label.starts_with("UDP")),
    ("in", |facts| facts.up),
    ("out", |facts| !facts.up),
    ("dropped", |facts| facts.dropped),
    ("resent", |facts| facts.resent),
];

/// Conditions of a word and a number.
static NUMBERS: [(&str, Numbered); 3] = [
    ("thread", |facts, number| facts.thread.is_some_and(|thread| thread + 1 == number)),
    ("port", |facts, number| number > 0 && facts.ports.iter().any(|port| u32::from(*port) == number)),
    ("packet", |facts, number| facts.packet == number),
];

/// How lengths are compared.
static COMPARISONS: [(&str, Comparison); 5] =
    [("=", u32::eq), (">", u32::gt), ("<", u32::lt), (">=", u32::ge), ("<=", u32::le)];

/// One condition, by its index in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Term {
    Word(usize),
    Number(usize, u32),
    Len(usize, u32),
}

/// A filter; the empty one lets all packets pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PacketFilter(Vec<Term>);

/// Text that is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// A word that means nothing here.
    #[error(
        "“{0}” is not understood in a packet filter. Understood are, by themselves or together: tcp, udp, in, out, dropped, resent, thread 3, port 443, packet 12, len > 1000."
    )]
    Word(String),
    /// A word that a number belongs to, and what stands there.
    #[error("A packet filter wants a whole number after “{0}”, such as {0} 12.")]
    Number(&'static str),
    /// More than a filter takes.
    #[error("A packet filter takes up to {} conditions in {} characters.", MOST.0, MOST.1)]
    Long,
}

/// Words, numbers and comparisons, whether there is space between them or not.
fn words(text: &str) -> Vec<String> {
    let class = |c: char| match c {
        '<' | '>' | '=' => 1,
        c if c.is_whitespace() || c == ':' => 2,
        _ => 0,
    };
    let mut words: Vec<String> = Vec::new();
    let mut last = 2;
    for c in text.chars() {
        let now = class(c);
        match words.last_mut() {
            Some(word) if now == last && now < 2 => word.push(c.to_ascii_lowercase()),
            _ if now < 2 => words.push(c.to_ascii_lowercase().to_string()),
            _ => {}
        }
        last = now;
    }
    words
}

impl PacketFilter {
    /// Reads a filter.
    ///
    /// # Errors
    /// [`FilterError`], with what is understood.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        if text.chars().count() > MOST.1 {
            return Err(FilterError::Long);
        }
        let words = words(text);
        let mut words = words.iter().map(|word| word.trim_end_matches(',')).peekable();
        let mut terms = Vec::new();
        while let Some(word) = words.next() {
            let comparison = |word: &str| COMPARISONS.iter().position(|(name, _)| *name == word);
            terms.push(if let Some(index) = WORDS.iter().position(|(name, _)| *name == word) {
                Term::Word(index)
            } else if let Some(index) = NUMBERS.iter().position(|(name, _)| *name == word) {
                words.next_if_eq(&"=");
                let number = words.next().and_then(|number| number.parse().ok());
                Term::Number(index, number.ok_or(FilterError::Number(NUMBERS[index].0))?)
            } else if word == "len" {
                let how = words.next_if(|word| comparison(word).is_some()).and_then(comparison);
                let number = words.next().and_then(|number| number.parse().ok());
                Term::Len(how.unwrap_or(0), number.ok_or(FilterError::Number("len"))?)
            } else if ["", "and"].contains(&word) {
                continue;
            } else {
                return Err(FilterError::Word(word.chars().take(20).collect()));
            });
        }
        if terms.len() > MOST.0 { Err(FilterError::Long) } else { Ok(Self(terms)) }
    }

    /// Whether it lets everything pass.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a packet passes.
    pub fn passes(&self, facts: &Facts<'_>) -> bool {
        self.0.iter().all(|term| match *term {
            Term::Word(index) => (WORDS[index].1)(facts),
            Term::Number(index, number) => (NUMBERS[index].1)(facts, number),
            Term::Len(how, number) => (COMPARISONS[how].1)(&facts.len, &number),
        })
    }
}

impl fmt::Display for PacketFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, term) in self.0.iter().enumerate() {
            let space = if i > 0 { " " } else { "" };
            match *term {
                Term::Word(index) => write!(f, "{space}{}", WORDS[index].0)?,
                Term::Number(index, number) => write!(f, "{space}{} {number}", NUMBERS[index].0)?,
                Term::Len(how, number) => write!(f, "{space}len {} {number}", COMPARISONS[how].0)?,
            }
        }
        Ok(())
    }
}

/// A filter with the text that says it, which need not be one while it is typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// What stands in the field.
    pub text: String,
    /// The last of it that was a filter.
    pub filter: PacketFilter,
    /// Whether it was left as no filter.
    pub wrong: bool,
    /// The filter when the field was last left.
    settled: PacketFilter,
}

impl From<PacketFilter> for Typed {
    fn from(filter: PacketFilter) -> Self {
        Self { text: filter.to_string(), settled: filter.clone(), filter, wrong: false }
    }
}

impl Typed {
    /// Takes over what stands in the field; `left` when no more is typed for now.
    ///
    /// # Errors
    /// [`FilterError`] when it is left as no filter; the last good one stays.
    pub fn take(&mut self, text: String, left: bool) -> Result<(), FilterError> {
        let read = PacketFilter::parse(&text);
        self.text = text;
        self.wrong = left && read.is_err();
        match read {
            Ok(filter) => self.filter = filter,
            Err(error) if left => return Err(error),
            Err(_) => {}
        }
        Ok(())
    }

    /// The field is left: the filter that held when it was left before, if it is another one now.
    pub fn settle(&mut self) -> Option<PacketFilter> {
        let before = std::mem::replace(&mut self.settled, self.filter.clone());
        (before != self.filter).then_some(before)
    }
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FACTS: Facts<'_> = Facts {
        packet: 12,
        thread: Some(2),
        label: "TCP 10.0.0.1:443 ↔ [fe80::1]:50123",
        ports: [443, 50123],
        up: false,
        len: 1448,
        dropped: false,
        resent: true,
    };

    #[test]
    fn packets_pass_that_meet_every_condition() {
        let cases = [
            ("", true),
            ("thread 3", true),
            ("thread=3", true),
            ("thread 2", false),
            ("port 443", true),
            ("port:50123", true),
            ("port 80", false),
            ("port 0", false),
            ("port 65979", false),
            ("tcp", true),
            ("UDP", false),
            ("out", true),
            ("in", false),
            ("dropped", false),
            ("resent", true),
            ("packet 12", true),
            ("packet 13", false),
            ("len > 1000", true),
            ("len>1448", false),
            ("len >= 1448", true),
            ("len<=1448, tcp", true),
            ("len 1448", true),
            ("len < 1448", false),
            ("thread 3 and len > 1000", true),
            ("thread 3 udp", false),
        ];
        for (text, passes) in cases {
            assert_eq!(PacketFilter::parse(text).map(|filter| filter.passes(&FACTS)), Ok(passes), "{text}");
        }
    }

    #[test]
    fn threads_of_simulated_hosts_talk_tcp_and_packets_without_ports_are_on_no_port() {
        let hosts = Facts { label: "thread 3", ports: [80, 10_002], ..FACTS };
        let nobody = Facts { thread: None, label: "", ports: [0; 2], ..FACTS };
        for (text, of_hosts, of_nobody) in [
            ("tcp", true, false),
            ("udp", false, false),
            ("port 80", true, false),
            ("port 10002", true, false),
            ("port 10001", false, false),
            ("port 0", false, false),
            ("thread 3", true, false),
        ] {
            let filter = PacketFilter::parse(text).unwrap();
            assert_eq!((filter.passes(&hosts), filter.passes(&nobody)), (of_hosts, of_nobody), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_answered_with_what_is() {
        for text in ["thred 3", "thread 3 443", "!tcp", "tcp or udp", "> 5", "len >> 5"] {
            let said = PacketFilter::parse(text).unwrap_err().to_string();
            assert!(said.contains("thread 3") || said.contains("len 12"), "{text}: {said}");
        }
        for (text, word) in
            [("thread", "thread"), ("port x", "port"), ("len >", "len"), ("packet -1", "packet")]
        {
            assert_eq!(PacketFilter::parse(text), Err(FilterError::Number(word)), "{text}");
        }
        assert_eq!(PacketFilter::parse(&"tcp ".repeat(9)), Err(FilterError::Long));
        assert_eq!(PacketFilter::parse(&"x".repeat(201)), Err(FilterError::Long));
    }

    proptest! {
        #[test]
        fn filters_read_back_as_written(
            terms in proptest::collection::vec(prop_oneof![
                (0..6usize).prop_map(Term::Word),
                (0..3usize, any::<u32>()).prop_map(|(index, number)| Term::Number(index, number)),
                (0..5usize, any::<u32>()).prop_map(|(how, number)| Term::Len(how, number)),
            ], 0..=8),
        ) {
            let filter = PacketFilter(terms);
            prop_assert_eq!(PacketFilter::parse(&filter.to_string()), Ok(filter));
        }

        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,60}") {
            let _ = PacketFilter::parse(&text);
        }
    }
}
