//! What there is to tell, at the foot of the page.

use yew::prelude::*;

use super::{IconName, Sheet, icon};
use crate::scene::grouped;
use crate::session::{Msg, Session};
use crate::state::{Action, Notice, Report};

/// That the simulation has stopped; beside it the notice, what takes long at the moment, or that a newer build is there.
pub fn notices(session: &Session, apart: bool) -> Html {
    html! {
        <>
            if let Some(reason) = &session.state.broken { { broken(session, reason) } }
            { foot(session, apart) }
        </>
    }
}

/// What takes long at the moment, and the way to have no more of it; or that the run was stopped, and where.
pub fn work(session: &Session, class: &'static str) -> Html {
    let Some((what, percent)) = session.state.work() else {
        let player = session.player.borrow();
        let stopped = player.timeline.as_ref().filter(|_| session.state.halted);
        return match stopped {
            // The time bar counts fewer: what both do alike is one event there.
            Some(run) => {
                let text = format!("Stopped at {} events", grouped(run.recorded()));
                html! { <div class="work" id="stopped">{ text }<span>{ " of both lanes" }</span></div> }
            }
            None => html! {},
        };
    };
    html! {
        <div class={classes!("work", class)} id="work" role="status">
            <span>{ what }{ "… " }if let Some(percent) = percent { { percent }{ " %" } } else { <span id="out-progress" /> }</span>
            <button id="cancel" onclick={session.on(|_: MouseEvent| Msg::Cancel)}>{ "Cancel" }</button>
        </div>
    }
}

fn foot(session: &Session, apart: bool) -> Html {
    let state = &session.state;
    let dismiss = session.on(|_: MouseEvent| Msg::Act(Action::Dismiss));
    let close = html! { <button onclick={dismiss} aria-label="Dismiss">{ icon(IconName::Close) }</button> };
    let (class, text) = match &state.notice {
        Some(Notice::Info(text) | Notice::Here(text)) => ("info", text),
        Some(Notice::Problem(text)) => ("problem", text),
        None => {
            return match state.work() {
                Some(_) if !apart => work(session, "notice"),
                _ if state.newer => {
                    let renew = session.on(|_: MouseEvent| Msg::Renew);
                    html! {
                        <div class="notice info" id="notice" role="status">
                            <p>{ "A newer build of this page is there. It shows the same moment again." }</p>
                            <button id="renew" onclick={renew}>{ "Reload" }</button>{ close }
                        </div>
                    }
                }
                _ => html! {},
            };
        }
    };
    html! {
        <div class={classes!("notice", class)} id="notice" role={if class == "problem" { "alert" } else { "status" }}>
            <p>{ text }</p>{ close }
        </div>
    }
}

/// What happened to the simulation, and the ways on.
fn broken(session: &Session, text: &str) -> Html {
    let restart = session.on(|_: MouseEvent| Msg::Restart);
    let report = session.on(|_: MouseEvent| Msg::Report);
    let told = match session.state.report {
        None => "",
        Some(Report::Copied) => "The report is on the clipboard.",
        Some(Report::Here(_)) => {
            "This browser lets the page write nothing to the clipboard: copy the report from here."
        }
    };
    // Restart is the only way out of it.
    html! {
        <Sheet id="broken" role="alertdialog" label="The simulation has stopped" onclose={Callback::noop()}>
            <h2>{ "The simulation has stopped" }</h2>
            <p>{ text }</p>
            <p class="dim">{ "What is on screen stays as it is. Restart runs the same again and shows this moment; nothing that you set is lost." }</p>
            <p>
                <button id="restart" class="primary" autofocus={true} onclick={restart}>{ "Restart" }</button>
                <button id="report" onclick={report}>{ "Copy a report" }</button>
            </p>
            <p id="reported" role="status">{ told }</p>
            if let Some(Report::Here(report)) = &session.state.report {
                <textarea readonly={true} rows="6" aria-label="Report" value={report.clone()} />
            }
        </Sheet>
    }
}
