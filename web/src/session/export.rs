//! Files for the user to keep.

use snapstack::buffers::Scheme;

use super::{Msg, Provider};
use crate::browser::{palette, save_text, window};
use crate::picture::{canvas, give, give_canvas};
use crate::plots::{self, Format, PLOTS};
use crate::scene::{LANE_KEY, framed};
use crate::state::Action;
use crate::timeline::Side;

impl Provider {
    /// Hands the plot in a slot to the user as a file.
    pub(super) fn export(&self, slot: usize, format: Format) {
        let Some(document) = window().and_then(|window| window.document()) else { return };
        let player = self.session.player.borrow();
        let state = &self.session.state;
        let (Some(timeline), Some(spec)) =
            (&player.timeline, state.plots.get(slot).and_then(|plot| PLOTS.get(*plot)))
        else {
            return;
        };
        let about = state.about(player.position());
        let axis = player.axis_of(timeline, None);
        let name = format!("snapstack-{}.{}", spec.key, format.name());
        match format {
            Format::Csv => {
                save_text(&document, &name, "text/csv", &plots::csv(spec, timeline, &axis, &about));
            }
            Format::Json => {
                save_text(&document, &name, "application/json", &plots::json(spec, timeline, &about));
            }
            Format::Svg => {
                let text = plots::svg(spec, timeline, &axis, &about, &palette(&document));
                save_text(&document, &name, "image/svg+xml", &text);
            }
            Format::Png | Format::Copy => {
                let (Some(whole), Some(chart)) = (canvas(&document), canvas(&document)) else { return };
                let drawn = plots::png(
                    (&whole.0, &chart.0),
                    (&whole.1, &chart.1),
                    spec,
                    timeline,
                    &axis,
                    &about,
                    &palette(&document),
                );
                if drawn {
                    give_canvas(&document, &name, &whole.0, &about.link, format, self.copied());
                }
            }
        }
    }

    /// Hands a lane, as it is drawn, to the user.
    pub(super) fn save_lane(&self, side: Side, format: Format) {
        let player = self.session.player.borrow();
        let Some((scene, size)) = player.picture(side) else { return };
        let about = self.session.state.about(player.position());
        let key = match side {
            Side::Left => "left",
            Side::Right => "right",
        };
        let title = match player.schemes[side as usize] {
            Scheme::SkBuff => "Today: sk_buff, descriptor NIC",
            Scheme::Snapshot => "Snapshots: HICAMP memory, segment NIC",
        };
        let caption = [title, ": ", &about.caption].concat();
        let (scene, size) = framed(scene, size, LANE_KEY, &caption, &about.link);
        give((&scene, size), (key, title), (&about.caption, &about.link), format, self.copied());
    }

    /// Tells whether a picture came on the clipboard.
    fn copied(&self) -> impl FnOnce(bool) + 'static {
        let send = self.session.send.clone();
        move |copied| {
            let text = if copied {
                "The picture is on the clipboard."
            } else {
                "This browser lets the page put no picture on the clipboard: save it as PNG."
            };
            send.emit(Msg::Act(Action::Inform(text.to_owned())));
        }
    }
}
