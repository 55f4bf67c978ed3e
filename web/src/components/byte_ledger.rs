//! The byte ledger: every copied byte by its cause, with the sums that the plot shows.

use yew::prelude::*;

use crate::scene::grouped;

/// Copies of one cause in one lane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// How many, and how many bytes, up to the cursor.
    pub now: (u64, u64),
    /// The same, of the whole run.
    pub all: (u64, u64),
    /// Where the first and the last of them up to the cursor happened.
    pub places: Option<(u32, u32)>,
}

/// What [`byte_ledger`] shows, and whom it tells.
pub struct Props {
    /// Cause in words, and copies in each lane.
    pub rows: Vec<(&'static str, [Copied; 2])>,
    /// What the plot says: bytes copied in each lane, at the cursor and of the whole run.
    pub plot: [(u64, u64); 2],
    /// Go to a position.
    pub onseek: Callback<u32>,
}

/// The ledger.
pub fn byte_ledger(props: &Props) -> Html {
    let sum =
        |lane: usize, of: fn(&Copied) -> u64| props.rows.iter().map(|row| of(&row.1[lane])).sum::<u64>();
    let cells = |copied: &Copied| {
        let go = |at: u32, text: &'static str| {
            let onseek = props.onseek.clone();
            html! { <button class="link" onclick={Callback::from(move |_: MouseEvent| onseek.emit(at))}>{ text }</button> }
        };
        html! {
            <>
                <td>{ format!("{} / {}", grouped(copied.now.0), grouped(copied.all.0)) }</td>
                <td class={hue(copied.all.1)}>{ format!("{} / {}", grouped(copied.now.1), grouped(copied.all.1)) }</td>
                <td>if let Some((first, last)) = copied.places { { go(first, "first") }{ " " }{ go(last, "last") } }</td>
            </>
        }
    };
    html! {
        <div class="byte-ledger" tabindex="0" role="region" aria-label="Byte ledger">
            <table class="ledger">
                <thead>
                    <tr><td /><th colspan="3">{ "left lane" }</th><th colspan="3">{ "right lane" }</th></tr>
                    <tr><th>{ "cause" }</th><th>{ "copies" }</th><th>{ "bytes, at the cursor / whole run" }</th><td /><th>{ "copies" }</th><th>{ "bytes" }</th><td /></tr>
                </thead>
                <tbody>
                    { for props.rows.iter().map(|(cause, lanes)| html! { <tr><td>{ *cause }</td>{ for lanes.iter().map(cells) }</tr> }) }
                    <tr class="sum" id="ledger-sum">
                        <td>{ "all" }</td>
                        { for (0..2).map(|lane| html! {
                            <>
                                <td>{ format!("{} / {}", grouped(sum(lane, |c| c.now.0)), grouped(sum(lane, |c| c.all.0))) }</td>
                                <td class={hue(sum(lane, |c| c.all.1))}>{ format!("{} / {}", grouped(sum(lane, |c| c.now.1)), grouped(sum(lane, |c| c.all.1))) }</td>
                                <td class="dim">{ agrees(props, lane, (sum(lane, |c| c.now.1), sum(lane, |c| c.all.1))) }</td>
                            </>
                        }) }
                    </tr>
                </tbody>
            </table>
            <p class="dim">{ "An entry for every copy; clicking one in the list of events shows what it copied. Filling its own buffer is no copy of the application's, and DMA is none." }</p>
        </div>
    }
}

/// The colour of copies is for what was copied.
fn hue(bytes: u64) -> Option<&'static str> {
    (bytes > 0).then_some("copy")
}

/// Whether the entries add up to the plot.
fn agrees(props: &Props, lane: usize, sums: (u64, u64)) -> &'static str {
    if props.plot[lane] == sums { "= plot" } else { "≠ plot" }
}
