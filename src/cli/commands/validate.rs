//! `sindri validate`: checks everything that does not require a request to RunPod.

use std::collections::BTreeMap;

use serde_json::json;

use crate::cli::args::Global;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::{Secrets, configuration};
use crate::graph::ResourceGraph;
use crate::kind;

pub fn run(global: &Global, console: &Console) -> Result<Exit, Failure> {
    let config = configuration(global, console, Secrets::Needed)?;
    ResourceGraph::of_resources(&config.resources)?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for address in config.resources.keys() {
        *counts.entry(kind::find(&address.kind).map_or("resource", |kind| kind.title)).or_default() += 1;
    }
    if console.json {
        console.json(&json!({
            "format_version": "1.0",
            "valid": true,
            "name": config.name,
            "environment": config.environment,
            "resources": counts,
            "warnings": config.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }));
        return Ok(Exit::Success);
    }
    let counted: Vec<String> =
        counts.iter().map(|(title, count)| format!("{count} {title}{}", if *count == 1 { "" } else { "s" })).collect();
    let file = config.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    console.wrapped(&format!(
        "`{file}` is valid for environment `{}`.\nIt declares {}.\n",
        config.environment,
        if counted.is_empty() { "no resources".to_owned() } else { counted.join(", ") }
    ));
    Ok(Exit::Success)
}
