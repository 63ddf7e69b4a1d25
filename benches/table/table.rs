//! A Markdown table whose columns are aligned in plain text too.

use std::fmt;

/// Rows of as many cells as there are columns.
pub struct Table {
    rows: Vec<Vec<String>>,
    /// Number of columns with text. The others are aligned to the right.
    text_columns: usize,
}

impl Table {
    pub fn new(columns: &[&str], text_columns: usize) -> Self {
        Self { rows: vec![columns.iter().map(|&column| column.to_owned()).collect()], text_columns }
    }

    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// Whether there is nothing below the header.
    pub fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }

    fn width(&self, column: usize) -> usize {
        self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, row) in self.rows.iter().enumerate() {
            for (column, cell) in row.iter().enumerate() {
                let width = self.width(column);
                match column < self.text_columns {
                    true => write!(f, "| {cell:<width$} ")?,
                    false => write!(f, "| {cell:>width$} ")?,
                }
            }
            writeln!(f, "|")?;
            if number == 0 {
                self.rule(f)?;
            }
        }
        Ok(())
    }
}

impl Table {
    /// The line below the header.
    fn rule(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for column in 0..self.rows[0].len() {
            let dashes = "-".repeat(self.width(column));
            let end = if column < self.text_columns { "-" } else { ":" };
            write!(f, "|-{dashes}{end}")?;
        }
        writeln!(f, "|")
    }
}
