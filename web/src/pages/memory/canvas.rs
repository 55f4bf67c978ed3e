//! The drawing of all lines, with the keyboard and the pointer on it.

use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement, ResizeObserver};
use yew::prelude::*;

use crate::annex::{Annex, Msg};
use crate::lab::{Deed, Direction, layout, scene};
use crate::scene::{Palette, paint};

/// The drawing.
#[component]
pub(super) fn Canvas() -> Html {
    let Some(annex) = use_context::<Annex>() else { return html! {} };
    let frame = use_node_ref();
    let canvas = use_node_ref();
    let (width, height) = use_size(&frame);
    let lab = annex.lab.borrow();
    let picture = lab.picture().clone();
    let selected = lab.selected();
    let lines = picture.lines.len();
    let layout = std::rc::Rc::new(layout(&picture, width, height));
    {
        // Without dependencies: the theme, too, may have changed.
        let (canvas, layout) = (canvas.clone(), layout.clone());
        use_effect(move || {
            if let Some(canvas) = canvas.cast::<HtmlCanvasElement>() {
                let scene = scene(&picture, &layout, selected);
                draw(&canvas, &scene, layout.size, layout.scale);
            }
        });
    }
    let onclick = {
        let (layout, send) = (layout.clone(), annex.send.clone());
        Callback::from(move |event: MouseEvent| {
            let at = |place: i32| f64::from(place) / layout.scale;
            let thing = layout.hit(at(event.offset_x()), at(event.offset_y()));
            send.emit(Msg::Lab(Deed::Select(thing)));
        })
    };
    let onkeydown = {
        let (layout, send, frame) = (layout, annex.send.clone(), frame.clone());
        let lab = annex.lab.clone();
        Callback::from(move |event: KeyboardEvent| {
            let direction = match event.key().as_str() {
                "ArrowLeft" => Direction::Left,
                "ArrowRight" => Direction::Right,
                "ArrowUp" => Direction::Up,
                "ArrowDown" => Direction::Down,
                _ => return,
            };
            event.prevent_default();
            // As it is now, which keys that come fast may not have been drawn by.
            let selected = lab.borrow().selected();
            if let Some(thing) = layout.neighbour(selected, direction) {
                if let (Some(frame), Some(place)) = (frame.cast::<HtmlElement>(), layout.of(thing)) {
                    let middle = f64::from(frame.client_height()) / 2.0;
                    frame.set_scroll_top(((place.y + place.h / 2.0) * layout.scale - middle) as i32);
                }
                send.emit(Msg::Lab(Deed::Select(Some(thing))));
            }
        })
    };
    let label = format!(
        "Segments and the {lines} lines under them. Arrow keys go from one to the next; the selected one is told beside."
    );
    html! {
        <div class="dag" id="dag" ref={frame} tabindex="0" role="application" aria-label={label} {onkeydown}>
            <canvas ref={canvas} {onclick} aria-hidden="true" />
        </div>
    }
}

/// Width and height of an element in CSS pixels, as they change.
#[hook]
pub(in crate::pages) fn use_size(node: &NodeRef) -> (f64, f64) {
    let size = use_state_eq(|| (640.0, 480.0));
    {
        let (node, size) = (node.clone(), size.setter());
        use_effect_with((), move |()| {
            let measure = {
                let node = node.clone();
                Closure::<dyn FnMut()>::new(move || {
                    if let Some(element) = node.cast::<HtmlElement>() {
                        size.set((f64::from(element.client_width()), f64::from(element.client_height())));
                    }
                })
            };
            let observer = ResizeObserver::new(measure.as_ref().unchecked_ref()).ok();
            if let (Some(observer), Some(element)) = (&observer, node.cast::<web_sys::Element>()) {
                observer.observe(&element);
            }
            move || {
                if let Some(observer) = observer {
                    observer.disconnect();
                }
                drop(measure);
            }
        });
    }
    *size
}

fn draw(canvas: &HtmlCanvasElement, scene: &crate::scene::Scene, size: (f64, f64), scale: f64) {
    let Some(window) = web_sys::window() else { return };
    let ratio = window.device_pixel_ratio() * scale;
    canvas.set_width((size.0 * ratio).round() as u32);
    canvas.set_height((size.1 * ratio).round() as u32);
    let style = canvas.style();
    let _ = style.set_property("width", &format!("{}px", size.0 * scale));
    let _ = style.set_property("height", &format!("{}px", size.1 * scale));
    let context = canvas.get_context("2d").ok().flatten();
    let context = context.and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok());
    let root = window.document().and_then(|document| document.document_element());
    if let (Some(context), Some(root)) = (context, root) {
        paint(&context, &Palette::of(&root), scene, size, ratio);
    }
}
