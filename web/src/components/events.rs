//! The list of events: as many rows as are seen, of as many as there are. It selects what the picture selects, and says in
//! words what the picture shows.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlSelectElement};
use yew::prelude::*;

use crate::scene::{counted, grouped};
use crate::state::Filter;

/// Height of a row in CSS pixels; the style sheet says the same.
const ROW: f64 = 20.0;
/// Rows drawn beyond those that are seen.
const BEYOND: usize = 6;
/// Rows that are listed at a time: browsers lay out no element higher than some 17 million CSS pixels.
const MOST: usize = 800_000;

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The position.
    pub position: u32,
    /// When, in words.
    pub time: String,
    /// Whose it is.
    pub lane: &'static str,
    /// The packet, if it has one.
    pub packet: Option<u32>,
    /// Class of what it means.
    pub class: &'static str,
    /// What happens.
    pub text: String,
}

/// Properties of [`Events`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Rows in all.
    pub count: usize,
    /// The rows from an index on, as many as asked for.
    pub rows: Callback<(usize, usize), Vec<Row>>,
    /// The row of the cursor.
    pub here: usize,
    /// The cursor, so that rows are made anew when it moves.
    pub position: u32,
    /// The selected packet.
    pub selected: Option<u32>,
    /// What is listed.
    pub filter: Filter,
    /// What bookmarks the cursor's moment.
    pub bookmark: Html,
    /// Something else is to be listed.
    pub onfilter: Callback<Filter>,
    /// Go to a position, and select the packet of its event.
    pub onpick: Callback<u32>,
}

/// The list.
#[component]
pub fn Events(props: &Props) -> Html {
    let node = use_node_ref();
    let seen = use_state(|| (0.0_f64, 8_usize));
    // Which of the stretches of rows is listed.
    let stretch = use_state(|| 0_usize);
    let base = (*stretch).min(props.count / MOST) * MOST;
    let count = (props.count - base).min(MOST);
    let here = props.here.checked_sub(base).filter(|here| *here < count.max(1));
    {
        let (stretch, here) = (stretch.setter(), props.here);
        use_effect_with((props.position, props.count, props.filter), move |_| stretch.set(here / MOST));
    }
    let look = {
        let (node, seen) = (node.clone(), seen.setter());
        move || {
            if let Some(element) = node.cast::<HtmlElement>() {
                let rows = (f64::from(element.client_height()) / ROW).ceil() as usize;
                let top = f64::from(element.scroll_top());
                keep_focus(&element, base, window(top, rows));
                seen.set((top, rows.max(1)));
            }
        }
    };
    {
        // The cursor's row comes into sight when the cursor has moved.
        let (node, look) = (node.clone(), look.clone());
        use_effect_with((props.position, props.count, props.filter, base), move |_| {
            if let Some(element) = node.cast::<HtmlElement>() {
                let (top, height) = (f64::from(element.scroll_top()), f64::from(element.client_height()));
                // A stretch without the cursor begins at its beginning.
                let at = here.map_or(0.0, |here| here as f64 * ROW);
                if at < top || at + 2.0 * ROW > top + height {
                    element.set_scroll_top((at - height / 2.0).max(0.0) as i32);
                }
            }
            look();
        });
    }
    let (first, end) = window(seen.0, seen.1);
    let first = first.min(count);
    let rows = props.rows.emit((base + first, end.min(count) - first));
    let last = first + rows.len();
    // Tab comes to one row only, from which the arrows lead on: else it would never leave the list.
    let stop = here.filter(|here| (first..last).contains(here)).unwrap_or((seen.0 / ROW).ceil() as usize);
    let onscroll = {
        let look = look.clone();
        Callback::from(move |_: Event| look())
    };
    let onchange = {
        let onfilter = props.onfilter.clone();
        Callback::from(move |event: Event| {
            let index = event.target_unchecked_into::<HtmlSelectElement>().selected_index();
            if let Some(filter) = usize::try_from(index).ok().and_then(|index| Filter::ALL.get(index)) {
                onfilter.emit(*filter);
            }
        })
    };
    html! {
        <div class="events">
            <div class="bar">
                <select id="event-filter" {onchange} aria-label="Which events are listed">
                    { for Filter::ALL.into_iter().map(|filter| html! { <option selected={filter == props.filter}>{ filter.name() }</option> }) }
                </select>
                <span class="dim">{ counted(props.count as u64, if props.filter == Filter::Bookmarks { "bookmark" } else { "event" }) }</span>
                { props.bookmark.clone() }
                if props.count > MOST { { stretches(base, props.count, &stretch) } }
            </div>
            <div class="rows" id="events" ref={node} {onscroll} tabindex="0" role="table" aria-label="Events" aria-rowcount={props.count.to_string()} onkeydown={Callback::from(walk)}>
                { spacer("before", first) }
                { for rows.into_iter().enumerate().map(|(i, row)| entry(props, base + first + i, first + i == stop, row)) }
                { spacer("after", count - last) }
            </div>
        </div>
    }
}

/// Which rows are listed of more than can be at a time, and the ways to the others.
fn stretches(base: usize, count: usize, stretch: &UseStateHandle<usize>) -> Html {
    let go = |to: Option<usize>, id: &'static str, text: &'static str| {
        let (stretch, there) = (stretch.clone(), to.filter(|to| *to < count));
        let onclick = Callback::from(move |_: MouseEvent| _ = there.map(|to| stretch.set(to / MOST)));
        html! { <button {id} {onclick} disabled={there.is_none()}>{ text }</button> }
    };
    html! {
        <>
            { go(base.checked_sub(MOST), "earlier-events", "earlier") }
            <span class="dim">{ format!("{} to {}", grouped(base as u64 + 1), grouped((base + MOST).min(count) as u64)) }</span>
            { go(Some(base + MOST), "later-events", "later") }
        </>
    }
}

/// The rows that are drawn, from the first to behind the last, where the list is scrolled to a point and shows so many.
fn window(top: f64, rows: usize) -> (usize, usize) {
    let first = ((top / ROW).floor() as usize).saturating_sub(BEYOND);
    (first, first + rows.max(1) + 2 * BEYOND)
}

/// The row that has the focus, and its index.
fn focused(list: &HtmlElement) -> Option<(Element, usize)> {
    let active = list.owner_document()?.active_element()?;
    let row = active.closest(".row").ok()?.filter(|row| list.contains(Some(row)))?;
    let index: usize = row.get_attribute("aria-rowindex")?.parse().ok()?;
    Some((row, index - 1))
}

/// A row that is about to go, of those from `base` on, gives its focus to the list, so that the keyboard stays there.
fn keep_focus(list: &HtmlElement, base: usize, (first, end): (usize, usize)) {
    if focused(list).is_some_and(|(_, index)| index < base + first || index >= base + end) {
        let _ = list.focus();
    }
}

/// Up and down move from row to row where one has the focus; else the browser scrolls. Rows beyond those that are seen are
/// there, so the next one always is, and comes into sight with the focus.
fn walk(event: KeyboardEvent) {
    let list = event.current_target().and_then(|list| list.dyn_into::<HtmlElement>().ok());
    let Some((row, _)) = list.as_ref().and_then(focused) else { return };
    let next = match event.key().as_str() {
        "ArrowDown" => row.next_element_sibling(),
        "ArrowUp" => row.previous_element_sibling(),
        _ => return,
    };
    event.prevent_default();
    let button = next.and_then(|row| row.query_selector("button").ok().flatten());
    if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        let _ = button.focus();
    }
}

/// Room for rows that are not drawn: an SVG of that height, as nothing here may have a style of its own. It has a key: rows
/// are told apart by theirs only if all of their siblings have one, and else each is made anew, without its focus, whenever
/// the list is scrolled.
fn spacer(key: &'static str, rows: usize) -> Html {
    let height = rows as f64 * ROW;
    html! { <svg key={key} class="spacer" width="1" height={height.to_string()} aria-hidden="true" /> }
}

fn entry(props: &Props, index: usize, stop: bool, row: Row) -> Html {
    let Row { position, time, lane, packet, class, text } = row;
    let onpick = props.onpick.clone();
    let onclick = Callback::from(move |_: MouseEvent| onpick.emit(position));
    let on = position == props.position;
    let same = packet.is_some() && packet == props.selected;
    html! {
        <div key={position} role="row" aria-rowindex={(index + 1).to_string()} aria-current={on.then_some("true")}
            class={classes!("row", class, on.then_some("on"), same.then_some("same"))}>
            <span role="cell"><button class="link" tabindex={if stop { "0" } else { "-1" }} {onclick} title="Go there">{ position }</button></span>
            <span role="cell">{ time }</span>
            <span role="cell">{ lane }</span>
            <span role="cell">{ packet.map_or(String::new(), |packet| format!("packet {packet}")) }</span>
            <span role="cell">{ text }</span>
        </div>
    }
}
