//! What was typed into the search field: a line by PLID, a segment, or content, which only the memory can find.

use super::forest::Top;
use super::model::Model;

/// What to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// The line of a PLID: `#12`, `plid 12`, `line 12`.
    Plid(u32),
    /// Segments by number or name: `segment 7`.
    Segment(String),
    /// Content in hexadecimal, `0x48 69`, or as text between quotes.
    Bytes(Vec<u8>),
    /// Any of them: a word alone.
    Any(String),
}

/// What there is to say at once, and what to ask the memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Lines of the model.
    pub lines: Vec<u32>,
    /// Content to be found.
    pub ask: Option<Vec<u8>>,
    /// What is wrong with the query.
    pub problem: Option<String>,
}

impl Query {
    /// Reads what was typed; nothing for nothing.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        let text = text.trim();
        let after = |names: &[&str]| {
            let rest = names.iter().find_map(|name| {
                let head = text.get(..name.len())?;
                head.eq_ignore_ascii_case(name).then(|| text[name.len()..].trim())
            });
            rest.filter(|rest| !rest.is_empty())
        };
        let number = after(&["#", "plid ", "line "]).and_then(|number| number.replace(',', "").parse().ok());
        let query = if text.is_empty() {
            return Ok(None);
        } else if let Some(plid) = number {
            Self::Plid(plid)
        } else if let Some(name) = after(&["segment ", "seg "]) {
            Self::Segment(name.to_owned())
        } else if let Some(digits) = after(&["0x", "hex "]) {
            let digits: String = digits.chars().filter(|c| !c.is_whitespace()).collect();
            let bytes = hex::decode(&digits);
            Self::Bytes(bytes.map_err(|_| "bytes have two hexadecimal digits each, as in 0x4869".to_owned())?)
        } else if let Some(inside) = after(&["\""]) {
            Self::Bytes(inside.strip_suffix('"').unwrap_or(inside).as_bytes().to_vec())
        } else {
            Self::Any(text.to_owned())
        };
        Ok(Some(query))
    }
}

/// Answers what was typed as far as the model can.
pub fn search(model: &Model, text: &str) -> Answer {
    let mut answer = Answer::default();
    let query = match Query::parse(text) {
        Ok(Some(query)) => query,
        Ok(None) => return answer,
        Err(problem) => return Answer { problem: Some(problem), ..answer },
    };
    match query {
        Query::Plid(plid) => {
            answer.lines.extend(model.find(plid));
            if answer.lines.is_empty() {
                answer.problem = Some(format!("line {plid} is not part of what is drawn"));
            }
        }
        Query::Segment(name) => {
            let tops = named(model, &name);
            answer.lines = roots(model, &tops);
            if tops.is_empty() {
                answer.problem = Some(format!("no segment “{name}” is drawn"));
            } else if answer.lines.is_empty() {
                answer.problem = Some(format!("segment “{name}” holds only zeros, which need no line"));
            }
        }
        Query::Bytes(bytes) => answer.ask = Some(bytes),
        Query::Any(text) => {
            answer.lines = roots(model, &named(model, &text));
            answer.lines.extend(text.parse().ok().and_then(|plid| model.find(plid)));
            answer.ask = Some(text.into_bytes());
        }
    }
    answer
}

/// Segments of exactly this number or name, or else those with it in their names.
fn named(model: &Model, name: &str) -> Vec<u32> {
    let (number, name) = (name.parse::<u32>().ok(), name.to_ascii_lowercase());
    let those = |fits: &dyn Fn(&Top) -> bool| -> Vec<u32> {
        let tops = (0..).zip(&model.forest().segments);
        tops.filter(|(_, top)| fits(top)).map(|(i, _)| i).collect()
    };
    let exact = those(&|top| Some(top.segment) == number || top.label.to_ascii_lowercase() == name);
    if exact.is_empty() { those(&|top| top.label.to_ascii_lowercase().contains(&name)) } else { exact }
}

fn roots(model: &Model, tops: &[u32]) -> Vec<u32> {
    tops.iter().filter_map(|top| model.segment(*top).root).collect()
}
