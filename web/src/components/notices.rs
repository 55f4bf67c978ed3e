//! What there is to tell, at the foot of the page.

use yew::prelude::*;

use super::{Focus, Icon, IconName};
use crate::session::{Msg, Session};
use crate::state::{Action, Notice};

/// The notice, or what is being read.
#[component]
pub fn Notices() -> Html {
    let Some(session) = use_context::<Session>() else { return html! {} };
    let dismiss = session.on(|_: MouseEvent| Msg::Act(Action::Dismiss));
    let (class, text) = match (&session.state.notice, &session.state.loading) {
        (Some(Notice::Info(text)), _) => ("info", text),
        (Some(Notice::Problem(text)), _) => ("problem", text),
        (Some(Notice::Broken(text)), _) => return broken(&session, text),
        (Some(Notice::Newer), _) => {
            let renew = session.on(|_: MouseEvent| Msg::Renew);
            return html! {
                <div class="notice info" id="notice" role="status">
                    <p>{ "A newer build of this page is there. It shows the same moment again." }</p>
                    <button id="renew" onclick={renew}>{ "Reload" }</button>
                    <button onclick={dismiss} aria-label="Dismiss"><Icon name={IconName::Close} /></button>
                </div>
            };
        }
        (None, Some(name)) => {
            return html! { <div class="notice info" role="status"><p>{ format!("Reading {name}…") }</p></div> };
        }
        (None, None) => return html! {},
    };
    html! {
        <div class={classes!("notice", class)} id="notice" role={if class == "problem" { "alert" } else { "status" }}>
            <p>{ text }</p><button onclick={dismiss} aria-label="Dismiss"><Icon name={IconName::Close} /></button>
        </div>
    }
}

/// What happened to the simulation, and the ways on.
fn broken(session: &Session, text: &str) -> Html {
    let restart = session.on(|_: MouseEvent| Msg::Restart);
    let report = session.on(|_: MouseEvent| Msg::Report);
    html! {
        <div class="notice problem sheet-like" id="notice" role="alertdialog" aria-label="The simulation has stopped">
            <Focus on="restart" />
            <div>
                <h2>{ "The simulation has stopped" }</h2>
                <p>{ text }</p>
                <p class="dim">{ "What is on screen stays as it is. Restart runs the same again and shows this moment; nothing that you set is lost." }</p>
                <button id="restart" class="primary" onclick={restart}>{ "Restart" }</button>
                <button id="report" onclick={report}>{ "Copy a report" }</button>
            </div>
        </div>
    }
}
