//! The view of a DAG in a real browser: drawn, walked by keyboard, pointed at, searched.

#![cfg(target_family = "wasm")]

use std::cell::RefCell;
use std::rc::Rc;

use snapstack::memory::{Content, Memory, MemoryConfig, SegmentId};
use snapstack_web::dag::{DagView, Forest, Found, Model, View, across, find_content, layout};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{
    CanvasRenderingContext2d, Document, Element, HtmlCanvasElement, HtmlElement, HtmlInputElement,
};
use yew::prelude::*;

wasm_bindgen_test_configure!(run_in_browser);

fn document() -> Document {
    web_sys::window().unwrap().document().unwrap()
}

/// After Yew's tasks and an animation frame.
async fn rendered() {
    for _ in 0..2 {
        let promise = js_sys::Promise::new(&mut |resolve, _| {
            web_sys::window()
                .unwrap()
                .set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, 50)
                .unwrap();
        });
        wasm_bindgen_futures::JsFuture::from(promise).await.unwrap();
    }
}

/// Two texts of 16-byte lines that begin alike.
fn memory() -> (Memory, Vec<(SegmentId, String)>) {
    let mut memory =
        Memory::new(MemoryConfig { line_size: 16, lines: 256, ..MemoryConfig::default() }).unwrap();
    let texts = [
        ("first", "sixteen bytes, 1sixteen bytes, 2sixteen bytes, 3"),
        ("second", "sixteen bytes, 1sixteen bytes, 2something else.."),
    ];
    let segments =
        texts.map(|(name, text)| (memory.create(text.as_bytes(), Content::Data).unwrap(), name.to_owned()));
    (memory, segments.to_vec())
}

fn model() -> Rc<Model> {
    let (memory, segments) = memory();
    let forest = Forest::of_segments(&memory, &segments, 1000).unwrap();
    let labels: Vec<String> = segments.into_iter().map(|(_, label)| label).collect();
    Rc::new(Model::from_words(&labels, &forest.to_words()).unwrap())
}

thread_local! {
    static HEARD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn heard() -> Vec<String> {
    HEARD.with(|heard| heard.borrow_mut().drain(..).collect())
}

/// A page around the view that does what it asks for.
#[component]
fn Page() -> Html {
    let model = use_memo((), |()| model());
    let selected = use_state(|| None);
    let found = use_state(|| None);
    let onselect = {
        let selected = selected.clone();
        Callback::from(move |line: Option<u32>| {
            HEARD.with(|heard| heard.borrow_mut().push(format!("{line:?}")));
            selected.set(line);
        })
    };
    let onfind = {
        let found = found.clone();
        Callback::from(move |bytes: Vec<u8>| {
            let (memory, segments) = memory();
            let ids: Vec<SegmentId> = segments.iter().map(|(id, _)| *id).collect();
            found.set(Some(Rc::new(find_content(&memory, &ids, &bytes, 100).unwrap())));
        })
    };
    let found: Option<Rc<Found>> = (*found).clone();
    html! { <DagView model={(*model).clone()} selected={*selected} {found} {onselect} {onfind} label="Two texts" /> }
}

async fn page() -> Element {
    shown::<Page>().await
}

async fn shown<C: BaseComponent<Properties = ()>>() -> Element {
    let host: HtmlElement = document().create_element("div").unwrap().dyn_into().unwrap();
    host.style().set_property("width", "900px").unwrap();
    host.style().set_property("height", "500px").unwrap();
    document().body().unwrap().append_child(&host).unwrap();
    let host: Element = host.into();
    yew::Renderer::<C>::with_root(host.clone()).render();
    // The style sheet is not here: what it would say of sizes.
    rendered().await;
    let stage: HtmlElement = find(&host, ".stage");
    stage.style().set_property("height", "400px").unwrap();
    rendered().await;
    heard();
    host
}

fn find<T: JsCast>(host: &Element, selector: &str) -> T {
    let found = host.query_selector(selector).unwrap().expect(selector);
    found.dyn_into().unwrap_or_else(|_| panic!("{selector}"))
}

fn told(host: &Element) -> String {
    find::<Element>(host, ".told").text_content().unwrap()
}

fn press(host: &Element, key: &str) -> web_sys::KeyboardEvent {
    let init = web_sys::KeyboardEventInit::new();
    init.set_bubbles(true);
    init.set_cancelable(true);
    init.set_key(key);
    let event = web_sys::KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &init).unwrap();
    find::<Element>(host, ".stage").dispatch_event(&event).unwrap();
    event
}

/// Where a line is drawn, as the layout says.
fn place(host: &Element, line: u32) -> (f64, f64) {
    let model = model();
    let stage: HtmlElement = find(host, ".stage");
    let size = (f64::from(stage.client_width()), f64::from(stage.client_height()));
    let (left, right) = across(size.0);
    let layout = layout(&model, &View::new(&model, right - left), size);
    let row = layout.row(usize::from(model.line(line).height)).unwrap();
    (row.of(model.rank(line)).unwrap().middle(), row.y + row.h / 2.0)
}

fn point(host: &Element, kind: &str, (x, y): (f64, f64)) {
    let canvas: Element = find(host, "canvas");
    let rect = canvas.get_bounding_client_rect();
    let init = web_sys::PointerEventInit::new();
    init.set_bubbles(true);
    init.set_client_x((rect.left() + x).round() as i32);
    init.set_client_y((rect.top() + y).round() as i32);
    let event = web_sys::PointerEvent::new_with_event_init_dict(kind, &init).unwrap();
    canvas.dispatch_event(&event).unwrap();
}

fn pixels(host: &Element) -> Vec<u8> {
    let canvas: HtmlCanvasElement = find(host, "canvas");
    let context: CanvasRenderingContext2d = canvas.get_context("2d").unwrap().unwrap().dyn_into().unwrap();
    context.get_image_data(0.0, 0.0, f64::from(canvas.width()), f64::from(canvas.height())).unwrap().data().0
}

#[wasm_bindgen_test]
async fn the_picture_is_sharp_named_and_told() {
    let host = page().await;
    let canvas: HtmlCanvasElement = find(&host, "canvas");
    let ratio = web_sys::window().unwrap().device_pixel_ratio();
    let stage: HtmlElement = find(&host, ".stage");
    assert_eq!(canvas.width(), (f64::from(stage.client_width()) * ratio).round() as u32);
    assert!(pixels(&host).chunks(4).filter(|pixel| pixel[3] > 0).count() > 2000, "something is drawn");
    let label = stage.get_attribute("aria-label").unwrap();
    assert!(label.starts_with("Two texts: 2 segments, 6 lines (4 of data) of 16 bytes, 2 shared"), "{label}");
    assert!(told(&host).starts_with("2 segments"));
    let buttons = host.query_selector_all("button, input").unwrap();
    for i in 0..buttons.length() {
        let button: Element = buttons.get(i).unwrap().dyn_into().unwrap();
        let named = button.has_attribute("aria-label") || !button.text_content().unwrap().is_empty();
        assert!(named, "every control has a name");
    }
    let styled = host.query_selector_all("[style]").unwrap().length();
    assert_eq!(styled, 1, "only this test's own attribute on the stage");
    host.remove();
}

#[wasm_bindgen_test]
async fn arrow_keys_walk_from_line_to_line_and_each_is_told() {
    let host = page().await;
    let model = model();
    assert!(press(&host, "ArrowRight").default_prevented());
    rendered().await;
    press(&host, "ArrowDown");
    rendered().await;
    let line = model.row(0).ids[0];
    let root = model.segment(0).root;
    assert_eq!(heard(), [format!("{root:?}"), format!("{:?}", Some(line))]);
    let plid = model.line(line).plid;
    assert_eq!(
        told(&host),
        format!("line {plid}: data, 2 references, place 0 of first and place 0 of second, held once")
    );
    press(&host, "End");
    rendered().await;
    assert!(told(&host).contains("place 2 of second"), "{}", told(&host));
    press(&host, "Escape");
    rendered().await;
    assert!(told(&host).starts_with("2 segments"));
    assert!(!press(&host, "x").default_prevented(), "other keys are left to the page");
    host.remove();
}

#[wasm_bindgen_test]
async fn what_is_pressed_is_selected_and_drawn_so() {
    let host = page().await;
    let model = model();
    let before = pixels(&host);
    let line = model.row(0).ids[2];
    for kind in ["pointerdown", "pointerup"] {
        point(&host, kind, place(&host, line));
    }
    rendered().await;
    assert_eq!(heard(), [format!("{:?}", Some(line))]);
    assert_ne!(pixels(&host), before);
    // A drag moves the view and selects nothing.
    let (x, y) = place(&host, line);
    for (kind, dx) in [("pointerdown", 0.0), ("pointermove", 40.0), ("pointerup", 40.0)] {
        point(&host, kind, (x + dx, y));
    }
    rendered().await;
    assert_eq!(heard(), Vec::<String>::new());
    host.remove();
}

#[wasm_bindgen_test]
async fn a_search_selects_what_it_finds_and_says_how_many() {
    let host = page().await;
    let model = model();
    let search = |text: &str| {
        find::<HtmlInputElement>(&host, "input").set_value(text);
        find::<HtmlElement>(&host, "[type=submit]").click();
    };
    let line = model.row(0).ids[1];
    search(&format!("#{}", model.line(line).plid));
    rendered().await;
    assert_eq!(heard(), [format!("{:?}", Some(line))]);
    search("bytes, ");
    rendered().await;
    assert_eq!(find::<Element>(&host, "output").text_content().unwrap(), "1 of 3");
    find::<HtmlElement>(&host, "[aria-label='Next line found']").click();
    rendered().await;
    assert_eq!(find::<Element>(&host, "output").text_content().unwrap(), "2 of 3");
    search("nowhere");
    rendered().await;
    assert_eq!(find::<Element>(&host, "output").text_content().unwrap(), "not found");
    search("0x123");
    rendered().await;
    assert!(find::<Element>(&host, "output").text_content().unwrap().contains("two hexadecimal digits"));
    host.remove();
}

/// A segment of more lines than there is room for.
#[component]
fn Large() -> Html {
    let model = use_memo((), |()| {
        let mut memory =
            Memory::new(MemoryConfig { line_size: 16, lines: 4096, ..MemoryConfig::default() }).unwrap();
        let text: Vec<u8> = (0..2000u32).flat_map(|i| format!("line {i:10} ").into_bytes()).collect();
        let id = memory.create(&text, Content::Data).unwrap();
        Model::new(Forest::of_segments(&memory, &[(id, "text".to_owned())], 10_000).unwrap()).unwrap()
    });
    html! { <DagView {model} selected={None} onselect={Callback::noop()} label="A text" /> }
}

#[wasm_bindgen_test]
async fn the_wheel_zooms_and_a_key_shows_everything_again() {
    let host = shown::<Large>().await;
    let whole = pixels(&host);
    let wheel = |dy: f64| {
        let init = web_sys::WheelEventInit::new();
        init.set_bubbles(true);
        init.set_cancelable(true);
        init.set_delta_y(dy);
        let event = web_sys::WheelEvent::new_with_event_init_dict("wheel", &init).unwrap();
        find::<Element>(&host, "canvas").dispatch_event(&event).unwrap();
        event.default_prevented()
    };
    assert!(!wheel(120.0), "all is in view: the page scrolls");
    assert!(wheel(-240.0), "this one is ours");
    rendered().await;
    assert_ne!(pixels(&host), whole);
    press(&host, "0");
    rendered().await;
    assert_eq!(pixels(&host), whole);
    // A bar opens where it is pressed.
    let stage: HtmlElement = find(&host, ".stage");
    let foot = f64::from(stage.client_height());
    for y in (0..foot as i32).step_by(6) {
        for kind in ["pointerdown", "pointerup"] {
            point(&host, kind, (400.0, f64::from(y)));
        }
    }
    rendered().await;
    assert_ne!(pixels(&host), whole);
    host.remove();
}
