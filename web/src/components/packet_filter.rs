//! The field of the packet filter, and how many packets pass.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::filter::Typed;
use crate::scene::grouped;

/// What [`packet_filter`] shows, and whom it tells.
pub struct Props {
    /// The filter and its text.
    pub typed: Typed,
    /// How many packets pass, of how many; None without a filter.
    pub count: Option<(u32, u32)>,
    /// The text, and whether no more is typed for now.
    pub onfilter: Callback<(String, bool)>,
}

/// The field.
pub fn packet_filter(props: &Props) -> Html {
    let text = |left: bool| {
        let onfilter = props.onfilter.clone();
        move |input: HtmlInputElement| onfilter.emit((input.value(), left))
    };
    let (type_on, leave) = (text(false), text(true));
    let oninput = Callback::from(move |event: InputEvent| type_on(event.target_unchecked_into()));
    let onchange = Callback::from(move |event: Event| leave(event.target_unchecked_into()));
    html! {
        <label class="filter">
            <span class="name">{ "packets" }</span>
            <input id="packet-filter" type="search" maxlength="200" value={props.typed.text.clone()} {oninput} {onchange} placeholder="all · thread 3, port 443, len > 1000"
                title="Which packets to show, step and jump to, and list: tcp, udp, in, out, dropped, resent, thread 3, port 443, packet 12, len > 1000; several are to hold together (/)"
                aria-label="Packet filter" aria-invalid={props.typed.wrong.to_string()} spellcheck="false" autocomplete="off" />
            <output id="out-passing">{ props.count.map(|(some, all)| format!("{} of {} pass", grouped(some.into()), grouped(all.into()))) }</output>
        </label>
    }
}
