//! What runs: the usual settings in a row, all of them behind a button, each with its range and what it means.

use snapstack::sim::{Config, Workload};
use web_sys::{File, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::{IconName, Term, icon};
use crate::engine::CaptureInfo;
use crate::scene::grouped;
use crate::settings::{Group, Kind, SETTINGS, Setting};

/// What was chosen.
#[derive(Clone, Debug)]
pub enum ControlsEvent {
    /// Another configuration.
    Config(Config),
    /// A value that is none: what to say about it.
    Rejected(String),
    /// A capture.
    File(File),
    /// The demo capture.
    Demo,
    /// All settings, or the usual ones.
    All(bool),
    /// Back to the settings before, or (false) forward again.
    Undo(bool),
}

/// What [`controls`] shows, and whom it tells.
pub struct Props {
    /// The configuration.
    pub config: Config,
    /// The capture, once there is one.
    pub capture: Option<CaptureInfo>,
    /// Whether it is the demo.
    pub demo: bool,
    /// Threads of the traffic.
    pub threads: usize,
    /// Whether all settings are shown.
    pub all: bool,
    /// Whether there are settings to go back to, and forward.
    pub steps: (bool, bool),
    /// What else can be chosen, shown with all settings.
    pub children: Html,
    /// What was chosen.
    pub onevent: Callback<ControlsEvent>,
}

/// Settings that are always there; with all settings they are there again, with what they mean and accept.
const USUAL: [&str; 6] = ["line", "retention", "threads", "message", "split", "seed"];

/// The controls.
pub fn controls(props: &Props) -> Html {
    let onevent = &props.onevent;
    let file = {
        let onevent = onevent.clone();
        Callback::from(move |event: Event| {
            let input = event.target_unchecked_into::<HtmlInputElement>();
            if let Some(file) = input.files().and_then(|files| files.get(0)) {
                onevent.emit(ControlsEvent::File(file));
            }
            input.set_value("");
        })
    };
    let press = |make: fn() -> ControlsEvent| {
        let onevent = onevent.clone();
        Callback::from(move |_: MouseEvent| onevent.emit(make()))
    };
    let more = {
        let (onevent, all) = (onevent.clone(), props.all);
        Callback::from(move |_: MouseEvent| onevent.emit(ControlsEvent::All(!all)))
    };
    let captures = props.config.workload == Workload::Capture;
    let (name, title) = describe(props.capture.as_ref());
    let changed = SETTINGS.iter().filter(|setting| {
        setting.is_changed(&props.config)
            && setting.applies_to(&props.config)
            && !USUAL.contains(&setting.key)
    });
    let changed = changed.filter(|setting| setting.key != "run").count();
    html! {
        <section class="controls" aria-label="Configuration">
            { for Setting::by_key("run").map(|setting| field(props, setting, "")) }
            if captures {
                <b id="capture" class="capture" title={title.clone()}>{ name }</b>
            }
            <label class="open button" title="Open a pcap or pcapng file, or a file that was saved here; it stays on this machine">
                { icon(IconName::Open) }<span>{ "open" }</span>
                <input id="file" type="file" accept=".pcap,.pcapng,.cap,.svg,.png,.csv,.json,application/vnd.tcpdump.pcap" onchange={file} />
            </label>
            <span class="hint">{ "or drop a pcap" }</span>
            if !props.demo || !captures {
                <button id="demo" onclick={press(|| ControlsEvent::Demo)}>{ "demo" }</button>
            }
            { for USUAL.iter().filter_map(|key| Setting::by_key(key)).filter(|setting| setting.applies_to(&props.config)).map(|setting| field(props, setting, "")) }
            if captures && props.threads > 0 {
                <span class="field threads"><span class="name">{ "threads" }</span>{ grouped(props.threads as u64) }</span>
            }
            <button id="all-settings" class={classes!(props.all.then_some("on"))} aria-expanded={props.all.to_string()} aria-controls="settings" onclick={more}>
                <span><span class="word">{ "all " }</span>{ "settings" }if changed > 0 { { format!(" · {changed} changed") } }</span>
            </button>
            <span class="jump">
                <button id="undo" onclick={press(|| ControlsEvent::Undo(true))} disabled={!props.steps.0} title="Undo the change of settings or of the packet filter (Ctrl Z)" aria-label="Undo">{ icon(IconName::Undo) }</button>
                <button id="redo" onclick={press(|| ControlsEvent::Undo(false))} disabled={!props.steps.1} title="Redo it (Ctrl Shift Z)" aria-label="Redo">{ icon(IconName::Redo) }</button>
            </span>
            if props.all {
                <div class="settings" id="settings" tabindex="0" role="region" aria-label="All settings">
                    <div>
                        { for Group::ALL.into_iter().map(|group| section(props, group)) }
                        { props.children.clone() }
                        if captures && !title.is_empty() {
                            <fieldset><legend>{ "Capture" }</legend><p class="dim" id="capture-facts">{ title }</p></fieldset>
                        }
                    </div>
                </div>
            }
        </section>
    }
}

fn section(props: &Props, group: Group) -> Html {
    let settings =
        SETTINGS.iter().filter(|setting| setting.group == group && setting.applies_to(&props.config));
    html! {
        <fieldset>
            <legend>{ group.name() }</legend>
            { for settings.map(|setting| html! {
                <div class="setting">
                    { field(props, setting, if setting.key == "run" || USUAL.contains(&setting.key) { "all-" } else { "" }) }
                    <p class="dim" id={format!("help-{}", setting.key)} title={setting.help}>
                        { setting.help }if let Kind::Number(_) | Kind::Percent(_) = setting.kind { { format!(" {}.", setting.accepts()) } }
                    </p>
                </div>
            }) }
        </fieldset>
    }
}

/// A setting's field; `copy` is what the identifier of one that is there twice begins with the second time.
fn field(props: &Props, setting: &'static Setting, copy: &'static str) -> Html {
    // The older ones keep their identifiers.
    let id = [copy, if setting.key == "line" { "line-size" } else { setting.key }].concat();
    let config = props.config;
    let value = setting.get(&config);
    let emit = {
        let onevent = props.onevent.clone();
        move |text: &str| match setting.set(&config, text) {
            Ok(config) => onevent.emit(ControlsEvent::Config(config)),
            Err(error) => onevent.emit(ControlsEvent::Rejected(error.to_string())),
        }
    };
    let title = format!("{} Accepted: {}.", setting.help, setting.accepts());
    let input = match setting.kind {
        Kind::Choice(values) => {
            let onchange = Callback::from(move |event: Event| {
                emit(&event.target_unchecked_into::<HtmlSelectElement>().value());
            });
            html! {
                <select {id} {onchange} {title} aria-label={setting.label}>
                    { for values.iter().map(|option| html! { <option value={*option} selected={*option == value}>{ shown(setting, option) }</option> }) }
                </select>
            }
        }
        Kind::Switch => {
            let onchange = Callback::from(move |event: Event| {
                let on = event.target_unchecked_into::<HtmlInputElement>().checked();
                emit(if on { "1" } else { "0" });
            });
            html! { <input {id} type="checkbox" checked={value == "1"} {onchange} {title} aria-label={setting.label} /> }
        }
        Kind::Number(_) | Kind::Percent(_) => {
            let before = value.clone();
            let onchange = Callback::from(move |event: Event| {
                let input = event.target_unchecked_into::<HtmlInputElement>();
                let text = input.value();
                if setting.set(&config, &text).is_err() {
                    // The last good value stays.
                    input.set_value(&before);
                }
                emit(&text);
            });
            let mode = if matches!(setting.kind, Kind::Percent(_)) { "decimal" } else { "numeric" };
            html! { <input {id} inputmode={mode} size="7" {value} {onchange} {title} aria-label={format!("{}: {}", setting.label, setting.accepts())} /> }
        }
    };
    let name = match setting.key {
        "line" => html! { <Term word="line" /> },
        "retention" => html! { <Term word="retention" text="buffers" /> },
        "seed" => html! { <Term word="seed" /> },
        "split" => html! { <Term word="header split" /> },
        _ => html! { { setting.label } },
    };
    html! { <span class="field"><span class="name">{ name }</span>{ input }</span> }
}

/// A choice in words.
fn shown(setting: &Setting, value: &str) -> String {
    match (setting.key, value) {
        ("line", size) => format!("{size} B"),
        ("run", "bulk") => "bulk transfer".to_owned(),
        ("run", "web") => "web server".to_owned(),
        ("run", "request") => "request, response".to_owned(),
        ("run", "fanout") => "one stream to many".to_owned(),
        ("run", "overwriter") => "overwriting writer".to_owned(),
        (_, other) => other.to_owned(),
    }
}

fn describe(capture: Option<&CaptureInfo>) -> (String, String) {
    let Some(info) = capture else { return ("reading…".to_owned(), String::new()) };
    let skipped =
        info.skipped.iter().map(|(reason, count)| format!("{} {reason}", grouped(u64::from(*count))));
    let skipped: Vec<_> = skipped.collect();
    let name = format!("{} · {} packets", info.name, grouped(u64::from(info.packets)));
    let mut title = format!(
        "Shown is {}, which sends most: {} payloads sent, {} received",
        info.shown,
        grouped(u64::from(info.sends)),
        grouped(u64::from(info.arrivals))
    );
    if !skipped.is_empty() {
        title.push_str(&format!("; left out: {}", skipped.join(", ")));
    }
    (name, format!("{title}. SHA-256 {}", info.sha256))
}
