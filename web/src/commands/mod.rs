//! The one list of commands: what the palette offers, what the keys do and what the help sheet tells.

mod keys;
mod list;

pub use keys::{chord, reaches, spoken};
pub use list::{COMMANDS, Command, Group, Intent, Scope};

use crate::state::Page;
use snapstack::order::sort_by_number;

/// The command that a chord stands for on a page.
pub fn by_chord(chord: &str, page: Page) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.holds_on(page) && command.keys.contains(&chord))
}

/// The command that a link may ask for under this name.
pub fn for_links(id: &str) -> Option<&'static Command> {
    COMMANDS
        .iter()
        .find(|command| command.id == id && command.holds_on(Page::Explore) && command.intent.shows())
}

/// The commands of a page whose titles have all the words of a query in them, or begin one of theirs with each;
/// best first: those that begin with the query, then in the order of the list.
pub fn search(query: &str, page: Page) -> Vec<&'static Command> {
    let query = query.trim().to_ascii_lowercase();
    let matches = |command: &&Command| {
        let text = format!("{} {}", command.group.name(), command.title).to_ascii_lowercase();
        query.split_whitespace().all(|word| text.contains(word))
    };
    // The palette closes by itself.
    let offered = |command: &&Command| !matches!(command.intent, Intent::Palette | Intent::Close);
    let here = COMMANDS.iter().filter(|command| command.holds_on(page));
    let mut found: Vec<_> = here.filter(offered).filter(matches).collect();
    sort_by_number(&mut found, |command| (!command.title.to_ascii_lowercase().starts_with(&query)).into());
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_command_has_an_id_of_its_own_and_no_two_share_a_key_on_a_page() {
        let ids: BTreeSet<_> = COMMANDS.iter().map(|command| command.id).collect();
        assert_eq!(ids.len(), COMMANDS.len());
        for page in Page::ALL {
            let mut keys = BTreeSet::new();
            for command in COMMANDS.iter().filter(|command| command.holds_on(page)) {
                for key in command.keys {
                    assert!(keys.insert(*key), "{key} twice on {}", page.name());
                }
            }
        }
    }

    #[test]
    fn keys_mean_what_the_page_says() {
        assert_eq!(by_chord("ArrowRight", Page::Explore).map(|command| command.id), Some("forward"));
        assert!(by_chord("ArrowRight", Page::Memory).is_none());
        assert_eq!(by_chord("Ctrl+z", Page::Explore).map(|command| command.id), Some("undo"));
        assert_eq!(by_chord("Ctrl+z", Page::Memory).map(|command| command.id), Some("lab-undo"));
    }

    #[test]
    fn an_embedded_page_moves_in_time_and_does_nothing_else() {
        for command in COMMANDS.iter().filter(|command| command.intent.only_looks()) {
            let closes = matches!(command.intent, Intent::Close);
            assert!(command.group == Group::Time || closes, "{}", command.id);
        }
        let looks = |id| COMMANDS.iter().any(|command| command.id == id && command.intent.only_looks());
        assert!(["play", "forward", "next-copy", "to-end", "close"].into_iter().all(looks));
        for id in ["palette", "undo", "overwrite", "rings-8", "forget", "theme", "mark", "bookmark", "demo"] {
            assert!(!looks(id), "{id}");
        }
    }

    #[test]
    fn links_ask_for_what_only_shows_something() {
        for id in ["view-ledger", "lines", "play", "axis", "tx-slot", "present", "bookmarks", "help"] {
            assert!(for_links(id).is_some(), "{id}");
        }
        for id in
            ["undo", "overwrite", "rings-8", "forget", "save-left", "share", "demo", "lab-clear", "nothing"]
        {
            assert!(for_links(id).is_none(), "{id}");
        }
    }

    #[test]
    fn the_palette_finds_by_any_words_and_ranks_beginnings_first() {
        let ids = |query| search(query, Page::Explore).iter().map(|command| command.id).collect::<Vec<_>>();
        assert!(ids("").contains(&"play") && !ids("").contains(&"lab-undo"));
        assert_eq!(ids("copy next"), ["next-copy"]);
        assert_eq!(ids("step")[0], "forward");
        assert!(ids("no such thing").is_empty());
    }
}
