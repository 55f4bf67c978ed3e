//! Two segments compared: equal by their roots, and what they share.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::annex::{Annex, Msg};
use crate::lab::{Comparison, Deed, Name};

/// The comparison.
#[component]
pub(super) fn Compare() -> Html {
    let Some(annex) = use_context::<Annex>() else { return html! {} };
    let mut lab = annex.lab.borrow_mut();
    let names: Vec<Name> = lab.picture().segments.iter().map(|segment| segment.name).collect();
    let Some((a, b, comparison)) = lab.comparison() else { return html! {} };
    let select = |id: &'static str, label: &'static str, chosen: Name, make: Box<dyn Fn(Name) -> Deed>| {
        let names = names.clone();
        let options = names.clone();
        let onchange = annex.on(move |event: Event| {
            let index = event.target_unchecked_into::<HtmlSelectElement>().selected_index();
            let name = usize::try_from(index).ok().and_then(|i| names.get(i).copied());
            Msg::Lab(make(name.unwrap_or(chosen)))
        });
        html! {
            <select {id} {onchange} aria-label={label}>
                { for options.iter().map(|name| html! { <option selected={*name == chosen}>{ name.to_string() }</option> }) }
            </select>
        }
    };
    html! {
        <section class="compare" aria-label="Compare">
            <h2>{ "Compare" }</h2>
            <p>
                { select("lab-a", "First segment", a, Box::new(move |name| Deed::Compare(name, b))) }
                { " with " }
                { select("lab-b", "Second segment", b, Box::new(move |name| Deed::Compare(a, name))) }
            </p>
            <p id="lab-compared">{ verdict(a, b, &comparison) }</p>
        </section>
    }
}

fn verdict(a: Name, b: Name, comparison: &Comparison) -> String {
    let Comparison { equal, differences, usage, common } = comparison;
    if *equal {
        return format!(
            "Equal: one comparison of two roots, no byte is read. They share all of their {common} lines."
        );
    }
    let mut ranges: Vec<String> =
        differences.iter().take(3).map(|range| format!("{} to {}", range.start, range.end)).collect();
    if differences.len() > 3 {
        ranges.push(format!("{} more", differences.len() - 3));
    }
    let place = if ranges.is_empty() {
        "only in length".to_owned()
    } else {
        format!("in bytes {}", ranges.join(", "))
    };
    format!(
        "They differ {place}. {common} lines are in both. Lines freed by releasing {a}: {}; by releasing {b}: {}.",
        usage[0].exclusive.lines(),
        usage[1].exclusive.lines()
    )
}
