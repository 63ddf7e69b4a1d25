//! Files of one module use each other in one direction only.
//!
//! The reader resolves `crate::`, `self::`, `super::` and child modules to files, and follows re-exports, so that naming a
//! parent module counts as a use of the file that defines the item. Unit tests do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

use crate::{rust_files, source};

/// A module by its path: `["planner", "decide", "change"]`.
type Module = Vec<String>;

/// Cycles that are still there, by their files. Nothing may join them.
const KNOWN: &[&[&str]] = &[];

struct Sources {
    /// Code without comments and unit tests, by module.
    code: BTreeMap<Module, String>,
    /// The re-exports of a module by name, as the path after `use`.
    exports: BTreeMap<Module, BTreeMap<String, Vec<String>>>,
}

impl Sources {
    fn read() -> Self {
        let root = source();
        let mut files = Vec::new();
        rust_files(&root, &mut files);
        let code = files.iter().filter_map(|file| {
            let module = module_of(file.strip_prefix(&root).unwrap())?;
            Some((module, code(&fs::read_to_string(file).unwrap())))
        });
        Self::of(code.collect())
    }

    fn of(code: BTreeMap<Module, String>) -> Self {
        let exports = code.iter().map(|(module, text)| (module.clone(), exported(text))).collect();
        Self { code, exports }
    }

    /// The module that defines what `path`, written in `module`, names.
    fn resolve(&self, module: &[String], path: &[String], depth: usize) -> Module {
        let mut base = module.to_vec();
        let mut rest = path;
        while let [first, after @ ..] = rest {
            match first.as_str() {
                "crate" => base.clear(),
                "self" => {}
                "super" => {
                    base.pop();
                }
                name => {
                    let child: Module = base.iter().cloned().chain([name.to_owned()]).collect();
                    if !self.code.contains_key(&child) {
                        break;
                    }
                    base = child;
                }
            }
            rest = after;
        }
        let export = rest.first().and_then(|name| self.exports.get(&base)?.get(name));
        match export {
            Some(export) if depth < 8 => {
                let path: Vec<String> = export.iter().chain(&rest[1..]).cloned().collect();
                self.resolve(&base, &path, depth + 1)
            }
            _ => base,
        }
    }

    /// The modules that `module` uses.
    fn uses(&self, module: &Module) -> BTreeSet<Module> {
        let text = without_exports(&self.code[module]);
        let mut used = BTreeSet::new();
        for path in paths(&text) {
            let starts_below = || {
                let child: Module = module.iter().cloned().chain(path.first().cloned()).collect();
                self.code.contains_key(&child)
            };
            let rooted = matches!(path[0].as_str(), "crate" | "super" | "self");
            // An inline module names the items of its own file with `super::`.
            let is_own = path[0] == "super" && path.len() == 2 && defines(&text, &path[1]);
            if !is_own && (rooted || starts_below()) {
                used.insert(self.resolve(module, &path, 0));
            }
        }
        used.retain(|other| other != module && self.code.contains_key(other));
        used
    }

    /// Groups of files that use each other in a circle, each sorted.
    fn cycles(&self) -> Vec<Vec<String>> {
        let modules: Vec<&Module> = self.code.keys().collect();
        let mut graph = DiGraph::<&Module, ()>::new();
        let nodes: Vec<_> = modules.iter().map(|module| graph.add_node(module)).collect();
        for (module, node) in modules.iter().zip(&nodes) {
            for used in self.uses(module).iter().filter(|used| used.first() == module.first()) {
                graph.add_edge(*node, nodes[modules.binary_search(&used).unwrap()], ());
            }
        }
        let groups = tarjan_scc(&graph).into_iter().filter(|group| group.len() > 1);
        let mut cycles: Vec<Vec<String>> = groups
            .map(|group| {
                let mut names: Vec<String> = group.into_iter().map(|node| graph[node].join("/")).collect();
                names.sort();
                names
            })
            .collect();
        cycles.sort();
        cycles
    }
}

/// `planner/mod.rs` is the module `planner`; the roots of the crate and unit tests are none.
fn module_of(file: &Path) -> Option<Module> {
    let mut parts: Module = file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    let is_root = parts.len() == 1 && matches!(parts[0].as_str(), "lib" | "main");
    let is_test = parts.iter().any(|part| part == "tests" || part.ends_with("_tests"));
    (!is_root && !is_test).then_some(parts)
}

fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    // A visibility is no use.
    lines.collect::<Vec<_>>().join("\n").replace("in crate::", "in ")
}

/// Statements that begin with `pub use` or `pub(...) use`, each from its path on.
fn export_statements(text: &str) -> impl Iterator<Item = (usize, usize)> {
    text.match_indices("use ").filter_map(move |(at, _)| {
        let before = text[..at].trim_end();
        let is_public = before.ends_with("pub") || (before.ends_with(')') && before.rsplit("pub(").next()?.len() < 24);
        let end = at + text[at..].find(';')?;
        is_public.then_some((at, end))
    })
}

fn exported(text: &str) -> BTreeMap<String, Vec<String>> {
    let statements = export_statements(text).flat_map(|(at, end)| tree(&text[at + 4..end]));
    statements.filter_map(|path| Some((path.last()?.clone(), path))).collect()
}

fn without_exports(text: &str) -> String {
    let mut kept = text.to_owned();
    for (at, end) in export_statements(text).collect::<Vec<_>>().into_iter().rev() {
        kept.replace_range(at..end, "");
    }
    kept
}

/// Every path with at least one `::`, its braces unfolded.
fn paths(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("::") {
        let start = text[..at].rfind(|c: char| !is_word(c)).map_or(0, |before| before + 1);
        let begins = !text[..start].ends_with("::") && start < at;
        if begins {
            found.extend(tree(&text[start..]).into_iter().filter(|path| path.len() > 1));
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The paths of a use tree at the beginning of a text: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn tree(text: &str) -> Vec<Vec<String>> {
    fn read<'t>(text: &'t str, before: &[String], into: &mut Vec<Vec<String>>) -> &'t str {
        let text = text.trim_start();
        if let Some(inner) = text.strip_prefix('{') {
            let mut rest = inner;
            loop {
                rest = read(rest, before, into).trim_start();
                match rest.strip_prefix(',') {
                    Some(after) if !after.trim_start().starts_with('}') => rest = after,
                    Some(after) => return &after.trim_start()[1..],
                    None => return rest.strip_prefix('}').unwrap_or(rest),
                }
            }
        }
        let length = text.find(|c: char| !is_word(c)).unwrap_or(text.len());
        let (word, rest) = text.split_at(length);
        let path: Vec<String> =
            before.iter().cloned().chain((!word.is_empty() && word != "self").then(|| word.to_owned())).collect();
        match rest.trim_start().strip_prefix("::") {
            Some(after) if !word.is_empty() => {
                let path = if word == "self" { [before, &["self".to_owned()]].concat() } else { path };
                read(after, &path, into)
            }
            _ => {
                into.push(path);
                rest
            }
        }
    }
    let mut found = Vec::new();
    read(text, &[], &mut found);
    found.retain(|path| !path.is_empty());
    found
}

fn defines(text: &str, name: &str) -> bool {
    ["struct ", "enum ", "fn ", "type ", "trait ", "const ", "static "].iter().any(|word| {
        let item = format!("{word}{name}");
        text.match_indices(&item).any(|(at, _)| !text[at + item.len()..].starts_with(is_word))
    })
}

#[test]
fn the_files_of_a_module_do_not_use_each_other_in_a_circle() {
    let sources = Sources::read();
    assert!(sources.code.len() > 200, "nothing was read");
    let cycles = sources.cycles();
    let known: Vec<Vec<String>> =
        KNOWN.iter().map(|cycle| cycle.iter().map(|file| (*file).to_owned()).collect()).collect();
    assert_eq!(cycles, known, "new cycles have to be cut, and those that are gone taken out of the list");
}

#[test]
fn a_cycle_is_found_through_re_exports_and_inline_paths() {
    let module = |path: &str| path.split('/').map(str::to_owned).collect::<Module>();
    let sources =
        |files: &[(&str, &str)]| Sources::of(files.iter().map(|(path, text)| (module(path), code(text))).collect());
    let root = ("m", "mod a;\nmod b;\npub use b::{Thing, other};\n");
    let one = sources(&[root, ("m/a", "use super::Thing;"), ("m/b", "fn f() { crate::m::a::g(); }")]);
    assert_eq!(one.cycles(), [["m/a", "m/b"]]);
    let none =
        sources(&[root, ("m/a", "use super::Thing;"), ("m/b", "mod x { use super::f; }\nfn f() {} // crate::m::a")]);
    assert_eq!(none.cycles(), Vec::<Vec<String>>::new());
    let up = sources(&[("m", "mod a;\nstruct Here;\nfn f() { a::g() }"), ("m/a", "use super::{Here, other::X};")]);
    assert_eq!(up.cycles(), [["m", "m/a"]]);
    let tests =
        sources(&[("m", "mod a;\nfn f() { a::g() }"), ("m/a", "#[cfg(test)]\nmod tests {\n use super::super::f; }")]);
    assert_eq!(tests.cycles(), Vec::<Vec<String>>::new());
}
