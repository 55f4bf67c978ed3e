//! What lies under the time bar: plots, the list of events, the byte ledger, branches.

use snapstack::buffers::Scheme;
use snapstack::ledger::CopyCause;
use snapstack::sim::{Change, Event, Kind};
use yew::prelude::*;

use crate::commands::Intent;
use crate::components::{
    Aggregate, BranchRow, BranchesProps, ByteLedgerProps, Copied, EventRow, Events, Plot, branches as table,
    byte_ledger,
};
use crate::plots::PLOTS;
use crate::scene::duration;
use crate::session::{Msg, Session};
use crate::state::{Action, Bottom, Branch, Filter};
use crate::timeline::{Side, Timeline};
use crate::words::{change_words, describe};

/// Whichever is chosen. The plots' canvases stay where they are, as the player draws on them.
pub(super) fn under(session: &Session) -> Html {
    let state = &session.state;
    let plots = state.bottom == Bottom::Plots;
    html! {
        <>
            <div class={classes!("tabs", "choose", (!plots).then_some("hidden"))} role="group" aria-label="Plots">
                { for state.plots.iter().enumerate().map(|(i, plot)| html! {
                    <button class={classes!((state.tab == i).then_some("on"))} aria-pressed={(state.tab == i).to_string()}
                        onclick={session.on(move |_: MouseEvent| Msg::Act(Action::Tab(i)))}>{ PLOTS[*plot].title }</button>
                }) }
            </div>
            <div class={classes!("plots", (!plots).then_some("hidden"))}>
                { for state.plots.iter().enumerate().map(|(slot, plot)| html! {
                    <Plot {slot} plot={*plot} active={state.tab == slot} aggregates={aggregates(session, *plot)}
                        onchoose={session.on(move |plot| Msg::Act(Action::Plot(slot, plot)))}
                        onseek={session.on(move |x| Msg::PlotSeek(slot, x))}
                        onrange={session.on(move |(from, to)| Msg::PlotRange(slot, from, to))}
                        onexport={session.on(move |format| Msg::Export(slot, format))} />
                }) }
            </div>
            { match state.bottom {
                Bottom::Plots => html! {},
                Bottom::Events => html! { <div class="under"><EventList /></div> },
                Bottom::Ledger => html! { <div class="under">{ ledger(session) }</div> },
                Bottom::Branches => html! { <div class="under">{ branches(session) }</div> },
            } }
        </>
    }
}

/// What the marked range adds up to in a plot.
fn aggregates(session: &Session, plot: usize) -> Vec<Aggregate> {
    let player = session.player.borrow();
    match (session.state.range, &player.timeline) {
        (Some(range), Some(timeline)) => PLOTS[plot].aggregates(timeline, range),
        _ => Vec::new(),
    }
}

/// Whether an event is listed.
fn passes(filter: Filter, selected: Option<u32>, event: &Event) -> bool {
    match filter {
        Filter::All => true,
        Filter::Selected => selected.is_some() && selected == Some(event.packet),
        Filter::Copies => matches!(event.kind, Kind::Copy { .. }),
        Filter::Allocations => matches!(event.kind, Kind::Allocate { .. }),
        Filter::Trouble => {
            matches!(event.kind, Kind::Drop { .. } | Kind::Fault { .. } | Kind::Retransmission { .. })
        }
        // They are moments, whatever happens there.
        Filter::Bookmarks => false,
    }
}

#[component]
fn EventList() -> Html {
    let Some(session) = use_context::<Session>() else { return html! {} };
    let state = &session.state;
    let (filter, selected) = (state.filter, state.selected);
    let (events, complete, filtered) = {
        let player = session.player.borrow();
        let run = player.timeline.as_ref();
        let (events, complete) = run.map_or((0, false), |run| (run.len(), run.is_complete()));
        (events, complete, player.filtered)
    };
    let chosen = filter == Filter::Selected;
    let listed = {
        let player = session.player.clone();
        let bookmarks = if filter == Filter::Bookmarks { state.bookmarks.clone() } else { Vec::new() };
        use_memo(
            (filter, selected.filter(|_| chosen), events, complete, filtered, bookmarks),
            move |(filter, selected, .., bookmarks)| {
                if *filter == Filter::Bookmarks {
                    return Some(bookmarks.clone());
                }
                // All of them need no list.
                let player = player.borrow();
                let all = *filter == Filter::All && player.passing.is_none();
                let timeline = player.timeline.as_ref().filter(|_| !all)?;
                let passes = |at: &u32| {
                    timeline.event(*at).is_some_and(|(_, event)| passes(*filter, *selected, &event))
                };
                let listed: Vec<u32> = match &player.passing {
                    Some(passing) => passing.positions().iter().copied().filter(passes).collect(),
                    None => (1..=timeline.len()).filter(passes).collect(),
                };
                Some(listed)
            },
        )
    };
    let position = session.player.borrow().position();
    let count = listed.as_ref().as_ref().map_or(events as usize, Vec::len);
    let here = match listed.as_ref() {
        Some(list) => list.partition_point(|at| *at <= position).saturating_sub(1),
        None => position.saturating_sub(1) as usize,
    };
    let rows = {
        let player = session.player.clone();
        Callback::from(move |(first, wanted): (usize, usize)| {
            let player = player.borrow();
            let Some(timeline) = &player.timeline else { return Vec::new() };
            let at = |index: usize| match listed.as_ref() {
                Some(list) => list.get(index).copied(),
                None => Some(index as u32 + 1).filter(|at| *at <= timeline.len()),
            };
            (first..first + wanted).filter_map(|index| row(timeline, player.schemes, at(index)?)).collect()
        })
    };
    let bookmark = html! {
        <button id="bookmark" aria-pressed={state.bookmarks.contains(&position).to_string()} title="Bookmark this moment, or no longer (b)"
            onclick={session.on(|_: MouseEvent| Msg::Do(Intent::Bookmark))}>{ "bookmark this moment" }</button>
    };
    html! {
        <Events {count} {bookmark} {rows} {here} {position} {selected} {filter}
            onfilter={session.on(|filter| Msg::Act(Action::Filter(filter)))} onpick={session.on(Msg::GoTo)} />
    }
}

fn row(timeline: &Timeline, schemes: [Scheme; 2], position: u32) -> Option<EventRow> {
    let (side, event) = timeline.event(position)?;
    let lane = match side {
        None => "both",
        Some(Side::Left) => "left",
        Some(Side::Right) => "right",
    };
    let (class, text) = describe(&event.kind, side.map(|side| schemes[side as usize]), timeline.queues);
    let packet = (event.packet != Event::NONE).then_some(event.packet);
    let time = duration(event.time_ns);
    Some(EventRow { position, time, lane, packet, class, text })
}

fn ledger(session: &Session) -> Html {
    let player = session.player.borrow();
    let Some(timeline) = &player.timeline else { return html! {} };
    let position = player.position();
    let mut sums: [[Copied; 2]; CopyCause::ALL.len()] = Default::default();
    for side in Side::BOTH {
        for at in timeline.series[side as usize].copied.changes() {
            let Some((Some(_), Event { kind: Kind::Copy { cause, bytes }, .. })) = timeline.event(*at) else {
                continue;
            };
            let copied = &mut sums[cause as usize][side as usize];
            copied.all = (copied.all.0 + 1, copied.all.1 + u64::from(bytes));
            if *at <= position {
                copied.now = (copied.now.0 + 1, copied.now.1 + u64::from(bytes));
                copied.places = Some((copied.places.map_or(*at, |(first, _)| first), *at));
            }
        }
    }
    let words = |cause: CopyCause| match cause {
        CopyCause::UserToKernel => "send(): from the user's buffer into kernel pages",
        CopyCause::Reline => "re-lining: bytes shifted between lines",
        CopyCause::KernelToUser => "recv(): from kernel buffers to the user",
        CopyCause::Shadow => "into or out of mapped shadow buffers",
        CopyCause::SpliceToFile => "splice() into a file's pages",
    };
    let rows: Vec<_> = CopyCause::ALL
        .into_iter()
        .zip(sums)
        .filter(|(_, lanes)| lanes.iter().any(|copied| copied.all.0 > 0))
        .map(|(cause, lanes)| (words(cause), lanes))
        .collect();
    let plot = Side::BOTH.map(|side| {
        let copied = &timeline.series[side as usize].copied;
        (copied.value(position) as u64, copied.last() as u64)
    });
    byte_ledger(&ByteLedgerProps { rows, plot, onseek: session.on(Msg::GoTo) })
}

/// Where a branch's change is in the run on screen, which has the changes `shown`, if that is known: where it happened, or where
/// it was made, if that was in this run (`made_here`). Else where it was made in the run that the branch comes from, if that is.
fn place(
    branch: &Branch,
    run: Option<&Timeline>,
    shown: &[Change],
    made_here: bool,
) -> (Option<u32>, Option<u32>) {
    let Some((_, change, made)) = &branch.origin else { return (None, None) };
    let made = Some(*made).filter(|at| *at > 0);
    let here = if shown.contains(change) {
        run.and_then(|run| run.change_at(change))
    } else {
        made.filter(|_| made_here)
    };
    (here, made.filter(|_| here.is_none()))
}

fn branches(session: &Session) -> Html {
    let player = session.player.borrow();
    let branches = &session.state.branches;
    let run = player.timeline.as_ref();
    let rows: Vec<BranchRow> = branches
        .iter()
        .map(|branch| {
            let kept = player.kept.get(branches.key(branch.id));
            let change = branch.origin.as_ref().map(|origin| &origin.1);
            let text = change.map_or("without changes".to_owned(), |change| {
                // Where the link has lost what arrives, other packets have its number.
                let arrives = matches!(change, Change::Lose { from_peer: true, .. });
                let known = run.filter(|_| !(arrives && session.state.shown.changes.contains(change)));
                change_words(change, known)
            });
            let (shown, from) = (&session.state.shown.changes, branch.origin.as_ref().map(|origin| origin.0));
            let made_here = from.is_some_and(|from| branches.key(from) == session.state.shown_key());
            let (at, origin_at) = place(branch, run, shown, made_here);
            let text = format!("{} · {text}", branch.id);
            BranchRow {
                id: branch.id,
                from,
                text,
                at,
                origin_at,
                totals: kept.map(|kept| {
                    kept.series.each_ref().map(|lane| {
                        [&lane.copied, &lane.allocations, &lane.held, &lane.footprint]
                            .map(|series| series.last())
                    })
                }),
                events: kept.map_or(0, |kept| kept.events),
                identical: kept.is_some_and(|kept| kept.identical),
            }
        })
        .collect();
    table(&BranchesProps {
        rows,
        current: branches.current,
        beside: branches.compared,
        onseek: session.on(Msg::GoTo),
        ongo: session.on(|id| Msg::Act(Action::Branch(id))),
        onbeside: session.on(|id| Msg::Act(Action::Beside(id))),
    })
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use snapstack::sim::FaultKind;

    use super::*;
    use crate::spec::Spec;
    use crate::state::Branches;
    use crate::timeline::tests::changed as run;

    #[test]
    fn a_branch_leads_to_where_its_change_is_in_the_run_on_screen_and_else_nowhere() {
        let changes = [
            Change::Flip { packet: 30, offset: 10, scheme: Some(Scheme::Snapshot) },
            Change::Lose { from_peer: false, frame: 20 },
        ];
        let mut branches = Branches::new(Spec::default(), 1);
        branches.grow(changes[0], 2006);
        branches.grow(changes[1], 2261);
        let [first, flipped, lost] = [0, 1, 2].map(|id| branches.get(id).unwrap());
        let both = run(&changes);
        assert_eq!(place(first, Some(&both), &changes, false), (None, None));
        let faults = [(flipped, FaultKind::Flipped, 30), (lost, FaultKind::Lost, 20)];
        for (branch, wanted, of) in faults {
            let (at, origin) = place(branch, Some(&both), &changes, false);
            let (_, event) = both.event(at.unwrap()).unwrap();
            assert!(
                matches!(event.kind, Kind::Fault { fault, frame, .. } if (fault, frame) == (wanted, of)),
                "{event:?}"
            );
            assert_eq!(origin, None);
        }
        let none = run(&[]);
        assert_eq!(place(flipped, Some(&none), &[], true), (Some(2006), None), "it was made there");
        assert_eq!(place(lost, Some(&none), &[], false), (None, Some(2261)), "it was made in run 1");
        assert_eq!(place(lost, None, &changes, false), (None, Some(2261)), "the run has not come to it");
    }
}
