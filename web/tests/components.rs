//! Components and pictures in a real browser.

#![cfg(target_family = "wasm")]

use snapstack::sim::Config;
use snapstack_web::components::{
    ControlsEvent, ControlsProps, Plot, Term, TimeBarProps, TimeEvent, controls, time_bar,
};
use snapstack_web::focus::Focus;
use snapstack_web::lab::{self, Lab};
use snapstack_web::player::Unit;
use snapstack_web::plots::{Curve, Scale, draw};
use snapstack_web::scene::{Ink, Palette, Scene, paint};
use snapstack_web::settings::SETTINGS;
use snapstack_web::timeline::Jump;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{
    CanvasRenderingContext2d, Document, Element, HtmlCanvasElement, HtmlElement, HtmlSelectElement,
};
use yew::prelude::*;

wasm_bindgen_test_configure!(run_in_browser);

fn document() -> Document {
    web_sys::window().unwrap().document().unwrap()
}

fn host() -> Element {
    let host = document().create_element("div").unwrap();
    document().body().unwrap().append_child(&host).unwrap();
    host
}

/// Until a component has put something into its host.
async fn rendered(host: &Element) {
    while host.child_element_count() == 0 {
        // A turn of the event loop; the runner ends a test that takes too many.
        let turn = js_sys::Promise::new(&mut |resolve, _| {
            web_sys::window().unwrap().set_timeout_with_callback(&resolve).unwrap();
        });
        wasm_bindgen_futures::JsFuture::from(turn).await.unwrap();
    }
}

thread_local! {
    static HEARD: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

fn heard() -> Vec<String> {
    HEARD.with(|heard| heard.borrow_mut().drain(..).collect())
}

#[component]
fn Bar() -> Html {
    let onevent =
        Callback::from(|event: TimeEvent| HEARD.with(|heard| heard.borrow_mut().push(format!("{event:?}"))));
    time_bar(&TimeBarProps {
        playing: false,
        speed: 1.0,
        unit: Unit::Event,
        jump: Jump::Copy,
        range: (true, false),
        onjump: Callback::noop(),
        children: html! {},
        onevent,
    })
}

#[component]
fn Settings() -> Html {
    let onevent = Callback::from(|event: ControlsEvent| {
        let text = match event {
            ControlsEvent::Config(config) => format!("line {} seed {}", config.line_size, config.seed),
            ControlsEvent::Rejected(message) => message,
            other => format!("{other:?}"),
        };
        HEARD.with(|heard| heard.borrow_mut().push(text));
    });
    controls(&ControlsProps {
        config: Config::for_capture(),
        capture: None,
        demo: true,
        threads: 0,
        all: true,
        steps: (false, false),
        children: html! {},
        onevent,
    })
}

fn find<T: JsCast>(host: &Element, selector: &str) -> T {
    host.query_selector(selector)
        .unwrap()
        .expect(selector)
        .dyn_into()
        .unwrap_or_else(|_| panic!("{selector}"))
}

fn change(element: &HtmlElement) {
    let init = web_sys::EventInit::new();
    init.set_bubbles(true);
    let event = web_sys::Event::new_with_event_init_dict("change", &init).unwrap();
    element.dispatch_event(&event).unwrap();
}

/// A part of the page with the focus on one of its elements, which has been noted.
fn focused_on(html: &str, selector: &str) -> (Element, Focus) {
    let host = host();
    host.set_inner_html(html);
    find::<HtmlElement>(&host, selector).focus().unwrap();
    let mut focus = Focus::default();
    assert!(focus.note() && !focus.note(), "one look is due");
    (host, focus)
}

/// Names of the element that has the focus; none where nothing has it.
fn focused() -> String {
    document().active_element().map_or(String::new(), |element| element.id())
}

#[wasm_bindgen_test]
fn the_focus_goes_to_what_stands_nearest_when_what_has_it_goes() {
    let html = "<div id='near' tabindex='-1'><p><button id='mine'>a</button></p></div>";
    let (host, mut focus) = focused_on(html, "#mine");
    // Made anew, it is the same.
    find::<Element>(&host, "p").set_inner_html("<b>b</b><button id='mine'>a</button>");
    focus.mend();
    assert_eq!(focused(), "mine");
    focus.note();
    find::<Element>(&host, "p").remove();
    focus.mend();
    assert_eq!(focused(), "near");
    focus.note();
    host.set_inner_html("<button id='play'>play</button>");
    focus.mend();
    assert_eq!(focused(), "play", "where nothing is near");
    host.remove();
}

#[wasm_bindgen_test]
fn the_focus_goes_from_what_is_disabled_to_its_side_and_from_what_is_closed_to_its_opener() {
    let html = "<span><button id='undo'>a</button><button id='redo'>b</button></span>
                <button id='opener' aria-controls='sheet'>c</button><div id='sheet'><input id='field'></div>";
    let (host, mut focus) = focused_on(html, "#undo");
    find::<Element>(&host, "#undo").set_attribute("disabled", "").unwrap();
    focus.mend();
    assert_eq!(focused(), "redo");
    find::<HtmlElement>(&host, "#field").focus().unwrap();
    focus.note();
    find::<Element>(&host, "#sheet").remove();
    focus.mend();
    assert_eq!(focused(), "opener");
    host.remove();
}

#[wasm_bindgen_test]
fn the_focus_goes_back_through_what_lies_over_the_page() {
    let html = "<button id='opener'>a</button><dialog id='one'><button id='first'>b</button><button id='second'>c</button></dialog>";
    let (host, mut focus) = focused_on(html, "#opener");
    focus.mend();
    let dialog: web_sys::HtmlDialogElement = find(&host, "#one");
    dialog.show_modal().unwrap();
    for selector in ["#first", "#second"] {
        find::<HtmlElement>(&host, selector).focus().unwrap();
        focus.note();
        focus.mend();
    }
    // A press beside its buttons takes the focus from all of them.
    find::<HtmlElement>(&host, "#second").blur().unwrap();
    focus.note();
    dialog.remove();
    focus.mend();
    assert_eq!(focused(), "opener");
    // But who takes it away from the page itself is not given it back.
    find::<HtmlElement>(&host, "#opener").blur().unwrap();
    focus.note();
    find::<HtmlElement>(&host, "#opener").remove();
    focus.mend();
    assert_eq!(focused(), "");
    host.remove();
}

#[wasm_bindgen_test]
async fn the_time_bar_says_what_was_pressed() {
    let host = host();
    yew::Renderer::<Bar>::with_root(host.clone()).render();
    rendered(&host).await;
    heard();
    for id in ["#back", "#play", "#forward", "#next-copy", "#jump-back", "#loop", "#to-start"] {
        find::<HtmlElement>(&host, id).click();
    }
    let said = heard();
    let expected =
        ["Step(false)", "Toggle", "Step(true)", "Jump(Copy, true)", "Jump(Copy, false)", "Loop", "ToStart"];
    assert_eq!(said, expected);
    let buttons = host.query_selector_all("button").unwrap();
    for i in 0..buttons.length() {
        let button: Element = buttons.get(i).unwrap().dyn_into().unwrap();
        let named =
            button.get_attribute("aria-label").is_some() || !button.text_content().unwrap().is_empty();
        assert!(named, "every button has a name");
    }
    host.remove();
}

#[wasm_bindgen_test]
async fn settings_out_of_range_are_answered_with_what_is_accepted() {
    let host = host();
    yew::Renderer::<Settings>::with_root(host.clone()).render();
    rendered(&host).await;
    heard();
    let line: HtmlSelectElement = find(&host, "#line-size");
    assert_eq!(line.value(), "64");
    line.set_value("16");
    change(&line);
    // With all settings, the usual ones are there again, with what they mean; what a menu lists is not told twice.
    let again: HtmlSelectElement = find(&host, "#all-line-size");
    let told = again.closest(".setting").unwrap().unwrap().text_content().unwrap();
    let help = SETTINGS.iter().find(|setting| setting.key == "line").unwrap().help;
    assert!(told.contains(help) && !told.contains("16, 32, 64"), "{told}");
    let seed: web_sys::HtmlInputElement = find(&host, "#seed");
    seed.set_value("minus one");
    change(&seed);
    assert_eq!(seed.value(), "1", "the old value stays");
    let rings: web_sys::HtmlInputElement = find(&host, "#ring");
    rings.set_value("3");
    change(&rings);
    assert_eq!(rings.value(), "512");
    let said = heard();
    assert!(said[2].contains("64 to 4096"), "{}", said[2]);
    let help = host.text_content().unwrap();
    assert!(help.contains("Slots of each ring. 64 to 4,096."), "{help}");
    assert_eq!(said[0], "line 16 seed 1");
    assert!(said[1].contains("minus one") && said[1].contains("whole number"), "{}", said[1]);
    host.remove();
}

#[component]
fn Chart() -> Html {
    let say = |text: String| HEARD.with(|heard| heard.borrow_mut().push(text));
    html! {
        <Plot slot={0} plot={2} aggregates={vec![("left", "sk_buff", "+7 B".to_owned())]} active={true}
            onchoose={Callback::from(move |plot: usize| say(format!("plot {plot}")))}
            onseek={Callback::from(move |_: f64| say("seek".to_owned()))}
            onrange={Callback::from(move |_: (f64, f64)| say("range".to_owned()))}
            onexport={Callback::from(move |format| say(format!("{format:?}")))} />
    }
}

fn point(element: &Element, kind: &str, x: i32) {
    let init = web_sys::PointerEventInit::new();
    init.set_bubbles(true);
    init.set_client_x(element.get_bounding_client_rect().left() as i32 + x);
    let event = web_sys::PointerEvent::new_with_event_init_dict(kind, &init).unwrap();
    element.dispatch_event(&event).unwrap();
}

#[wasm_bindgen_test]
async fn a_press_in_a_plot_seeks_a_drag_marks_a_range_and_buttons_save() {
    let host = host();
    yew::Renderer::<Chart>::with_root(host.clone()).render();
    rendered(&host).await;
    heard();
    let over: Element = find(&host, "#cursor-0");
    for (kind, x) in [("pointerdown", 10), ("pointermove", 12), ("pointerup", 12)] {
        point(&over, kind, x);
    }
    for (kind, x) in [("pointerdown", 10), ("pointermove", 60), ("pointerup", 60)] {
        point(&over, kind, x);
    }
    for i in 0..3 {
        let button = host.query_selector_all(".export button").unwrap().get(i).unwrap();
        button.dyn_into::<HtmlElement>().unwrap().click();
    }
    let choice: HtmlSelectElement = find(&host, "select");
    choice.set_selected_index(3);
    change(&choice);
    assert_eq!(heard(), ["seek", "range", "Svg", "Png", "Csv", "plot 3"]);
    // What the range adds up to stands in place of the values at the cursor, and over no curve.
    assert_eq!(host.query_selector_all(".values b").unwrap().length(), 1);
    assert!(find::<Element>(&host, "header .aggregates").text_content().unwrap().contains("+7 B"));
    host.remove();
}

#[component]
fn Word() -> Html {
    html! { <Term word="PLID" plural={true} /> }
}

#[wasm_bindgen_test]
async fn a_word_of_the_glossary_is_explained_to_eyes_and_to_readers() {
    let host = host();
    yew::Renderer::<Word>::with_root(host.clone()).render();
    rendered(&host).await;
    let term: HtmlElement = find(&host, ".term");
    let meaning = find::<Element>(&host, ".meaning").text_content().unwrap();
    assert!(meaning.starts_with("Physical line ID"));
    assert!(term.get_attribute("aria-label").unwrap().ends_with(&meaning));
    term.focus().unwrap();
    assert!(document().active_element().is_some_and(|focused| focused.class_name() == "term"));
    host.remove();
}

#[wasm_bindgen_test]
fn the_lab_draws_every_thing_where_it_can_be_hit() {
    let lab = Lab::default();
    let layout = lab::layout(lab.picture(), 900.0, 500.0);
    let scene = lab::scene(lab.picture(), &layout, None);
    let (_, context) = canvas(900, layout.size.1 as u32);
    paint(&context, &Palette::default(), &scene, layout.size, 1.0);
    for place in &layout.placed {
        assert!(inked(&context, place.x, place.y, place.w, place.h) > 40, "{place:?}");
        assert_eq!(layout.hit(place.middle(), place.y + place.h / 2.0), Some(place.thing));
    }
}

fn canvas(width: u32, height: u32) -> (HtmlCanvasElement, CanvasRenderingContext2d) {
    let canvas: HtmlCanvasElement = document().create_element("canvas").unwrap().dyn_into().unwrap();
    canvas.set_width(width);
    canvas.set_height(height);
    let context = canvas.get_context("2d").unwrap().unwrap().dyn_into().unwrap();
    (canvas, context)
}

/// Pixels that are not empty, in a part of the canvas.
fn inked(context: &CanvasRenderingContext2d, x: f64, y: f64, w: f64, h: f64) -> usize {
    let data = context.get_image_data(x, y, w, h).unwrap().data();
    data.chunks(4).filter(|pixel| pixel[3] > 0).count()
}

#[wasm_bindgen_test]
fn plots_are_drawn_at_any_pixel_ratio_without_touching_the_document() {
    let before = document().query_selector_all("*").unwrap().length();
    for ratio in [1.0, 1.5, 3.0] {
        let (_, context) = canvas((300.0 * ratio) as u32, (120.0 * ratio) as u32);
        let scale = Scale { low: 0.0, high: 100.0, end: 50.0, folds: vec![(10.0, 12.0)] };
        let curves = [Curve { points: vec![(0.0, 0.0), (50.0, 100.0)], ink: Ink::Copy, faint: false }];
        assert!(draw(&context, &Palette::default(), (300.0, 120.0), ratio, &scale, &curves, false));
        let (x, y) = scale.at((300.0, 120.0), 25.0, 50.0);
        let spot = inked(&context, (x - 3.0) * ratio, (y - 3.0) * ratio, 6.0 * ratio, 6.0 * ratio);
        assert!(spot > 0, "the curve goes through its middle at ratio {ratio}");
        assert!(inked(&context, 0.0, 0.0, 44.0 * ratio, 120.0 * ratio) > 0, "values are labelled");
    }
    assert_eq!(document().query_selector_all("*").unwrap().length(), before);
}

#[wasm_bindgen_test]
fn scenes_are_painted_where_they_say() {
    let (_, context) = canvas(200, 100);
    let mut scene = Scene::default();
    scene.fill(10.0, 10.0, 20.0, 20.0, Ink::Content(7), 1.0);
    scene.arrow((60.0, 10.0), (60.0, 40.0), Ink::Copy, 2.0, false);
    paint(&context, &Palette::default(), &scene, (100.0, 50.0), 2.0);
    assert_eq!(inked(&context, 20.0, 20.0, 40.0, 40.0), 1600, "all of the square, in device pixels");
    assert!(inked(&context, 116.0, 20.0, 8.0, 60.0) > 0);
    assert_eq!(inked(&context, 150.0, 0.0, 50.0, 100.0), 0);
}

#[wasm_bindgen_test]
fn keys_that_many_keyboards_type_with_alt_are_those_keys() {
    let chord = |key: &str, alt: bool, ctrl: bool| {
        let init = web_sys::KeyboardEventInit::new();
        init.set_key(key);
        init.set_alt_key(alt);
        init.set_ctrl_key(ctrl);
        let event = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &init).unwrap();
        snapstack_web::commands::chord(&event)
    };
    for (alt, ctrl) in [(false, false), (true, false), (true, true)] {
        assert_eq!(chord("[", alt, ctrl).as_deref(), Some("["));
    }
    assert_eq!(chord("ArrowLeft", true, false), None, "the browser's way back");
    assert_eq!(chord("[", false, true).as_deref(), Some("Ctrl+["));
}
