//! The built page, served from a sub-path under a strict content security policy, used as a person uses it.

mod access;
mod branches;
mod compare;
mod embed;
mod exhausted;
mod explore;
mod failures;
mod figures;
mod filter;
mod fixture;
mod focus;
mod keyboard;
mod line;
mod links;
mod memory;
mod offline;
mod pictures;
mod places;
mod plots;
mod reopen;
mod runs;
mod session;
mod small;
mod worker;
