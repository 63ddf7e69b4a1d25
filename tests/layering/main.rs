//! A module uses only modules above it in the list of `src/lib.rs`. Nothing else prevents cycles within one crate.

mod codes;
mod cycles;
mod kind_names;
mod type_names;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Modules that must not use each other, whatever their order. A misreading of RunPod's API that client and emulator
/// shared would stay hidden.
const INDEPENDENT: [(&str, &str); 1] = [("runpod", "emulator")];

/// Modules of which another module may use only a single item, to limit the coupling.
const SINGLE_ITEMS: [(&str, &str, &str); 1] = [("planner", "config", "Move")];

/// One use of a module by another.
#[derive(Debug)]
struct Use {
    file: PathBuf,
    line: usize,
    from: String,
    to: String,
    /// The text after `crate::to::`, up to the end of the statement; may be empty.
    items: String,
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The modules of the crate in the order of `src/lib.rs`.
fn modules() -> Vec<String> {
    let text = fs::read_to_string(source().join("lib.rs")).unwrap();
    text.lines().filter_map(|line| line.trim().strip_prefix("pub mod ")?.strip_suffix(';').map(str::to_owned)).collect()
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// Every `crate::module` in code; comments may mention any module.
fn uses(file: &Path, from: &str, text: &str) -> Vec<Use> {
    let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let mut found = Vec::new();
    for (index, line) in code.iter().enumerate() {
        for (at, _) in line.match_indices("crate::") {
            if line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == '$') {
                continue;
            }
            // The list of a `use` may continue on further lines.
            let rest = [&line[at + "crate::".len()..], &code[index + 1..].join(" ")].join(" ");
            let rest = rest.split(';').next().unwrap_or_default();
            for path in branches(rest) {
                let (to, items) = path.split_once("::").unwrap_or((path, ""));
                let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                found.push(Use {
                    file: file.to_owned(),
                    line: index + 1,
                    from: from.to_owned(),
                    to: word(to.trim()),
                    items: items.trim().to_owned(),
                });
            }
        }
    }
    found
}

/// Splits `{a::b, c::{d, e}}` into `a::b` and `c::{d, e}`; anything else is one branch.
fn branches(path: &str) -> Vec<&str> {
    let Some(inner) = path.trim_start().strip_prefix('{') else { return vec![path] };
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.push(inner[start..at].trim());
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(inner[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    found.retain(|branch| !branch.is_empty());
    found
}

fn all_uses(modules: &[String]) -> Vec<Use> {
    let root = source();
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let relative = file.strip_prefix(&root).unwrap().to_owned();
        let first = relative.components().next().unwrap().as_os_str().to_string_lossy().replace(".rs", "");
        if modules.contains(&first) {
            all.extend(uses(&relative, &first, &fs::read_to_string(&file).unwrap()));
        }
    }
    all
}

/// The reason why a use is not allowed, if there is one.
fn fault(modules: &[String], one: &Use) -> Option<String> {
    let place = |name: &str| modules.iter().position(|module| module == name);
    let Some(to) = place(&one.to) else { return Some("no module of src/lib.rs".into()) };
    if Some(to) > place(&one.from) {
        return Some(format!("`{}` stands below `{}`", one.to, one.from));
    }
    let pair = [(one.from.as_str(), one.to.as_str()), (one.to.as_str(), one.from.as_str())];
    if INDEPENDENT.iter().any(|modules| pair.contains(modules)) {
        return Some("they must not know each other".into());
    }
    let single = SINGLE_ITEMS.iter().find(|(from, to, _)| (*from, *to) == (one.from.as_str(), one.to.as_str()));
    single.filter(|(.., item)| one.items != *item).map(|(.., item)| format!("only `{item}` may be used"))
}

#[test]
fn a_module_uses_only_modules_above_it() {
    let modules = modules();
    assert!(modules.len() > 10 && modules[0] == "model" && modules.last().unwrap() == "fuzz", "{modules:?}");
    let uses = all_uses(&modules);
    let edges: BTreeSet<(&str, &str)> = uses.iter().map(|one| (one.from.as_str(), one.to.as_str())).collect();
    assert!(edges.contains(&("cli", "apply")) && edges.contains(&("apply", "store")), "nothing was read: {edges:?}");
    let faults: Vec<String> = uses
        .iter()
        .filter_map(|one| {
            let fault = fault(&modules, one)?;
            Some(format!("src/{}:{}: {} uses {}: {fault}", one.file.display(), one.line, one.from, one.to))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Layers of the emulator, lowest first.
const EMULATOR_LAYERS: [&str; 4] = ["state", "rules", "dialect", "gateway"];

#[test]
fn an_emulator_layer_uses_only_the_layers_before_it() {
    let mut checked = 0;
    for (level, layer) in EMULATOR_LAYERS.iter().enumerate() {
        let mut files = Vec::new();
        rust_files(&source().join("emulator").join(layer), &mut files);
        for file in files {
            let text = fs::read_to_string(&file).unwrap().replace("pub(in crate::emulator)", "pub");
            for one in uses(&file, "emulator", &text).iter().filter(|one| one.to == "emulator") {
                let used = one.items.split("::").next().unwrap_or_default();
                let allowed = EMULATOR_LAYERS[..=level].contains(&used);
                assert!(allowed, "{}:{}: `{layer}` uses `{used}`", file.display(), one.line);
                checked += 1;
            }
        }
    }
    assert!(checked > 100, "only {checked} uses were read");
}

#[test]
fn every_way_to_name_a_module_is_parsed_and_checked() {
    let modules = modules();
    let faults = |from: &str, text: &str| -> Vec<String> {
        uses(Path::new("x.rs"), from, text).iter().filter_map(|one| fault(&modules, one)).collect()
    };
    assert_eq!(faults("planner", "use crate::model::Plan; // unlike crate::cli"), Vec::<String>::new());
    assert_eq!(faults("planner", "use crate::{model::{Plan, State}, graph};"), Vec::<String>::new());
    assert_eq!(
        faults("planner", "use crate::{model::Plan,\n    render::{text, json}};"),
        ["`render` stands below `planner`"]
    );
    assert_eq!(faults("model", "let x = crate::store::read(&crate::kind::POD);").len(), 2);
    assert_eq!(faults("runpod", "pub(crate) fn f(_: crate::emulator::Emulator) {}"), ["they must not know each other"]);
    assert_eq!(faults("emulator", "use crate::runpod::Client;").len(), 1);
    assert_eq!(faults("planner", "use crate::config::Move;"), Vec::<String>::new());
    assert_eq!(faults("planner", "use crate::config::{Config, Move};"), ["only `Move` may be used"]);
    assert_eq!(faults("cli", "use crate::secret_door::Key;"), ["no module of src/lib.rs"]);
}

/// A macro that prints panics if it cannot, in the middle of an operation.
#[test]
fn only_one_file_writes_to_the_standard_streams() {
    let mut files = Vec::new();
    rust_files(&source(), &mut files);
    let mut faults = Vec::new();
    for file in files {
        let name = file.strip_prefix(source()).unwrap().to_owned();
        let text = fs::read_to_string(&file).unwrap();
        // Unit tests may print.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            let prints = ["print!(", "println!(", "dbg!("].iter().any(|word| line.contains(word));
            let opens = ["::stdout()", "::stderr()"].iter().any(|word| line.contains(word));
            let asks = line.contains(".is_terminal()") || line.contains("ProgressDrawTarget::stderr()");
            if !name.ends_with("tests/process.rs") && (prints || (opens && !asks && name != Path::new("cli/output.rs")))
            {
                faults.push(format!("{}:{}: {}", name.display(), number + 1, line.trim()));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new(), "src/cli/output.rs writes, nothing else");
}
