//! Icons, drawn as paths in a 16-pixel square.

use yew::prelude::*;

/// Which icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IconName {
    /// To the beginning.
    ToStart,
    /// One step back.
    Back,
    /// One step on.
    Forward,
    /// Play.
    Play,
    /// Pause.
    Pause,
    /// The next copy.
    NextCopy,
    /// The previous copy.
    JumpBack,
    /// A link to share.
    Share,
    /// Light or dark.
    Theme,
    /// Close.
    Close,
    /// Open a file.
    Open,
    /// Back to what was before.
    Undo,
    /// Forward again.
    Redo,
    /// Find something.
    Find,
    /// Save a picture.
    Save,
}

/// An icon; what it means is said by the button around it.
pub fn icon(name: IconName) -> Html {
    // A stroked path, and one that is filled too.
    let (stroked, filled) = match name {
        IconName::ToStart => ("M3 3v10M13 3L6 8l7 5z", ""),
        IconName::Back => ("M10 3L4 8l6 5zM13 3v10", ""),
        IconName::Forward => ("M6 3l6 5-6 5zM3 3v10", ""),
        IconName::Play => ("", "M4 2.5l9 5.5-9 5.5z"),
        IconName::Pause => ("M5 3v10M11 3v10", ""),
        IconName::NextCopy => ("M2 3l5 5-5 5z", "M10 5h4v6h-4z"),
        IconName::JumpBack => ("M14 3L9 8l5 5z", "M2 5h4v6H2z"),
        IconName::Share => ("M8 10V2M5 4.5L8 1.5l3 3M3 8v6h10V8", ""),
        IconName::Theme => ("M8 2a6 6 0 0 1 0 12", "M8 2a6 6 0 0 0 0 12z"),
        IconName::Close => ("M3.5 3.5l9 9M12.5 3.5l-9 9", ""),
        IconName::Open => ("M2 13V4h4l1.5 2H14v7z", ""),
        IconName::Undo => ("M6 3L2.5 6.5 6 10M3 6.5h6a4 3.5 0 0 1 0 7H6", ""),
        IconName::Redo => ("M10 3l3.5 3.5L10 10M13 6.5H7a4 3.5 0 0 0 0 7h3", ""),
        IconName::Save => ("M8 2v8M5 7.5L8 10.5l3-3M2.5 11v3h11v-3", ""),
        IconName::Find => ("M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9zM10.5 10.5L14 14", ""),
    };
    html! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
            <path d={stroked} />
            <path class="filled" d={filled} />
        </svg>
    }
}
