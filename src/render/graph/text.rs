//! A picture in the languages of drawing tools: Graphviz's DOT and Mermaid.

use std::collections::BTreeMap;
use std::fmt;

use super::picture::{GraphNode, Picture};
use crate::render::style::{Tone, harmless};

/// The text of a box: the title, and everything below it.
fn label(node: &GraphNode) -> [String; 2] {
    let loss = node.loss.map(|loss| format!("{loss}: ")).unwrap_or_default();
    [format!("{} {}", node.symbol, node.title).trim_start().to_owned(), format!("{loss}{}", node.what)]
}

/// The colour of a box's border, readable on light and on dark backgrounds.
fn colour(tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Good => Some("#2da44e"),
        Tone::Change => Some("#bf8700"),
        Tone::Bad => Some("#cf222e"),
        Tone::Dim => Some("#848d97"),
        Tone::Plain | Tone::Heading => None,
    }
}

/// A `digraph`. Nodes are named after the titles of boxes, so that the text is stable and searchable.
pub fn dot(out: &mut dyn fmt::Write, picture: &Picture) -> fmt::Result {
    // Escaped after `harmless`, because that adds backslashes, which DOT would interpret.
    let escaped = |text: &str| harmless(text).replace('\\', "\\\\").replace('"', "\\\"");
    let names: Vec<String> = names(picture).iter().map(|name| escaped(name)).collect();
    writeln!(out, "digraph sindri {{\n  rankdir = LR\n  node [shape = box]")?;
    for (node, name) in picture.nodes.iter().zip(&names) {
        let [title, what] = label(node).map(|text| escaped(&text));
        let colour =
            colour(node.tone).map(|colour| format!(", color = \"{colour}\", penwidth = 2")).unwrap_or_default();
        writeln!(out, "  \"{name}\" [label = \"{title}\\n{what}\"{colour}]")?;
    }
    for (from, to) in &picture.edges {
        writeln!(out, "  \"{}\" -> \"{}\"", names[*from], names[*to])?;
    }
    writeln!(out, "}}")
}

/// The titles, numbered if several boxes have the same one.
fn names(picture: &Picture) -> Vec<String> {
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    let named = picture.nodes.iter().map(|node| {
        let number = taken.entry(&node.title).or_default();
        *number += 1;
        if *number == 1 { node.title.clone() } else { format!("{} #{number}", node.title) }
    });
    named.collect()
}

/// A Mermaid flowchart. Nodes are numbered, because Mermaid allows few characters in names.
pub fn mermaid(out: &mut dyn fmt::Write, picture: &Picture) -> fmt::Result {
    writeln!(out, "flowchart LR")?;
    for (number, node) in picture.nodes.iter().enumerate() {
        let [title, what] = label(node).map(|text| mermaid_text(&text));
        let class = colour(node.tone).map(|_| format!(":::{}", class(node.tone))).unwrap_or_default();
        writeln!(out, "  n{number}[\"{title}<br/>{what}\"]{class}")?;
    }
    for (from, to) in &picture.edges {
        writeln!(out, "  n{from} --> n{to}")?;
    }
    for tone in [Tone::Good, Tone::Change, Tone::Bad, Tone::Dim] {
        if let Some(colour) = colour(tone).filter(|_| picture.nodes.iter().any(|node| node.tone == tone)) {
            writeln!(out, "  classDef {} stroke:{colour},stroke-width:2px", class(tone))?;
        }
    }
    Ok(())
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Change => "change",
        Tone::Bad => "bad",
        Tone::Plain | Tone::Heading | Tone::Dim => "dim",
    }
}

/// Writes everything that Mermaid or HTML could read as markup as numeric entities.
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

    fn drawn(draw: fn(&mut dyn fmt::Write, &Picture) -> fmt::Result) -> String {
        let node = |title: &str, what: &str, tone| GraphNode {
            kind: "pod".into(),
            title: title.into(),
            what: what.into(),
            tip: String::new(),
            symbol: if tone == Tone::Good { "+" } else { "" },
            tone,
            loss: None,
            anchor: None,
        };
        let nodes = vec![
            node("network_volume.data", "network volume", Tone::Plain),
            node("pod.trainer[0..3]", "4 x \"H100\"\n<b>", Tone::Good),
        ];
        let mut out = String::new();
        draw(&mut out, &Picture { nodes, edges: [(0, 1)].into(), caption: "" }).unwrap();
        out
    }

    #[test]
    fn dot_escapes_titles_and_points_to_dependents() {
        assert_eq!(
            drawn(dot),
            r##"digraph sindri {
  rankdir = LR
  node [shape = box]
  "network_volume.data" [label = "network_volume.data\nnetwork volume"]
  "pod.trainer[0..3]" [label = "+ pod.trainer[0..3]\n4 x \"H100\"\\n<b>", color = "#2da44e", penwidth = 2]
  "network_volume.data" -> "pod.trainer[0..3]"
}
"##
        );
    }

    #[test]
    fn mermaid_escapes_markup_and_numbers_its_nodes() {
        assert_eq!(
            drawn(mermaid),
            "flowchart LR\n  n0[\"network_volume.data<br/>network volume\"]\n  n1[\"+ pod.trainer[0..3]<br/>4 x \
             #34;H100#34;#92;n#60;b#62;\"]:::good\n  n0 --> n1\n  classDef good stroke:#2da44e,stroke-width:2px\n"
        );
    }
}
