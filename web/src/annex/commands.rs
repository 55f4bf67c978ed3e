//! What the commands of the two pages do. The list of commands is the shell's, which hands these on by their ids.

use super::Msg;
use crate::figures::{Figure, Move};
use crate::lab::Deed;
use crate::plots::Format;

/// What a command does; None if it is none of the annex.
pub fn by_id(id: &str) -> Option<Msg> {
    Some(match id {
        "lab-undo" => Msg::Lab(Deed::Undo),
        "lab-redo" => Msg::Lab(Deed::Redo),
        "lab-figure" => Msg::Lab(Deed::Figure1),
        "lab-clear" => Msg::Lab(Deed::Clear),
        "lab-deselect" => Msg::Lab(Deed::Select(None)),
        "save-lab" => Msg::SaveLab(Format::Svg),
        "save-lab-png" => Msg::SaveLab(Format::Png),
        "copy-lab" => Msg::SaveLab(Format::Copy),
        "save-figure" => Msg::SaveFigure(Format::Svg),
        "save-figure-png" => Msg::SaveFigure(Format::Png),
        "copy-figure" => Msg::SaveFigure(Format::Copy),
        "figure-play" => Msg::Play,
        "figure-next" => Msg::Go(Move::Next),
        "figure-back" => Msg::Go(Move::Back),
        "figure-first" => Msg::Go(Move::First),
        "figure-last" => Msg::Go(Move::Last),
        "figure-1" => Msg::Go(Move::Show(Figure::Lines)),
        "figure-3" => Msg::Go(Move::Show(Figure::Packet)),
        "figure-4" => Msg::Go(Move::Show(Figure::Transmit)),
        "figure-receive" => Msg::Go(Move::Show(Figure::Receive)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::{COMMANDS, Intent};
    use crate::state::Page;

    #[test]
    fn the_annex_knows_every_command_that_is_handed_on_to_it() {
        let handed: Vec<_> = COMMANDS
            .iter()
            .filter_map(|command| match command.intent {
                Intent::Annex(id) => Some((command, id)),
                _ => None,
            })
            .collect();
        for (command, id) in &handed {
            assert_eq!(command.id, *id);
            assert!(by_id(id).is_some(), "{id}");
            assert!(!command.holds_on(Page::Explore), "{id} is of no use where the annex is not there");
        }
        assert!(handed.iter().any(|(_, id)| *id == "lab-undo"));
        assert!(by_id("share").is_none(), "what the shell does is not the annex's");
    }
}
