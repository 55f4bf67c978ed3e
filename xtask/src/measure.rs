//! `measure`: how large the first screen's code is, and how the built page loads and plays, measured in headless Chromium by
//! the e2e crate's browser.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::files::Listing;
use crate::tools::Toolbox;
use crate::{page, sh};

/// Most bytes, gzipped, of the code that is fetched before the first screen works.
const BUDGET: usize = 450_000;

/// Builds the page, weighs the code of its first screen, opens it and lets it play for `seconds` seconds at each of several
/// speeds; prints JSON lines. Errors when the code is over the budget.
pub(crate) fn measure(tools: &mut Toolbox, seconds: u32) -> Result<()> {
    tools.browser()?;
    let listing = page::build(tools, "./")?;
    let mut command = tools.cargo(["run", "--quiet", "-p", "snapstack-e2e", "--bin", "measure", "--"]);
    sh::run(command.arg(page::dist(tools)).arg(seconds.to_string()))?;
    println!("{}", first_screen(&listing, BUDGET)?);
    Ok(())
}

fn first_screen(listing: &Listing, budget: usize) -> Result<Value> {
    let total: usize = listing.first_screen().map(|(_, gzipped)| gzipped).sum();
    let files: Value =
        listing.first_screen().map(|(path, gzipped)| (path.to_owned(), json!(gzipped))).collect();
    let found = json!({"name": "first screen", "gzipped": total, "budget": budget, "files": files});
    ensure!(
        total <= budget,
        "the code of the first screen is {total} bytes gzipped, over its budget of {budget}: {found}"
    );
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_over_the_budget_is_an_error_that_names_the_files() -> Result<()> {
        let listing = Listing::of_one("a.js", b"0123456789");
        assert_eq!(first_screen(&listing, 10)?["gzipped"], json!(10));
        let error = first_screen(&listing, 9).map_err(|error| error.to_string());
        assert!(error.is_err_and(|text| text.contains("over its budget of 9") && text.contains("a.js")));
        Ok(())
    }
}
