//! The gallery: runs that each make one point.

use yew::prelude::*;

use super::{IconName, Sheet, icon};
use crate::commands::Intent;
use crate::gallery::GALLERY;
use crate::session::{Msg, Session};

/// The gallery.
pub fn gallery(session: &Session) -> Html {
    let close = session.on(|_: MouseEvent| Msg::Do(Intent::Close));
    html! {
        <Sheet key="gallery" id="gallery" label="Gallery" onclose={session.on(|()| Msg::Do(Intent::Close))}>
            <header tabindex="-1" autofocus={true}><h2>{ "Ten runs that each make a point" }</h2><button onclick={close.clone()} aria-label="Close">{ icon(IconName::Close) }</button></header>
            <p class="dim">{ "Each runs here and now; the page says whether it came out as it did when it was made." }</p>
            <ul class="cards">
                { for GALLERY.iter().map(|item| html! {
                    <li><a href={item.link} onclick={session.on(|_: MouseEvent| Msg::Visit(item.link.to_owned()))} id={format!("gallery-{}", item.id)}><b>{ item.title }</b><span>{ item.point }</span></a></li>
                }) }
            </ul>
        </Sheet>
    }
}
