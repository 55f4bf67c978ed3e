//! The figures in a real browser: the core comes to the same there, and the drawing keeps its elements from step to step.

#![cfg(target_family = "wasm")]

use snapstack_web::figures::{Figure, drawing};
use snapstack_web::pages::FigureSvg;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

wasm_bindgen_test_configure!(run_in_browser);

#[component]
fn Scene() -> Html {
    let at = use_state(|| 5);
    let steps = Figure::Lines.run().unwrap();
    let onclick = {
        let at = at.clone();
        Callback::from(move |_: MouseEvent| at.set(*at + 1))
    };
    let drawing = drawing(Figure::Lines, &steps, *at, [1000.0, 600.0]);
    html! { <><button {onclick} /><FigureSvg {drawing} label={steps[*at].caption.clone()} /></> }
}

async fn rendered() {
    // Yew renders in tasks of its own, in as many as what has changed needs.
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        web_sys::window()
            .unwrap()
            .set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, 50)
            .unwrap();
    });
    wasm_bindgen_futures::JsFuture::from(promise).await.unwrap();
}

#[wasm_bindgen_test]
fn the_core_gives_lines_the_same_names_in_the_browser() {
    let roots = |figure: Figure| {
        let state = figure.run().unwrap().pop().unwrap().state;
        let named = state.segments.into_iter().filter(|segment| segment.length > 0);
        named.map(|segment| (segment.id, segment.root)).collect::<Vec<_>>()
    };
    assert_eq!(roots(Figure::Lines), [(1, 145)]);
    assert_eq!(roots(Figure::Packet), [(29, 49), (1059, 373), (9000, 410)]);
}

#[wasm_bindgen_test]
async fn what_stays_keeps_its_element_and_what_is_drawn_is_told() {
    let document = web_sys::window().unwrap().document().unwrap();
    let host = document.create_element("div").unwrap();
    document.body().unwrap().append_child(&host).unwrap();
    yew::Renderer::<Scene>::with_root(host.clone()).render();
    rendered().await;
    let titled = |text: &str| -> Option<Element> {
        let titles = host.query_selector_all("title").unwrap();
        let found = (0..titles.length()).filter_map(|i| titles.get(i));
        found
            .filter(|title| title.text_content().unwrap_or_default().contains(text))
            .find_map(|title| title.parent_element())
    };
    let leaf = titled("D1: it is stored").unwrap();
    assert!(titled("D4: written over").is_none());
    host.query_selector("button").unwrap().unwrap().unchecked_into::<HtmlElement>().click();
    rendered().await;
    assert!(titled("D4: written over").is_some());
    assert!(titled("D1: it is stored").unwrap().is_same_node(Some(&leaf)), "so that it can move");
    let svg = host.query_selector("svg").unwrap().unwrap();
    assert_eq!(svg.namespace_uri().as_deref(), Some("http://www.w3.org/2000/svg"));
    assert!(svg.get_attribute("aria-label").unwrap().contains("S1′"));
    assert_eq!(host.query_selector_all("[style]").unwrap().length(), 0);
    host.remove();
}
