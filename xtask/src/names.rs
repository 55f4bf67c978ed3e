//! Short names between a module and its glue.
//!
//! wasm-bindgen names each function of the browser that a module calls after what it does and a hash, in the module and in the
//! script beside it. Nobody but these two reads the names, and the hashes do not compress: they were 2 % of what the first screen
//! waits for.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{ImportSection, Module};
use wasmparser::{Imports, Parser};

/// What the files of a module and of its glue end in.
const MODULE: &str = "_bg.wasm";
const GLUE: &str = ".js";

/// Shortens the names of each module in a folder and of its glue.
pub(crate) fn shorten(dist: &Path) -> Result<()> {
    for entry in fs::read_dir(dist).context("cannot list the built page")? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some(stem) = name.strip_suffix(MODULE) else { continue };
        let beside = dist.join(format!("{stem}{GLUE}"));
        let module = fs::read(&path).with_context(|| format!("cannot read {name}"))?;
        let glue = fs::read_to_string(&beside).with_context(|| format!("cannot read the glue of {name}"))?;
        let (module, glue) = shortened(&module, &glue).with_context(|| format!("cannot shorten {name}"))?;
        fs::write(&path, module).with_context(|| format!("cannot write {name}"))?;
        fs::write(&beside, glue).with_context(|| format!("cannot write the glue of {name}"))?;
    }
    Ok(())
}

/// Takes the names that a module asks of its glue, or gives it others.
struct Names<'a> {
    short: &'a BTreeMap<String, String>,
}

impl Reencode for Names<'_> {
    type Error = Infallible;

    fn parse_imports(
        &mut self,
        into: &mut ImportSection,
        imports: Imports<'_>,
    ) -> Result<(), Error<Infallible>> {
        match imports {
            Imports::Single(at, mut import) => {
                let short = self.short.get(import.name);
                import.name = short.map_or(import.name, String::as_str);
                utils::parse_imports(self, into, Imports::Single(at, import))
            }
            // Modules that group their imports are as they were.
            grouped => utils::parse_imports(self, into, grouped),
        }
    }
}

fn shortened(module: &[u8], glue: &str) -> Result<(Vec<u8>, String)> {
    let short = short_names(module)?;
    let mut out = Module::new();
    Names { short: &short }.parse_core_module(&mut out, Parser::new(0), module)?;
    Ok((out.finish(), renamed(glue, &short)?))
}

/// A short name for each that a module asks of its glue; none in a module that groups its imports.
fn short_names(module: &[u8]) -> Result<BTreeMap<String, String>> {
    let mut short = BTreeMap::new();
    for payload in Parser::new(0).parse_all(module) {
        let wasmparser::Payload::ImportSection(section) = payload? else { continue };
        for imports in section {
            if let Imports::Single(_, import) = imports?
                && import.module.ends_with("_bg.js")
            {
                let name = format!("i{:x}", short.len());
                short.entry(import.name.to_owned()).or_insert(name);
            }
        }
    }
    Ok(short)
}

/// The glue with the names that it gives to functions replaced: each stands there once, as a property's name.
fn renamed(glue: &str, short: &BTreeMap<String, String>) -> Result<String> {
    let mut out = String::with_capacity(glue.len());
    let mut replaced = 0;
    for line in glue.split_inclusive('\n') {
        let text = line.trim_start();
        let property = text.split_once(": function(").and_then(|(name, _)| Some((name, short.get(name)?)));
        match property {
            Some((name, short)) => {
                out.push_str(short);
                out.push_str(&text[name.len()..]);
                replaced += 1;
            }
            None => out.push_str(line),
        }
    }
    ensure!(replaced == short.len(), "{replaced} of {} names were found in the glue", short.len());
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{EntityType, TypeSection};

    fn module(names: &[&str]) -> Vec<u8> {
        let mut module = Module::new();
        let mut types = TypeSection::new();
        types.ty().function([], []);
        module.section(&types);
        let mut imports = ImportSection::new();
        for name in names {
            imports.import("./page_bg.js", name, EntityType::Function(0));
        }
        imports.import("elsewhere", "kept", EntityType::Function(0));
        module.section(&imports);
        module.finish()
    }

    #[test]
    fn both_sides_get_the_same_short_names() {
        let glue = "        __wbg_log_01: function(arg0) {\n            log(arg0);\n        },\n        \
                    __wbg_time_02: function() {\n        },\n";
        let (short, glue) = shortened(&module(&["__wbg_log_01", "__wbg_time_02"]), glue).unwrap();
        assert_eq!(
            glue,
            "i0: function(arg0) {\n            log(arg0);\n        },\ni1: function() {\n        },\n"
        );
        let names: Vec<String> = Parser::new(0)
            .parse_all(&short)
            .filter_map(|payload| match payload.unwrap() {
                wasmparser::Payload::ImportSection(section) => Some(section),
                _ => None,
            })
            .flatten()
            .map(|imports| match imports.unwrap() {
                Imports::Single(_, import) => import.name.to_owned(),
                _ => panic!("grouped"),
            })
            .collect();
        assert_eq!(names, ["i0", "i1", "kept"]);
    }

    #[test]
    fn a_name_that_the_glue_does_not_give_is_an_error() {
        let error = shortened(&module(&["__wbg_log_01"]), "nothing").unwrap_err();
        assert_eq!(error.to_string(), "0 of 1 names were found in the glue");
    }
}
