//! Fits sections into a byte budget. Each section has forms from the most to the least detailed, and the last one can
//! be cut after any row.

use super::super::safe;

/// The lines for one or a few resources.
#[derive(Clone, Debug)]
pub struct FittedRow {
    pub text: String,
    /// Number of resources in the row.
    pub items: usize,
}

/// Rows in one code block.
#[derive(Clone, Debug, Default)]
pub struct SectionForm {
    /// A sentence before the block, without foreign text.
    pub intro: String,
    pub rows: Vec<FittedRow>,
}

/// The parts of the comment, in the order in which they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Refusals,
    Destroyed,
    Others,
    Waiting,
    Pending,
    Renamed,
    Drift,
    Orphans,
    Notes,
    Details,
    Unchanged,
}

/// A part of the comment.
#[derive(Clone, Debug)]
pub struct Section {
    pub place: Place,
    /// Noun for the rows, used to count missing ones: `destructive change`.
    pub noun: &'static str,
    /// A heading without foreign text; for a folded section, the line that unfolds it.
    pub title: String,
    /// `diff` colours lines by their first character; `text` does not colour.
    pub language: &'static str,
    pub folded: bool,
    /// Whether the section is omitted rather than cut, without counting as missing.
    pub dispensable: bool,
    /// Most detailed first.
    pub forms: Vec<SectionForm>,
}

/// A section, with as much as fits.
#[derive(Clone, Debug, Default)]
pub struct Fitted {
    pub text: String,
    /// Number of resources that are missing from it.
    pub hidden: usize,
    /// Whether a dispensable section was left out.
    pub dropped: bool,
}

/// Space reserved for each section, so that more important ones cannot take all of it.
const LEAST: usize = 800;

impl Section {
    fn poorest(&self) -> &SectionForm {
        self.forms.last().expect("a section has a form")
    }

    /// The space that the section needs at least.
    fn least(&self) -> usize {
        if self.dispensable { 0 } else { self.written(self.poorest(), self.poorest().rows.len()).len().min(LEAST) }
    }

    /// The most detailed form that fits; otherwise as much of the last form as fits.
    fn fit(&self, room: usize) -> Fitted {
        for form in &self.forms {
            let text = self.written(form, form.rows.len());
            if text.len() <= room {
                return Fitted { text, ..Fitted::default() };
            }
        }
        let hidden = |rows: &[FittedRow]| rows.iter().map(|row| row.items).sum();
        let form = self.poorest();
        if self.dispensable {
            return Fitted { dropped: true, ..Fitted::default() };
        }
        // The text around the rows has the same length for any number of rows.
        let around = self.written(form, 0).len() + self.more(hidden(&form.rows)).len();
        let mut left = room.saturating_sub(around);
        let fits = form.rows.iter().take_while(|row| match left.checked_sub(row.text.len()) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        });
        match fits.count() {
            0 => Fitted { hidden: hidden(&form.rows), ..Fitted::default() },
            shown => Fitted { text: self.written(form, shown), hidden: hidden(&form.rows[shown..]), dropped: false },
        }
    }

    fn written(&self, form: &SectionForm, shown: usize) -> String {
        if form.rows.is_empty() {
            return String::new();
        }
        let fence = safe::fence(form.rows.iter().map(|row| row.text.as_str()));
        let rows: String = form.rows[..shown].iter().map(|row| row.text.as_str()).collect();
        let missing: usize = form.rows[shown..].iter().map(|row| row.items).sum();
        let more = if missing == 0 || shown == 0 { String::new() } else { self.more(missing) };
        let intro = if form.intro.is_empty() { String::new() } else { format!("{}\n\n", form.intro) };
        let block = format!("{intro}{fence}{}\n{rows}{fence}\n{more}", self.language);
        match self.folded {
            true => format!("\n<details>\n<summary>{}</summary>\n\n{block}\n</details>\n", self.title),
            false => format!("\n### {}\n\n{block}", self.title),
        }
    }

    fn more(&self, missing: usize) -> String {
        format!("\n**{missing} more are not shown.**\n")
    }
}

/// Fits sections into the space, the most important first. A section leaves the least to those after it, unless it
/// would have to be cut for that.
pub fn fit(sections: &[Section], room: usize) -> Vec<Fitted> {
    let mut reserved: usize = sections.iter().map(Section::least).sum();
    let mut left = room;
    let fitted = sections.iter().map(|section| {
        reserved -= section.least();
        let mut fitted = section.fit(left.saturating_sub(reserved));
        if fitted.hidden > 0 {
            fitted = section.fit(left);
        }
        left = left.saturating_sub(fitted.text.len());
        fitted
    });
    fitted.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(rows: usize, width: usize) -> Section {
        let form = |width: usize| SectionForm {
            intro: String::new(),
            rows: (0..rows).map(|_| FittedRow { text: "x".repeat(width - 1) + "\n", items: 2 }).collect(),
        };
        Section {
            place: Place::Others,
            noun: "change",
            title: "Changes".into(),
            language: "diff",
            folded: false,
            dispensable: false,
            forms: vec![form(width * 2), form(width)],
        }
    }

    #[test]
    fn the_most_detailed_form_that_fits_is_used_and_the_last_is_cut_after_a_row() {
        let whole = section(10, 40).fit(1_000);
        assert!(whole.text.contains(&"x".repeat(79)) && whole.hidden == 0, "{whole:?}");
        let poorer = section(10, 40).fit(600);
        assert!(!poorer.text.contains(&"x".repeat(40)) && poorer.hidden == 0, "{poorer:?}");
        let cut = section(10, 40).fit(300);
        assert!(cut.text.len() <= 300 && cut.hidden == 8, "{cut:?}");
        assert!(cut.text.ends_with("x\n```\n\n**8 more are not shown.**\n"), "{cut:?}");
        let none = section(10, 40).fit(30);
        assert!(none.text.is_empty() && none.hidden == 20, "{none:?}");
    }

    #[test]
    fn an_important_section_leaves_the_others_their_minimum() {
        // A more detailed form would fit, but would leave no space for the other section.
        let fitted = fit(&[section(100, 30), section(5, 20)], 6_100);
        assert!(fitted.iter().all(|fitted| fitted.hidden == 0 && !fitted.text.is_empty()), "{fitted:?}");
        assert!(fitted[0].text.len() < 3_200, "{fitted:?}");
        // It takes all the space rather than be cut.
        let fitted = fit(&[section(100, 30), section(5, 20)], 3_050);
        assert!(fitted[0].hidden == 0 && fitted[1].hidden == 10, "{fitted:?}");
    }
}
