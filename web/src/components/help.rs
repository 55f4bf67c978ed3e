//! The help sheet: what the keys do, what the words mean, and what is stored.

use yew::prelude::*;

use super::{IconName, Sheet, icon, key};
use crate::commands::{COMMANDS, Group, Intent, spoken};
use crate::glossary::GLOSSARY;
use crate::session::{Msg, Session};
use crate::state::Page;
use crate::storage;

/// The help sheet.
pub fn help(session: &Session) -> Html {
    let page = session.page;
    let close = session.on(|_: MouseEvent| Msg::Do(Intent::Close));
    let groups = Group::ALL.into_iter().filter_map(|group| {
        let rows: Vec<_> = COMMANDS
            .iter()
            .filter(|command| command.group == group && command.holds_on(page) && !command.keys.is_empty())
            .map(|command| html! {
                <><dt>{ for command.keys.iter().map(|key| html! { <kbd>{ spoken(key) }</kbd> }) }</dt><dd>{ command.title }</dd></>
            })
            .collect();
        (!rows.is_empty()).then(|| html! { <><h3>{ group.name() }</h3><dl>{ rows }</dl></> })
    });
    html! {
        <Sheet key="help" id="help" label="Help" onclose={session.on(|()| Msg::Do(Intent::Close))}>
            <header tabindex="-1" autofocus={true}><h2>{ "Keys on this page" }</h2><button onclick={close} aria-label="Close">{ icon(IconName::Close) }</button></header>
            <div class="columns">{ for groups }</div>
            if page == Page::Explore { <h2>{ "Shapes and colours" }</h2>{ key() } }
            <h2>{ "Words" }</h2>
            <dl class="glossary">{ for GLOSSARY.iter().map(|entry| html! { <><dt>{ entry.word }</dt><dd>{ entry.meaning }</dd></> }) }</dl>
            <h2>{ "What is stored" }</h2>
            <p>{ "In this browser only, and nothing leaves it:" }</p>
            <ul>{ for storage::STORED.iter().map(|(_, what)| html! { <li>{ *what }</li> }) }</ul>
            <p>
                <button id="forget" onclick={session.on(|_: MouseEvent| Msg::Do(Intent::Forget))}>{ "Forget it" }</button>
            </p>
        </Sheet>
    }
}
