//! The service worker that keeps the page's files for use without a network, and newer builds of the page.

use js_sys::Reflect;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{ServiceWorkerContainer, ServiceWorkerRegistration, ServiceWorkerState};
use yew::Callback;

use super::Msg;
use crate::state::Action;

/// The browser's service workers; it has none where the page did not come by a secure way.
fn container() -> Option<ServiceWorkerContainer> {
    let navigator = web_sys::window()?.navigator();
    let there = Reflect::has(&navigator, &"serviceWorker".into()).unwrap_or(false);
    there.then(|| navigator.service_worker())
}

/// The service worker's address, as the build wrote it into the page; a page that is served while it is developed has none.
fn script() -> Option<String> {
    let document = web_sys::window()?.document()?;
    document.query_selector("meta[name=service-worker]").ok()??.get_attribute("content")
}

/// Has the page's files kept, and tells when a newer build of the page is there. Where it cannot be, nothing is lost but
/// that.
pub(super) fn watch(send: Callback<Msg>) {
    let (Some(container), Some(script)) = (container(), script()) else { return };
    spawn_local(async move {
        let Ok(found) = JsFuture::from(container.register(&script)).await else { return };
        let registration: ServiceWorkerRegistration = found.unchecked_into();
        let tell = move || send.emit(Msg::Act(Action::Newer));
        if registration.waiting().is_some() && container.controller().is_some() {
            tell();
        }
        let again = registration.clone();
        let found = Closure::<dyn FnMut()>::new(move || {
            let Some(worker) = again.installing() else { return };
            let (tell, container, here) = (tell.clone(), container.clone(), worker.clone());
            let changed = Closure::<dyn FnMut()>::new(move || {
                // Without a controller it is the first one, and nothing is out of date.
                if here.state() == ServiceWorkerState::Installed && container.controller().is_some() {
                    tell();
                }
            });
            worker.set_onstatechange(Some(changed.as_ref().unchecked_ref()));
            changed.forget();
        });
        registration.set_onupdatefound(Some(found.as_ref().unchecked_ref()));
        // As long as the page lives.
        found.forget();
    });
}

/// Lets the newer build take over, and loads it.
pub(super) fn renew() {
    let Some(container) = container() else { return };
    let reload = Closure::<dyn FnMut()>::new(|| {
        if let Some(window) = web_sys::window() {
            let _ = window.location().reload();
        }
    });
    container.set_oncontrollerchange(Some(reload.as_ref().unchecked_ref()));
    reload.forget();
    spawn_local(async move {
        let found = JsFuture::from(container.get_registration()).await;
        let registration = found.ok().and_then(|found| found.dyn_into::<ServiceWorkerRegistration>().ok());
        if let Some(worker) = registration.and_then(|registration| registration.waiting()) {
            let _ = worker.post_message(&"take over".into());
        }
    });
}
