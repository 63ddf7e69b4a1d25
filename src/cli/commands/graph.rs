//! `sindri graph`: the configuration's resources and what they stand on, for Graphviz or Mermaid.

use crate::cli::args::{Global, GraphArgs, GraphFormat};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::{Secrets, configuration};
use crate::graph::ResourceGraph;
use crate::render::graph::{Graph, dot, mermaid};

pub fn run(args: &GraphArgs, global: &Global, console: &Console) -> Result<Exit, Failure> {
    let config = configuration(global, console, Secrets::NotNeeded)?;
    let graph = ResourceGraph::of_resources(&config.resources)?;
    let nodes: Vec<_> = graph.order().iter().map(|address| (address.clone(), String::new())).collect();
    let edges: Vec<_> = graph.edges().map(|(from, to, _)| (from.clone(), to.clone())).collect();
    if console.json {
        console.json(&serde_json::json!({
            "format_version": "1.0",
            "nodes": nodes.iter().map(|(address, _)| address.to_string()).collect::<Vec<_>>(),
            "edges": edges.iter().map(|(from, to)| serde_json::json!({ "from": from, "to": to })).collect::<Vec<_>>(),
        }));
        return Ok(Exit::Success);
    }
    let drawing = Graph { nodes: &nodes, edges: &edges };
    let mut text = String::new();
    let _ = match args.format {
        GraphFormat::Dot => dot(&mut text, &drawing),
        GraphFormat::Mermaid => mermaid(&mut text, &drawing),
    };
    console.result(&text);
    Ok(Exit::Success)
}
