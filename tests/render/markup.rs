//! Comments parsed like GitHub does: hostile text appears only as code, and everything else is our own.

use proptest::prelude::*;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use sindri::render::{PlanView, markdown};

use crate::render::comment::{comment, deletion};
use crate::render::fixture::plan;
use crate::render::hostile::{evil, hostile_plan};
use crate::render::plans;

/// Our own tags and comments.
fn is_ours(html: &str) -> bool {
    let tag = html.trim();
    let summary = tag.strip_prefix("<summary>").and_then(|rest| rest.strip_suffix("</summary>"));
    let words = |text: &str| text.chars().all(|character| character.is_ascii_alphanumeric() || character == ' ');
    let marker = tag.strip_prefix("<!-- sindri: ").and_then(|rest| rest.strip_suffix(" -->"));
    let encoded = |text: &str| {
        !text.contains("--")
            && text.chars().all(|character| character.is_ascii_alphanumeric() || "%_.-/".contains(character))
    };
    matches!(tag, "<details>" | "</details>") || summary.is_some_and(words) || marker.is_some_and(encoded)
}

/// Problems of a comment: hostile text outside of code, foreign tags, unclosed blocks.
pub fn faults(text: &str, canary: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut depth: i32 = 0;
    let mut in_code = false;
    let mut blocks = 0;
    for event in Parser::new_ext(text, Options::all() - Options::ENABLE_OLD_FOOTNOTES) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                in_code = true;
                blocks += 1;
                if !["diff", "text"].contains(&language.as_ref()) {
                    faults.push(format!("a block of {language:?}"));
                }
            }
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Text(words) if !in_code => {
                if words.contains(canary) || words.contains(['$', '@', '<', '\\']) {
                    faults.push(format!("out of code: {words:?}"));
                }
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                for line in html.lines().filter(|line| !line.trim().is_empty()) {
                    depth += i32::from(line == "<details>") - i32::from(line == "</details>");
                    if !is_ours(line) {
                        faults.push(format!("a strange tag: {line:?}"));
                    }
                }
            }
            Event::Start(
                Tag::Paragraph
                | Tag::Heading { level: pulldown_cmark::HeadingLevel::H2 | pulldown_cmark::HeadingLevel::H3, .. }
                | Tag::BlockQuote(_)
                | Tag::Strong
                | Tag::HtmlBlock,
            )
            | Event::End(_)
            | Event::Text(_)
            | Event::Code(_)
            | Event::SoftBreak
            | Event::Rule => {}
            other => faults.push(format!("a strange event: {other:?}")),
        }
    }
    if depth != 0 {
        faults.push(format!("{depth} details stay open"));
    }
    // Checks openings and ends of blocks line by line, because a parser would not report that the last one stays open.
    let fence =
        |line: &str, language: &[&str]| line.starts_with("```") && language.contains(&line.trim_start_matches('`'));
    let opened = text.lines().filter(|line| fence(line, &["diff", "text"])).count();
    let closed = text.lines().filter(|line| fence(line, &[""])).count();
    if (opened, closed) != (blocks, blocks) {
        faults.push(format!("{opened} of {blocks} blocks opened, {closed} closed"));
    }
    faults
}

/// Texts with a meaning in Markdown, in HTML, at GitHub, or in a build log.
pub fn markup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "`",
            "``",
            "```",
            "```diff\n",
            "\n```\n",
            "~~~",
            "\n~~~\n",
            "</details>",
            "<details>",
            "<script>alert(1)</script>",
            "<!--",
            "-->",
            "--!>",
            "@team",
            "@org/all",
            "#123",
            "GH-1",
            "org/repo#5",
            "https://evil.example/x",
            "[x](javascript:alert(1))",
            "![x](http://evil.example/x.png)",
            "\n# heading",
            "\n===\n",
            "|",
            "\n| a | b |\n|--|--|\n",
            "\r\n",
            "\u{2028}",
            "\u{202e}",
            "\u{2066}",
            "\u{200b}",
            "\0",
            "\u{1b}[31m",
            "&lt;",
            "&#64;team",
            "$x$",
            "$$",
            "*",
            "_",
            "**",
            "\\",
            "    ",
            "\t",
            "> quote",
            "- item",
            "1. item",
            "::error::x",
            "\n::set-env name=A::b",
            "##[error]x",
            "[^1]",
            ":smile:",
            "www.evil.example",
            "</summary>",
            "```suggestion\n",
            "%",
            "'",
            "\"",
        ])
        .prop_map(str::to_owned),
        "[a-z0-9-]{0,8}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 1..12).prop_map(|pieces| pieces.concat())
}

/// Part of every hostile text, so that it can be found in the output.
pub const CANARY: &str = "qzcanaryqz";

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hostile_text_stays_in_code_within_any_budget(
        before in markup(),
        after in prop_oneof![markup(), evil()],
        budget in prop_oneof![markdown::LEAST_BUDGET..12_000, Just(markdown::BUDGET)],
        full: bool,
    ) {
        let evil = format!("{before}{CANARY}{after}");
        let view = PlanView { full, config: evil.clone(), catalog_date: Some(evil.clone()), plan_id: Some(evil.clone()), flags: vec![evil.clone()], ..PlanView::default() };
        let text = comment(&hostile_plan(&evil), &view, budget);
        prop_assert_eq!(faults(&text, CANARY), Vec::<String>::new(), "{}", text);
        prop_assert!(text.len() <= budget, "{} > {budget}: {}", text.len(), text);
        let harmful = text.chars().find(|character| sindri::render::style::is_harmful(*character) && *character != '\n');
        prop_assert_eq!(harmful, None);
        prop_assert!(!text.contains("canary-secret"), "{}", text);
        for line in text.lines() {
            prop_assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "a command: {line}");
        }
    }
}

#[test]
fn names_of_any_length_leave_room_for_important_parts() {
    for name in ["\u{1d54f}".repeat(400), "`".repeat(400), format!("{}{}", "`".repeat(60), "\u{1d54f}".repeat(400))] {
        let mut wide = plan(vec![deletion("old", 10), deletion("older", 10)]);
        (wide.name, wide.environment) = (name.clone(), name.clone());
        wide.changes[1].address.name = name.clone().into();
        let view = PlanView { plan_id: Some(name.clone()), catalog_date: Some(name), ..plans::view() };
        let text = comment(&wide, &view, markdown::LEAST_BUDGET);
        assert!(text.len() <= markdown::LEAST_BUDGET, "{}", text.len());
        assert_eq!(faults(&text, CANARY), Vec::<String>::new(), "{text}");
        assert!(text.contains("**2 DESTROY** "), "{text}");
        // Each is named or counted.
        let hidden = text.contains("1 destructive change not") || text.contains("2 destructive changes not");
        assert!(text.contains("pod.old") || hidden, "{text}");
    }
}
