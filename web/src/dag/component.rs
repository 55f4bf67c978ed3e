//! The view as a component: search and buttons, the canvas with pointer and keyboard, and in words which line is selected.

use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{HtmlElement, HtmlInputElement, PointerEvent, ResizeObserver};
use yew::prelude::*;

use super::canvas::{Shared, Stage, Tap, redraw};
use super::gather::Found;
use super::model::Model;
use super::search::search;
use super::view::{Act, Step};
use super::words::{describe, overview};

/// How much a key or a button zooms.
const ZOOM: f64 = 1.6;

/// Properties of [`DagView`].
#[derive(Properties, Clone)]
pub struct Props {
    /// What is drawn.
    pub model: Rc<Model>,
    /// The line of the model that is selected.
    pub selected: Option<u32>,
    /// Lines that hold what `onfind` asked for; another answer is another allocation.
    #[prop_or_default]
    pub found: Option<Rc<Found>>,
    /// A number that changes when it is to be drawn again though nothing else here has changed: the theme has.
    #[prop_or_default]
    pub redraw: u32,
    /// Another line, or none, is selected.
    pub onselect: Callback<Option<u32>>,
    /// Content is looked for that only the memory can find; the answer comes as `found`.
    #[prop_or_default]
    pub onfind: Callback<Vec<u8>>,
    /// What the picture is of.
    pub label: AttrValue,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        // Models are large: another one is another allocation.
        Same(Some(self.model.clone())) == Same(Some(other.model.clone()))
            && Same(self.found.clone()) == Same(other.found.clone())
            && (self.selected, self.redraw, &self.label) == (other.selected, other.redraw, &other.label)
            && (&self.onselect, &self.onfind) == (&other.onselect, &other.onfind)
    }
}

/// What came of the last search.
#[derive(Clone, Debug, Default, PartialEq)]
struct Search {
    /// Lines that the model found itself.
    lines: Vec<u32>,
    /// What the memory was asked for.
    asked: Option<Vec<u8>>,
    /// What to say instead of hits.
    said: Option<String>,
}

/// The view.
#[component]
pub fn DagView(props: &Props) -> Html {
    let canvas = use_node_ref();
    let frame = use_node_ref();
    let stage = use_mut_ref(|| Stage::new(props.model.clone(), canvas.clone()));
    let update = use_force_update();
    let results = use_state_eq(Search::default);

    use_size(&frame, &stage);
    {
        let (stage, update) = (stage.clone(), update.clone());
        use_effect_with(Same(Some(props.model.clone())), move |model| {
            if let Some(model) = model.0.clone().filter(|model| !Rc::ptr_eq(&stage.borrow().model, model)) {
                stage.borrow_mut().adopt(model);
                update.force_update();
            }
        });
    }
    {
        let (stage, update) = (stage.clone(), update.clone());
        use_effect_with(props.selected, move |selected| {
            if stage.borrow().view.selected != *selected {
                stage.borrow_mut().act(Act::Select(*selected));
                update.force_update();
            }
        });
    }
    // What changed the view: tells the caller if another line is selected, and draws.
    let changed = {
        let (stage, update, onselect) = (stage.clone(), update.clone(), props.onselect.clone());
        Callback::from(move |before: Option<u32>| {
            let selected = stage.borrow().view.selected;
            redraw(&stage);
            update.force_update();
            if selected != before {
                onselect.emit(selected);
            }
        })
    };
    let act = {
        let (stage, changed) = (stage.clone(), changed.clone());
        Callback::from(move |act: Act| {
            let before = stage.borrow().view.selected;
            stage.borrow_mut().act(act);
            changed.emit(before);
        })
    };
    {
        let (act, results, model) = (act.clone(), results.clone(), props.model.clone());
        use_effect_with(Same(props.found.clone()), move |found| {
            let Some(found) = found.0.as_ref().filter(|found| results.asked.as_ref() == Some(&found.bytes))
            else {
                return;
            };
            let mut lines = results.lines.clone();
            lines.extend(found.plids.iter().filter_map(|plid| model.find(*plid)));
            let said = match (lines.is_empty(), found.more) {
                (true, _) => Some("not found".to_owned()),
                (false, true) => Some("there may be more".to_owned()),
                (false, false) => None,
            };
            results.set(Search { said, asked: None, ..(*results).clone() });
            act.emit(Act::Hits(lines));
        });
    }
    {
        // Without dependencies: whatever led here, the picture may have changed.
        let stage = stage.clone();
        use_effect(move || redraw(&stage));
    }
    let find = {
        let (act, results, onfind, model) =
            (act.clone(), results.clone(), props.onfind.clone(), props.model.clone());
        Callback::from(move |text: String| {
            let answer = search(&model, &text);
            let said = match (&answer.problem, &answer.ask) {
                (Some(problem), _) => Some(problem.clone()),
                (None, Some(_)) if answer.lines.is_empty() => Some("searching…".to_owned()),
                _ => None,
            };
            results.set(Search { lines: answer.lines.clone(), asked: answer.ask.clone(), said });
            act.emit(Act::Hits(answer.lines));
            if let Some(bytes) = answer.ask {
                onfind.emit(bytes);
            }
        })
    };

    let held = stage.borrow();
    let (hits, at) = (held.view.hits.len(), held.view.hit());
    let (selected, all) = (held.view.selected, held.view.opened == u32::MAX);
    let told = match selected.filter(|line| *line < props.model.lines()) {
        Some(line) if Rc::ptr_eq(&held.model, &props.model) => describe(&props.model, line),
        _ => overview(&props.model),
    };
    drop(held);
    let label = format!(
        "{}: {}. Arrow keys walk from line to line, plus and minus zoom, F folds a level.",
        props.label,
        overview(&props.model)
    );
    let press = |it: Act| {
        let act = act.clone();
        Callback::from(move |_: MouseEvent| act.emit(it.clone()))
    };
    let found = match (&results.said, hits, at) {
        (Some(said), 0, _) => said.clone(),
        (_, 0, _) => String::new(),
        (said, _, at) => {
            let at = at.map_or(String::new(), |at| format!("{} of ", at + 1));
            format!("{at}{hits}{}", said.as_ref().map_or(String::new(), |said| format!(", {said}")))
        }
    };
    html! {
        <div class="dagview">
            <div class="tools">
                <Field onfind={find} />
                if !found.is_empty() {
                    <output>{ found }</output>
                }
                if hits > 1 {
                    <button type="button" onclick={press(Act::Go(Step::LastHit))} aria-label="Line found before" title="Line found before (Shift+N)">{ "‹" }</button>
                    <button type="button" onclick={press(Act::Go(Step::NextHit))} aria-label="Next line found" title="Next line found (N)">{ "›" }</button>
                }
                <span class="space" />
                <button type="button" aria-pressed={all.to_string()} onclick={press(Act::AllLevels(!all))} title="Show every level, or fold those that repeat themselves">{ "All levels" }</button>
                <button type="button" onclick={press(Act::Zoom { at: 0.5, by: 1.0 / ZOOM })} aria-label="Zoom out" title="Zoom out (-)">{ "−" }</button>
                <button type="button" onclick={press(Act::Zoom { at: 0.5, by: ZOOM })} aria-label="Zoom in" title="Zoom in (+)">{ "+" }</button>
                <button type="button" onclick={press(Act::Fit)} title="Show everything (0)">{ "Fit" }</button>
            </div>
            <div class="stage" ref={frame} tabindex="0" role="application" aria-label={label} onkeydown={keys(&stage, &act)}>
                { surface(&stage, &canvas, &act, &changed) }
            </div>
            <p class="told" role="status">{ told }</p>
            <ul class="key" aria-label="What the picture's signs mean">
                <li class="shared">{ "in several places, or kept by others, too" }</li>
                <li class="again">{ "reference to a line that stands further left" }</li>
                <li class="strip">{ "of so many lines, those shared" }</li>
                if props.model.compares() {
                    <li class="held">{ "held at the other moment, too; lines without it are not" }</li>
                }
            </ul>
        </div>
    }
}

/// Something by its allocation.
struct Same<T>(Option<Rc<T>>);

impl<T> PartialEq for Same<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_ref().map(Rc::as_ptr) == other.0.as_ref().map(Rc::as_ptr)
    }
}

/// Properties of [`Field`].
#[derive(Properties, PartialEq)]
struct FieldProps {
    onfind: Callback<String>,
}

/// The search field.
#[component]
fn Field(props: &FieldProps) -> Html {
    let input = use_node_ref();
    let onsubmit = {
        let (input, onfind) = (input.clone(), props.onfind.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(input) = input.cast::<HtmlInputElement>() {
                onfind.emit(input.value());
            }
        })
    };
    html! {
        <form role="search" {onsubmit}>
            <input ref={input} type="search" aria-label="Find a line, a segment or content" placeholder="#PLID, segment, text, 0x…"
                title="#1042 finds a line by its PLID; a name or number finds a segment; text, or bytes as 0x4869, finds content" />
            <button type="submit">{ "Find" }</button>
        </form>
    }
}

/// The canvas with the pointer on it.
fn surface(stage: &Shared, canvas: &NodeRef, act: &Callback<Act>, changed: &Callback<Option<u32>>) -> Html {
    let onwheel = {
        let stage = stage.clone();
        Callback::from(move |event: WheelEvent| {
            // Lines and pages of older mice as pixels.
            let unit = [1.0, 16.0, 320.0][(event.delta_mode() as usize).min(2)];
            let (dx, dy) = (event.delta_x() * unit, event.delta_y() * unit);
            let used = if dx.abs() > dy.abs() || event.shift_key() {
                let way = if dx == 0.0 { dy } else { dx };
                let mut stage = stage.borrow_mut();
                let room = stage.view.room;
                stage.act(Act::Pan(way / room));
                true
            } else {
                stage.borrow_mut().zoom(f64::from(event.offset_x()), (-dy.clamp(-240.0, 240.0) / 360.0).exp())
            };
            // At the end of the zoom the page may scroll.
            if used {
                event.prevent_default();
                redraw(&stage);
            }
        })
    };
    let onpointerdown = {
        let stage = stage.clone();
        Callback::from(move |event: PointerEvent| {
            if event.button() == 0 {
                stage.borrow_mut().down(&event);
                redraw(&stage);
            }
        })
    };
    let onpointermove = {
        let stage = stage.clone();
        Callback::from(move |event: PointerEvent| {
            if stage.borrow_mut().moved(&event) {
                redraw(&stage);
            }
        })
    };
    let ends = |lost: bool| {
        let (stage, act, changed) = (stage.clone(), act.clone(), changed.clone());
        Callback::from(move |event: PointerEvent| {
            let before = stage.borrow().view.selected;
            let tap = stage.borrow_mut().up(&event, lost);
            match tap {
                Some(Tap::Select(line)) => act.emit(Act::Select(line)),
                Some(Tap::Looked) => changed.emit(before),
                None => redraw(&stage),
            }
        })
    };
    html! {
        <canvas ref={canvas} aria-hidden="true" {onwheel} {onpointerdown} {onpointermove} onpointerup={ends(false)} onpointercancel={ends(true)} />
    }
}

/// The keyboard.
fn keys(stage: &Shared, act: &Callback<Act>) -> Callback<KeyboardEvent> {
    let (stage, act) = (stage.clone(), act.clone());
    Callback::from(move |event: KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let selected = stage.borrow().view.selected;
        let step = match (event.key().as_str(), event.shift_key()) {
            ("ArrowLeft", false) => Act::Go(Step::Left),
            ("ArrowRight", false) => Act::Go(Step::Right),
            ("ArrowLeft", true) => Act::Go(Step::Before),
            ("ArrowRight", true) => Act::Go(Step::Behind),
            ("ArrowUp", _) => Act::Go(Step::Up),
            ("ArrowDown", _) => Act::Go(Step::Down),
            ("Home", _) => Act::Go(Step::First),
            ("End", _) => Act::Go(Step::Last),
            ("n" | "N", false) => Act::Go(Step::NextHit),
            ("n" | "N", true) => Act::Go(Step::LastHit),
            ("PageUp", _) => Act::Pan(-0.8),
            ("PageDown", _) => Act::Pan(0.8),
            ("+" | "=", _) => zoom(&stage, ZOOM),
            ("-" | "_", _) => zoom(&stage, 1.0 / ZOOM),
            ("0", _) => Act::Fit,
            ("f", _) => {
                let Some(act) = stage.borrow().fold() else { return };
                act
            }
            ("Enter", _) => {
                let stage = stage.borrow();
                let Some(line) = selected.filter(|line| *line < stage.model.lines()) else { return };
                let (from, to) = stage.model.span(line);
                Act::Show(from, to)
            }
            ("Escape", _) if selected.is_some() => Act::Select(None),
            _ => return,
        };
        // Ours: neither the page nor its commands are meant.
        event.prevent_default();
        event.stop_propagation();
        act.emit(step);
    })
}

/// Zooms about the selected line if it is in view, else about the middle.
fn zoom(stage: &Shared, by: f64) -> Act {
    let stage = stage.borrow();
    let line = stage.view.selected.filter(|line| *line < stage.model.lines());
    let at = line.map(|line| {
        let (from, to) = stage.model.span(line);
        stage.view.place(&stage.model, f64::midpoint(f64::from(from), f64::from(to))) / stage.view.room
    });
    Act::Zoom { at: at.filter(|at| (0.0..=1.0).contains(at)).unwrap_or(0.5), by }
}

/// Keeps the stage as large as its frame.
#[hook]
fn use_size(frame: &NodeRef, stage: &Shared) {
    let (frame, stage) = (frame.clone(), stage.clone());
    use_effect_with((), move |()| {
        let measure = {
            let frame = frame.clone();
            Closure::<dyn FnMut()>::new(move || {
                if let Some(element) = frame.cast::<HtmlElement>() {
                    let size = (f64::from(element.client_width()), f64::from(element.client_height()));
                    stage.borrow_mut().resize(size);
                    redraw(&stage);
                }
            })
        };
        let observer = ResizeObserver::new(measure.as_ref().unchecked_ref()).ok();
        if let (Some(observer), Some(element)) = (&observer, frame.cast::<web_sys::Element>()) {
            observer.observe(&element);
        }
        move || {
            if let Some(observer) = observer {
                observer.disconnect();
            }
            drop(measure);
        }
    });
}
