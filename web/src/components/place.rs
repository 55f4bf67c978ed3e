//! What is told of a selected slot or socket: facts, events, and ways to the places near it.

use yew::prelude::*;

use super::{IconName, icon};
use crate::places::Told;
use crate::scene::grouped;
use crate::timeline::Place;

/// What [`place`] shows, and whom it tells.
pub struct Props {
    /// What is told.
    pub told: Told,
    /// Its name in the document.
    pub id: &'static str,
    /// What there is besides.
    pub children: Html,
    /// The cursor's position.
    pub position: u32,
    /// Close.
    pub onclose: Callback<()>,
    /// Go to a position.
    pub onseek: Callback<u32>,
    /// Select another place.
    pub onplace: Callback<Place>,
}

/// The slot or the socket.
pub fn place(props: &Props) -> Html {
    let Told { title, origin, facts, events, near } = &props.told;
    let close = {
        let onclose = props.onclose.clone();
        Callback::from(move |_: MouseEvent| onclose.emit(()))
    };
    let go = |at: u32| {
        let onseek = props.onseek.clone();
        let onclick = Callback::from(move |_: MouseEvent| onseek.emit(at));
        html! { <button class="link" {onclick} title="Go there">{ grouped(at.into()) }</button> }
    };
    html! {
        <section class="place" id={props.id} aria-label={title.clone()}>
            <header>
                <h2>{ title }</h2>
                <button id={format!("close-{}", props.id)} onclick={close} title="Close (Esc)" aria-label="Close">{ icon(IconName::Close) }</button>
            </header>
            <p class="origin">{ origin }</p>
            <dl class="fields">
                { for facts.iter().map(|(term, text, at)| html! {
                    <><dt>{ *term }</dt><dd>{ text }if let Some(at) = at { { ", event " }{ go(*at) } }</dd></>
                }) }
            </dl>
            { props.children.clone() }
            <p class="near">
                { for near.iter().map(|(text, place)| {
                    let (onplace, place) = (props.onplace.clone(), *place);
                    let onclick = Callback::from(move |_: MouseEvent| onplace.emit(place));
                    html! { <button {onclick}>{ text }</button> }
                }) }
            </p>
            if !events.is_empty() {
                <table class="ledger">
                    <thead><tr><th>{ "event" }</th><th>{ "what happens to it" }</th></tr></thead>
                    <tbody>
                        { for events.iter().map(|(at, text)| html! {
                            <tr class={classes!((*at > props.position).then_some("later"))}><td>{ go(*at) }</td><td>{ text }</td></tr>
                        }) }
                    </tbody>
                </table>
            }
        </section>
    }
}
