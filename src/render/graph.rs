//! The resource graph as text for drawing tools: Graphviz's DOT and mermaid.

use std::collections::BTreeMap;
use std::fmt;

use super::style::harmless;
use crate::model::Address;

/// Resources with their labels, and edges from what needs to what is needed.
#[derive(Clone, Copy, Debug)]
pub struct Graph<'a> {
    pub nodes: &'a [(Address, String)],
    pub edges: &'a [(Address, Address)],
}

/// A `digraph`. Nodes are named by their addresses, so that the text is stable and can be searched.
pub fn dot(out: &mut dyn fmt::Write, graph: &Graph<'_>) -> fmt::Result {
    // After `harmless`, which spells characters out with backslashes that DOT would read.
    let quoted = |text: &str| format!("\"{}\"", harmless(text).replace('\\', "\\\\").replace('"', "\\\""));
    writeln!(out, "digraph sindri {{\n  rankdir = LR\n  node [shape = box]")?;
    for (address, label) in graph.nodes {
        let name = quoted(&address.to_string());
        let label = if label.is_empty() { name.clone() } else { quoted(&format!("{address}: {label}")) };
        writeln!(out, "  {name} [label = {label}]")?;
    }
    for (from, to) in graph.edges {
        writeln!(out, "  {} -> {}", quoted(&from.to_string()), quoted(&to.to_string()))?;
    }
    writeln!(out, "}}")
}

/// A mermaid flowchart. Nodes are numbered, since mermaid's names take few characters; an edge to an address that is no
/// node gives it one.
pub fn mermaid(out: &mut dyn fmt::Write, graph: &Graph<'_>) -> fmt::Result {
    let mut names: BTreeMap<&Address, usize> = BTreeMap::new();
    let unlabelled = graph.edges.iter().flat_map(|(from, to)| [(from, ""), (to, "")]);
    writeln!(out, "flowchart LR")?;
    for (address, label) in graph.nodes.iter().map(|(address, label)| (address, label.as_str())).chain(unlabelled) {
        let number = names.len();
        if let std::collections::btree_map::Entry::Vacant(entry) = names.entry(address) {
            entry.insert(number);
            let text = if label.is_empty() { address.to_string() } else { format!("{address}: {label}") };
            writeln!(out, "  n{number}[\"{}\"]", mermaid_text(&text))?;
        }
    }
    for (from, to) in graph.edges {
        writeln!(out, "  n{} --> n{}", names[from], names[to])?;
    }
    Ok(())
}

/// Everything that mermaid or HTML could read as markup, as numeric entities.
fn mermaid_text(text: &str) -> String {
    let entity = |character: char| match character {
        '"' | '#' | '&' | '<' | '>' | '`' | '\\' => format!("#{};", u32::from(character)),
        other => other.to_string(),
    };
    harmless(text).chars().map(entity).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(draw: fn(&mut dyn fmt::Write, &Graph<'_>) -> fmt::Result) -> String {
        let pod: Address = "pod.trainer[0]".parse().unwrap();
        let volume: Address = "network_volume.data".parse().unwrap();
        let nodes = [(pod.clone(), "4 x \"H100\"\n<b>".into()), (volume.clone(), String::new())];
        let mut out = String::new();
        draw(&mut out, &Graph { nodes: &nodes, edges: &[(pod, volume)] }).unwrap();
        out
    }

    #[test]
    fn dot_quotes_what_it_would_read() {
        assert_eq!(
            drawn(dot),
            r#"digraph sindri {
  rankdir = LR
  node [shape = box]
  "pod.trainer[0]" [label = "pod.trainer[0]: 4 x \"H100\"\\n<b>"]
  "network_volume.data" [label = "network_volume.data"]
  "pod.trainer[0]" -> "network_volume.data"
}
"#
        );
    }

    #[test]
    fn mermaid_escapes_markup_and_numbers_its_nodes() {
        assert_eq!(
            drawn(mermaid),
            "flowchart LR\n  n0[\"pod.trainer[0]: 4 x #34;H100#34;#92;n#60;b#62;\"]\n  n1[\"network_volume.data\"]\n  n0 --> n1\n"
        );
    }
}
