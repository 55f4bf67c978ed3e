//! A sheet over the page: a modal dialog of the browser's own, which keeps the focus inside.

use web_sys::HtmlDialogElement;
use yew::prelude::*;

/// Properties of [`Sheet`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Its name in the document.
    pub id: AttrValue,
    /// What it is, for those who do not see it.
    pub label: AttrValue,
    /// What else than a dialog.
    #[prop_or_default]
    pub role: Option<AttrValue>,
    /// What is in it.
    pub children: Html,
    /// It was closed: by the Escape key or by a press beside it.
    pub onclose: Callback<()>,
}

/// The sheet; it is open as long as it is there.
#[component]
pub fn Sheet(props: &Props) -> Html {
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with((), move |()| {
            if let Some(dialog) = node.cast::<HtmlDialogElement>() {
                let _ = dialog.show_modal();
            }
        });
    }
    let oncancel = {
        let onclose = props.onclose.clone();
        Callback::from(move |event: Event| {
            event.prevent_default();
            onclose.emit(());
        })
    };
    let onclosed = {
        let (onclose, node) = (props.onclose.clone(), node.clone());
        // The browser may close it without asking first; whether it goes is not the browser's to say.
        Callback::from(move |_: Event| {
            onclose.emit(());
            if let Some(dialog) = node.cast::<HtmlDialogElement>() {
                let _ = dialog.show_modal();
            }
        })
    };
    let onclick = {
        let (onclose, node) = (props.onclose.clone(), node.clone());
        Callback::from(move |event: MouseEvent| {
            // The dialog itself is hit only beside its content.
            if event.target().as_ref() == node.get().as_ref().map(|node| node.as_ref()) {
                onclose.emit(());
            }
        })
    };
    html! {
        <dialog id={props.id.clone()} ref={node} class="sheet" role={props.role.clone()} aria-label={props.label.clone()} {oncancel} onclose={onclosed} {onclick}>
            <div class="inside">{ props.children.clone() }</div>
        </dialog>
    }
}
