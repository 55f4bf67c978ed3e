//! The configuration: traffic, line size, retention, seed.

use snapstack::sim::{Config, Retention, parse_line_size, parse_retention, parse_seed};
use web_sys::{File, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::{Icon, IconName, Term};
use crate::engine::CaptureInfo;
use crate::scene::grouped;

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
}

/// Properties of [`Controls`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The configuration.
    pub config: Config,
    /// The capture, once there is one.
    pub capture: Option<CaptureInfo>,
    /// Whether it is the demo.
    pub demo: bool,
    /// Threads of the traffic.
    pub threads: usize,
    /// What was chosen.
    pub onevent: Callback<ControlsEvent>,
}

/// The controls.
#[component]
pub fn Controls(props: &Props) -> Html {
    let config = props.config;
    let select = |apply: fn(Config, &str) -> Result<Config, String>| {
        let onevent = props.onevent.clone();
        Callback::from(move |event: Event| {
            let value = event.target_unchecked_into::<HtmlSelectElement>().value();
            onevent.emit(match apply(config, &value) {
                Ok(config) => ControlsEvent::Config(config),
                Err(message) => ControlsEvent::Rejected(message),
            });
        })
    };
    let line = select(|config, value| {
        parse_line_size(value).map(|line_size| Config { line_size, ..config }).map_err(|e| e.to_string())
    });
    let retention = select(|config, value| {
        parse_retention(value).map(|retention| Config { retention, ..config }).map_err(|e| e.to_string())
    });
    let seed = {
        let onevent = props.onevent.clone();
        Callback::from(move |event: Event| {
            let input = event.target_unchecked_into::<HtmlInputElement>();
            onevent.emit(match parse_seed(input.value().trim()) {
                Ok(seed) => ControlsEvent::Config(Config { seed, ..config }),
                Err(error) => {
                    input.set_value(&config.seed.to_string());
                    ControlsEvent::Rejected(error.to_string())
                }
            });
        })
    };
    let file = {
        let onevent = props.onevent.clone();
        Callback::from(move |event: Event| {
            let input = event.target_unchecked_into::<HtmlInputElement>();
            if let Some(file) = input.files().and_then(|files| files.get(0)) {
                onevent.emit(ControlsEvent::File(file));
            }
            input.set_value("");
        })
    };
    let demo = {
        let onevent = props.onevent.clone();
        Callback::from(move |_: MouseEvent| onevent.emit(ControlsEvent::Demo))
    };
    let (name, title) = describe(props.capture.as_ref());
    html! {
        <section class="controls" aria-label="Configuration">
            <span class="field"><span class="name">{ "traffic" }</span><b id="capture" title={title}>{ name }</b></span>
            <label class="open button" title="Open a pcap or pcapng file; it stays on this machine">
                <Icon name={IconName::Open} /><span>{ "open" }</span>
                <input id="file" type="file" accept=".pcap,.pcapng,.cap,application/vnd.tcpdump.pcap" onchange={file} />
            </label>
            if !props.demo {
                <button id="demo" onclick={demo}>{ "demo" }</button>
            }
            <span class="field">
                <span class="name"><Term word="line" /></span>
                <select id="line-size" onchange={line} aria-label="Bytes a line">
                    { for [16, 32, 64].into_iter().map(|size| html! { <option value={size.to_string()} selected={config.line_size == size}>{ format!("{size} B") }</option> }) }
                </select>
            </span>
            <span class="field">
                <span class="name"><Term word="retention" text="buffers" /></span>
                <select id="retention" onchange={retention} aria-label="What becomes of buffers after sending">
                    { for Retention::ALL.into_iter().map(|retention| html! { <option value={retention.name()} selected={config.retention == retention}>{ retention.name() }</option> }) }
                </select>
            </span>
            <span class="field">
                <span class="name"><Term word="seed" /></span>
                <input id="seed" inputmode="numeric" size="4" value={config.seed.to_string()} onchange={seed} aria-label="Seed" />
            </span>
            if props.threads > 0 {
                <span class="field threads"><span class="name">{ "threads" }</span>{ grouped(props.threads as u64) }</span>
            }
            <span class="badge" title="Every captured payload is sent, from either end; receiving it is not built yet.">{ "sends only" }</span>
            <span class="hint">{ "drop a pcap anywhere: it stays on this machine" }</span>
        </section>
    }
}

fn describe(capture: Option<&CaptureInfo>) -> (String, String) {
    let Some(info) = capture else { return ("reading…".to_owned(), String::new()) };
    let skipped =
        info.skipped.iter().map(|(reason, count)| format!("{} {reason}", grouped(u64::from(*count))));
    let skipped: Vec<_> = skipped.collect();
    let name = format!("{} · {} packets", info.name, grouped(u64::from(info.packets)));
    let mut title = format!("{} sends", grouped(u64::from(info.sends)));
    if !skipped.is_empty() {
        title.push_str(&format!("; not sent: {}", skipped.join(", ")));
    }
    (name, format!("{title}. SHA-256 {}", info.sha256))
}
