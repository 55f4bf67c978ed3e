//! The palette: every command of the page, found by words.

use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlInputElement};
use yew::prelude::*;

use super::Sheet;
use crate::commands::{Command, Intent, search, spoken};
use crate::session::{Msg, Session};

/// The palette.
#[component]
pub fn Palette() -> Html {
    let query = use_state(String::new);
    let chosen = use_state(|| 0_usize);
    let input = use_node_ref();
    {
        let input = input.clone();
        use_effect_with((), move |()| {
            if let Some(input) = input.cast::<HtmlInputElement>() {
                let _ = input.focus();
            }
        });
    }
    let Some(session) = use_context::<Session>() else { return html! {} };
    let found = search(&query, session.page);
    let at = (*chosen).min(found.len().saturating_sub(1));
    let list = use_node_ref();
    {
        // The chosen one comes into sight.
        let list = list.clone();
        use_effect_with((at, found.len()), move |(at, _)| {
            let Some(list) = list.cast::<HtmlElement>() else { return };
            let row = list.children().item(*at as u32).and_then(|row| row.dyn_into::<HtmlElement>().ok());
            if let Some(row) = row {
                let (top, end) = (row.offset_top(), row.offset_top() + row.offset_height());
                let least = end - list.client_height();
                list.set_scroll_top(list.scroll_top().clamp(least.min(top), top));
            }
        });
    }
    let run = {
        let session = session.clone();
        move |command: &'static Command| {
            session.send.emit(Msg::Do(Intent::Close));
            session.send.emit(Msg::Do(command.intent));
        }
    };
    let oninput = {
        let (query, chosen) = (query.setter(), chosen.setter());
        Callback::from(move |event: InputEvent| {
            query.set(event.target_unchecked_into::<HtmlInputElement>().value());
            chosen.set(0);
        })
    };
    let onkeydown = {
        let (chosen, run, page) = (chosen.setter(), run.clone(), session.page);
        let (query, input) = (query.clone(), input.clone());
        Callback::from(move |event: KeyboardEvent| {
            // Who types fast is ahead of what was drawn last.
            let typed = input.cast::<HtmlInputElement>().map_or(String::new(), |input| input.value());
            let found = search(&typed, page);
            let at = if typed == *query { at } else { 0 };
            match event.key().as_str() {
                "ArrowDown" => chosen.set((at + 1) % found.len().max(1)),
                "ArrowUp" => chosen.set((at + found.len().max(1) - 1) % found.len().max(1)),
                "Enter" => {
                    if let Some(command) = found.get(at) {
                        run(command);
                    }
                }
                _ => return,
            }
            event.prevent_default();
        })
    };
    html! {
        <Sheet id="palette" label="Find a command" onclose={session.on(|()| Msg::Do(Intent::Close))}>
            <input ref={input} value={(*query).clone()} {oninput} {onkeydown} placeholder="Find a command" aria-label="Find a command" spellcheck="false"
                role="combobox" aria-expanded="true" aria-controls="palette-list" aria-activedescendant={found.get(at).map(|command| format!("do-{}", command.id))} />
            <ul id="palette-list" ref={list} role="listbox" aria-label="Commands">
                { for found.iter().copied().enumerate().map(|(i, command)| {
                    let run = run.clone();
                    html! {
                        <li key={command.id} id={format!("do-{}", command.id)} role="option" data-group={(i == 0 || found[i - 1].group != command.group).then(|| command.group.name())} aria-selected={(i == at).to_string()}
                            onclick={Callback::from(move |_: MouseEvent| run(command))}>
                            <span>{ command.title }</span><span class="keys">{ for command.keys.iter().take(1).map(|key| html! { <kbd>{ spoken(key) }</kbd> }) }</span>
                        </li>
                    }
                }) }
            </ul>
            if found.is_empty() {
                <p class="dim">{ "No command has these words." }</p>
            }
        </Sheet>
    }
}
