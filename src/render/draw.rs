//! Draws diagnostics. Lines break between words, and never inside a text to be copied.

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use textwrap::core::Word;
use textwrap::{WordSeparator, WordSplitter};

/// Longer code is wrapped like other text.
const LONGEST_CODE: usize = 60;

/// The drawn diagnostic, wrapped at `width` columns, or not wrapped without a width.
pub fn draw(report: &dyn Diagnostic, theme: GraphicalTheme, width: Option<usize>) -> String {
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_links(false)
        .with_word_separator(WordSeparator::Custom(words))
        .with_word_splitter(WordSplitter::NoHyphenation);
    let handler = match width {
        Some(width) => handler.with_width(width),
        None => handler.with_width(usize::MAX).with_wrap_lines(false).with_break_words(false),
    };
    let mut text = String::new();
    match handler.render_report(&mut text, report) {
        Ok(()) => text,
        Err(_) => format!("error: {report}\n"),
    }
}

/// The words of a line. Text between backticks is one word, because a command broken over two lines cannot be copied.
fn words(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut code = None;
    let mut blank = false;
    for (at, letter) in line.char_indices() {
        if blank && letter != ' ' {
            words.push(Word::from(&line[start..at]));
            start = at;
        }
        match (letter, code) {
            ('`', None) => {
                let length = line[at + 1..].find('`');
                code = length.filter(|length| *length <= LONGEST_CODE).map(|length| at + 1 + length);
            }
            ('`', Some(end)) if at == end => code = None,
            _ => {}
        }
        blank = letter == ' ' && code.is_none();
    }
    words.push(Word::from(&line[start..]));
    Box::new(words.into_iter())
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn code_is_one_word_and_text_is_split_at_spaces() {
        for (line, expected) in [
            ("run `sindri plan --sandbox`, then wait", vec!["run", "`sindri plan --sandbox`,", "then", "wait"]),
            ("an open ` quote is text", vec!["an", "open", "`", "quote", "is", "text"]),
            ("https://a.example/b-c d", vec!["https://a.example/b-c", "d"]),
            ("", vec![""]),
        ] {
            let found: Vec<String> = words(line).map(|word| word.to_string()).collect();
            assert_eq!(found, expected, "{line}");
        }
    }
}
