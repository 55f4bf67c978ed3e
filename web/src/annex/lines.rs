//! The lines of a run's memory, drawn in an element of Explore (DESIGN.md section 2): the shell asks the worker and hands over
//! what it was told, as it came; here it becomes a picture, and the words under it.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Function, Uint8Array};
use wasm_bindgen::JsValue;
use web_sys::Element;
use yew::prelude::*;

use super::take_first_number;
use crate::dag::{self, DagView, Found, Model, Shares};
use crate::scene::duration;

/// Lines of segments at a moment, as the worker tells them.
pub struct Told {
    /// What each segment is, in words.
    pub labels: Vec<String>,
    /// The lines ([`crate::dag::Forest::to_words`]).
    pub words: Vec<u32>,
    /// The moment, in nanoseconds.
    pub time_ns: u64,
    /// Whether these are the lines of all segments.
    pub all: bool,
}

impl Told {
    fn model(&self) -> Result<Model, String> {
        Model::from_words(&self.labels, &self.words).map_err(|error| error.to_string())
    }
}

/// What is drawn.
#[derive(Default)]
pub struct Drawn {
    /// The lines, their moment, and whether they are all.
    shown: Option<(Rc<Model>, u64, bool)>,
    /// Why there are none.
    problem: Option<String>,
    /// The same lines compared with those of another moment, in nanoseconds.
    compared: Option<(Rc<Model>, Shares, u64)>,
    /// The selected line: its index in the model.
    selected: Option<u32>,
    found: Option<Rc<Found>>,
}

impl Drawn {
    /// Shows other lines; the data line of this hash is selected, or the first segment's root. Its PLID and hash, if there is
    /// one.
    pub fn show(&mut self, told: &Told, hash: Option<u32>) -> Option<(u32, u32)> {
        *self = Self::default();
        match told.model() {
            Ok(model) => {
                let forest = model.forest();
                let root = || forest.segments.first().and_then(|top| top.root);
                let found = hash.and_then(|hash| {
                    let found = forest.lines.iter().position(|line| line.height == 0 && line.hash == hash);
                    found.map(|line| line as u32)
                });
                self.selected = found.or_else(root);
                self.shown = Some((Rc::new(model), told.time_ns, told.all));
            }
            Err(error) => self.problem = Some(error),
        }
        self.names()
    }

    /// Compares the lines on screen with those of another moment, or shows them by themselves again.
    pub fn compare(&mut self, other: Option<&Told>) {
        self.compared = other.zip(self.shown.as_ref()).and_then(|(other, (model, ..))| {
            let (model, shares) = model.compared(&other.model().ok()?).ok()?;
            Some((Rc::new(model), shares, other.time_ns))
        });
    }

    /// Selects a line by its index in the model; its PLID and hash, if there is such a line.
    pub fn select(&mut self, line: Option<u32>) -> Option<(u32, u32)> {
        self.selected = line;
        self.names()
    }

    /// PLID of the selected line, and the hash of its bytes, 0 for an interior line.
    fn names(&self) -> Option<(u32, u32)> {
        let ((model, ..), line) = self.shown.as_ref().zip(self.selected)?;
        (line < model.lines()).then(|| (model.line(line).plid, model.line(line).hash))
    }

    /// What the comparison comes to, in words.
    pub fn comparison(&self) -> Option<String> {
        let ((_, here_ns, all), (_, shares, there_ns)) = self.shown.as_ref().zip(self.compared.as_ref())?;
        Some(dag::compared(shares, (*here_ns, *there_ns), *all))
    }
}

/// What happens.
pub enum Msg {
    /// Other lines are to be shown, and the one of a hash is to be selected.
    Show(Told, Option<u32>),
    /// They are to be compared with those of another moment, or with none.
    Compare(Option<Told>),
    /// Lines that hold what was looked for.
    Found(Found),
    /// A line was selected in the picture, or none.
    Select(Option<u32>),
    /// Content is looked for that only the memory can find.
    Find(Vec<u8>),
    /// The theme has changed.
    Themed,
}

/// Properties of [`Lines`].
#[derive(Properties, PartialEq)]
struct Props {
    /// Called with the PLID of a line that was selected, or undefined, and with the hash of a data line's bytes.
    onselect: Function,
    /// Called with bytes that are looked for.
    onfind: Function,
}

/// The picture as an application.
struct Lines {
    drawn: Drawn,
    themes: u32,
}

impl Component for Lines {
    type Message = Msg;
    type Properties = Props;

    fn create(_: &Context<Self>) -> Self {
        Self { drawn: Drawn::default(), themes: 0 }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        let selected = |names: Option<(u32, u32)>| {
            let plid = names.map_or(JsValue::UNDEFINED, |(plid, _)| plid.into());
            let hash =
                names.filter(|(_, hash)| *hash != 0).map_or(JsValue::UNDEFINED, |(_, hash)| hash.into());
            let _ = ctx.props().onselect.call2(&JsValue::NULL, &plid, &hash);
        };
        match msg {
            Msg::Show(told, hash) => selected(self.drawn.show(&told, hash)),
            Msg::Compare(other) => self.drawn.compare(other.as_ref()),
            Msg::Found(found) => self.drawn.found = Some(Rc::new(found)),
            Msg::Select(line) => selected(self.drawn.select(line)),
            Msg::Find(bytes) => {
                let bytes = Uint8Array::from(&bytes[..]);
                let _ = ctx.props().onfind.call1(&JsValue::NULL, &bytes);
            }
            Msg::Themed => self.themes += 1,
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        if let Some(problem) = &self.drawn.problem {
            return html! { <p class="problem" role="alert">{ problem }</p> };
        }
        let Some((model, time_ns, _)) = &self.drawn.shown else { return html! {} };
        let drawn = self.drawn.compared.as_ref().map_or(model, |(model, ..)| model);
        let link = ctx.link();
        html! {
            <>
                if let Some(text) = self.drawn.comparison() {
                    <p class="compared" id="lines-compared" role="status">{ text }</p>
                }
                <DagView model={Rc::clone(drawn)} selected={self.drawn.selected} found={self.drawn.found.clone()} redraw={self.themes}
                    onselect={link.callback(Msg::Select)} onfind={link.callback(Msg::Find)} label={format!("Memory lines at {}", duration(*time_ns))} />
            </>
        }
    }
}

thread_local! {
    static LINES: RefCell<Option<AppHandle<Lines>>> = const { RefCell::new(None) };
}

/// Draws lines in an element of the shell until [`close`]; what is selected and looked for is told by calls of these.
pub fn open(host: Element, onselect: Function, onfind: Function) {
    take_first_number(&host);
    close();
    let app = yew::Renderer::<Lines>::with_root_and_props(host, Props { onselect, onfind }).render();
    LINES.set(Some(app));
}

/// Tells the picture what happens; nothing where none is open.
pub fn tell(msg: Msg) {
    LINES.with_borrow(|lines| {
        if let Some(lines) = lines {
            lines.send_message(msg);
        }
    });
}

/// The element is not ours any more.
pub fn close() {
    if let Some(lines) = LINES.take() {
        lines.destroy();
    }
}

#[cfg(test)]
mod tests {
    use snapstack::memory::{Content, Memory, MemoryConfig};

    use super::*;
    use crate::dag::Forest;

    #[test]
    fn lines_are_compared_until_others_are_shown_or_it_is_enough() {
        let mut memory =
            Memory::new(MemoryConfig { line_size: 16, lines: 256, ..MemoryConfig::default() }).unwrap();
        let page = memory.create(&[[1; 16], [2; 16]].concat(), Content::Data).unwrap();
        let mut told = |time_ns| {
            let forest = Forest::of_segments(&memory, &[(page, "page".to_owned())], usize::MAX).unwrap();
            memory.overwrite(page, 0, &[3; 16], Content::Data).unwrap();
            Told { labels: vec!["page".to_owned()], words: forest.to_words(), time_ns, all: true }
        };
        let (marked, here) = (told(40), told(90));
        let mut drawn = Drawn::default();
        let root = drawn.show(&here, None);
        assert!(root.is_some_and(|(plid, hash)| plid > 0 && hash == 0), "the root is selected: {root:?}");
        let (model, ..) = drawn.shown.clone().unwrap();
        let leaf = *model.forest().lines.iter().find(|line| line.height == 0).unwrap();
        assert_eq!(
            drawn.show(&here, Some(leaf.hash)),
            Some((leaf.plid, leaf.hash)),
            "the line of that content"
        );
        assert_eq!(drawn.show(&here, Some(leaf.hash ^ 1)), root, "there is no such line");
        drawn.compare(Some(&marked));
        let text = drawn.comparison().unwrap();
        assert!(text.contains("1 line held at both, 2 lines new, 2 lines freed since"), "{text}");
        drawn.show(&here, None);
        assert_eq!(drawn.comparison(), None, "it is to be told anew");
        drawn.compare(Some(&marked));
        drawn.compare(None);
        assert_eq!(drawn.comparison(), None);
    }

    #[test]
    fn words_that_are_no_lines_are_told_instead_of_drawn() {
        let mut drawn = Drawn::default();
        let told = Told { labels: Vec::new(), words: vec![1, 2, 3], time_ns: 0, all: false };
        assert_eq!(drawn.show(&told, None), None);
        assert!(drawn.problem.is_some() && drawn.shown.is_none());
        assert_eq!(drawn.select(Some(4)), None);
    }
}
