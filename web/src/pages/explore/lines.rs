//! The sheet of lines: the DAG of a segment, or of all, at the cursor's moment, and why a line of it is alive.

use yew::prelude::*;

use super::drawing::Drawing;
use crate::components::{Focus, IconName, icon};
use crate::engine::{DagOf, LineInfo};
use crate::scene::{counted, duration};
use crate::session::{Msg, Session, Wanted};
use crate::state::{Action, Asked, State};
use crate::words::dump;

/// Whether the sheet is there: lines are shown or asked for.
pub fn open(state: &State) -> bool {
    let inspect = &state.inspect;
    let waits = inspect.waits(|asked| matches!(asked, Asked::Dag(..) | Asked::Marked(_)));
    inspect.dag.is_some() || inspect.no_dag.is_some() || waits
}

/// The sheet, if lines are shown or asked for.
pub(super) fn lines(session: &Session) -> Html {
    let inspect = &session.state.inspect;
    let waits = inspect.waits(|asked| matches!(asked, Asked::Dag(..) | Asked::Marked(_)));
    if !open(&session.state) {
        return html! {};
    }
    let close = session.on(|_: MouseEvent| Msg::Act(Action::CloseLines));
    let ask = |of: DagOf| session.on(move |_: MouseEvent| Msg::Question(Wanted::Dag(of)));
    let of = inspect.dag.as_ref().map(|dag| dag.of);
    let title = match of {
        Some(DagOf::Packet(packet)) => format!("Lines of packet {packet}"),
        Some(DagOf::Segment(segment)) => format!("Lines of segment {segment}"),
        Some(DagOf::All) => "Lines of all segments".to_owned(),
        None => "Lines".to_owned(),
    };
    html! {
        <section class="lines-sheet" id="lines" tabindex="-1" aria-label={title.clone()}>
            <Focus on="lines" />
            <header>
                <h2>{ title }</h2>
                if let Some(dag) = &inspect.dag {
                    <span class="dim">{ format!("at {}", duration(dag.when.time_ns)) }</span>
                }
                if waits { <span role="status">{ "looking…" }</span> }
                <span class="space" />
                { comparing(session) }
                if let Some(of) = of { <button id="lines-again" onclick={ask(of)}>{ words("At the cursor", " now") }</button> }
                <button id="lines-all" onclick={ask(DagOf::All)}>{ words("All", " segments") }</button>
                <button id="close-lines" onclick={close} title="Close (Esc)" aria-label="Close">{ icon(IconName::Close) }</button>
            </header>
            if let Some(why) = &inspect.no_dag {
                <p class="problem" role="alert">{ why }{ " Move the cursor to another moment, or look at all segments." }</p>
            }
            if let Some(dag) = &inspect.dag {
                <div class="inside">
                    <Drawing dag={dag.clone()} marked={inspect.marked.clone()} found={inspect.found.clone()} />
                    { why(session) }
                </div>
            }
        </section>
    }
}

/// A button's words, of which phones show the first.
fn words(first: &'static str, rest: &'static str) -> Html {
    html! { <span>{ first }<span class="long">{ rest }</span></span> }
}

/// Marks the moment that is shown, compares with the marked one, and goes back.
fn comparing(session: &Session) -> Html {
    let (inspect, mark) = (&session.state.inspect, session.state.mark);
    let Some(dag) = &inspect.dag else { return html! {} };
    let here = dag.when.position;
    let same = mark == Some(here);
    let marks = session.on(move |_: MouseEvent| Msg::Act(Action::MarkMoment((!same).then_some(here))));
    let why = match (mark, same) {
        (None, _) => "Mark a moment first; then show the lines of another one.",
        (_, true) => "This is the marked moment: show the lines of another one.",
        (_, false) => "Shows which of these lines are held at the marked moment, too.",
    };
    html! {
        <>
            <button id="lines-mark" onclick={marks} aria-pressed={same.to_string()} title="Marks the moment to compare with, or no longer">
                { if same { words("Marked", "") } else { words("Mark", " this moment") } }
            </button>
            if inspect.comparing {
                <button id="lines-uncompare" onclick={session.on(|_: MouseEvent| Msg::Act(Action::StopComparing))}>{ "Stop comparing" }</button>
            } else {
                <button id="lines-compare" disabled={mark.is_none() || same} title={why}
                    onclick={session.on(|_: MouseEvent| Msg::Question(Wanted::Compare))}>{ words("Compare", " with the marked moment") }</button>
            }
        </>
    }
}

/// Why the selected line is alive.
fn why(session: &Session) -> Html {
    let inspect = &session.state.inspect;
    let Some(line) = &inspect.line else {
        let text = if inspect.plid.is_some() { "…" } else { "Select a line to see who refers to it." };
        return html! { <aside class="why" aria-label="Why is this line alive?"><p class="dim">{ text }</p></aside> };
    };
    let LineInfo { plid, bytes, references, referrers, ways, .. } = line;
    let history = session.on(|_: MouseEvent| Msg::Question(Wanted::History));
    let waits = inspect.waits(|asked| *asked == Asked::History);
    html! {
        <aside class="why" id="why" aria-label="Why is this line alive?">
            <h3>{ format!("Why is line {plid} alive?") }</h3>
            <p>{ if *references == 1 { "One reference. Without it, the line would be freed.".to_owned() } else { format!("{}. It lives as long as there is one.", counted((*references).into(), "reference")) } }</p>
            <ul>{ for referrers.iter().map(|referrer| html! { <li>{ referrer }</li> }) }</ul>
            <h3>{ "Ways to it" }</h3>
            <ul>{ for ways.iter().map(|way| html! { <li>{ way }</li> }) }</ul>
            <h3>{ "Bytes" }</h3>
            <pre class="hex">{ dump(bytes) }</pre>
            <h3>{ "References over the run" }</h3>
            { match (&inspect.history, waits) {
                (Some(points), _) => curve(points),
                (None, true) => html! { <p class="dim" role="status">{ "running again…" }</p> },
                (None, false) => html! { <button id="history" onclick={history}>{ "Count them" }</button> },
            } }
        </aside>
    }
}

/// Counts over time as a curve of steps.
fn curve(points: &[(u64, u32)]) -> Html {
    let (width, height) = (240.0, 64.0);
    let end = points.last().map_or(1, |(time, _)| *time).max(1) as f64;
    let most = points.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let y = |count: u32| height - 4.0 - f64::from(count) / f64::from(most.max(1)) * (height - 8.0);
    let mut path = String::from("M0 ");
    path += &format!("{:.1}", y(points.first().map_or(0, |(_, count)| *count)));
    for (time, count) in points {
        path += &format!("H{:.1}V{:.1}", *time as f64 / end * width, y(*count));
    }
    html! {
        <figure>
            <svg class="curve" viewBox={format!("0 0 {width} {height}")} role="img" aria-label={format!("Reference count over the run, at most {most}")}><path d={path} /></svg>
            <figcaption class="dim">{ format!("at most {most}, {}", counted(points.len().saturating_sub(1) as u64, "change")) }</figcaption>
        </figure>
    }
}
