//! Sections that fit into a budget: each has forms from the richest to the poorest, and the poorest can be cut at a row.

use super::super::safe;

/// What one or a few resources look like: whole lines.
#[derive(Clone, Debug)]
pub struct Row {
    pub text: String,
    /// How many resources it speaks of.
    pub items: usize,
}

/// Rows in one block of code.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// A sentence before the block, in words of our own.
    pub intro: String,
    pub rows: Vec<Row>,
}

/// A part of the comment.
#[derive(Clone, Debug)]
pub struct Section {
    /// What its rows are, for the sentence that counts missing ones: `destructive change`.
    pub noun: &'static str,
    /// A heading of our own words; for a folded section the line that unfolds it.
    pub title: String,
    /// `diff` colors lines by their first character, `text` colors nothing.
    pub language: &'static str,
    pub folded: bool,
    /// Whether it is left out rather than cut, and nobody misses it.
    pub dispensable: bool,
    /// From the richest to the poorest.
    pub forms: Vec<Form>,
}

/// A section, as far as there was room.
#[derive(Clone, Debug, Default)]
pub struct Fitted {
    pub text: String,
    /// Resources that it does not speak of, though it should.
    pub hidden: usize,
    /// Whether a dispensable section was left out.
    pub dropped: bool,
}

/// A section is granted this much before those of more weight take all.
const LEAST: usize = 800;

impl Section {
    fn poorest(&self) -> &Form {
        self.forms.last().expect("a section has a form")
    }

    /// The room that it should have in any case.
    fn least(&self) -> usize {
        if self.dispensable { 0 } else { self.written(self.poorest(), self.poorest().rows.len()).len().min(LEAST) }
    }

    /// The richest form that fits; else as much of the poorest as does.
    fn fit(&self, room: usize) -> Fitted {
        for form in &self.forms {
            let text = self.written(form, form.rows.len());
            if text.len() <= room {
                return Fitted { text, ..Fitted::default() };
            }
        }
        let hidden = |rows: &[Row]| rows.iter().map(|row| row.items).sum();
        let form = self.poorest();
        if self.dispensable {
            return Fitted { dropped: true, ..Fitted::default() };
        }
        // What stands around the rows is as long for all of them as for none.
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

    fn written(&self, form: &Form, shown: usize) -> String {
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

/// Fits sections, given by weight, into the room: each after the more weighty ones. These leave the others their least, as
/// long as they need not be cut for it themselves.
pub fn fit<const N: usize>(sections: &[Section; N], room: usize) -> [Fitted; N] {
    let mut reserved: usize = sections.iter().map(Section::least).sum();
    let mut left = room;
    sections.each_ref().map(|section| {
        reserved -= section.least();
        let mut fitted = section.fit(left.saturating_sub(reserved));
        if fitted.hidden > 0 {
            fitted = section.fit(left);
        }
        left = left.saturating_sub(fitted.text.len());
        fitted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(rows: usize, width: usize) -> Section {
        let form = |width: usize| Form {
            intro: String::new(),
            rows: (0..rows).map(|_| Row { text: "x".repeat(width - 1) + "\n", items: 2 }).collect(),
        };
        Section {
            noun: "change",
            title: "Changes".into(),
            language: "diff",
            folded: false,
            dispensable: false,
            forms: vec![form(width * 2), form(width)],
        }
    }

    #[test]
    fn the_richest_form_that_fits_is_taken_and_the_poorest_is_cut_at_a_row() {
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
    fn a_weighty_section_leaves_the_others_their_least() {
        // It would fit in its richer form, but then nothing else would.
        let fitted = fit(&[section(100, 30), section(5, 20)], 6_100);
        assert!(fitted.iter().all(|fitted| fitted.hidden == 0 && !fitted.text.is_empty()), "{fitted:?}");
        assert!(fitted[0].text.len() < 3_200, "{fitted:?}");
        // Rather than be cut, it takes all.
        let fitted = fit(&[section(100, 30), section(5, 20)], 3_050);
        assert!(fitted[0].hidden == 0 && fitted[1].hidden == 10, "{fitted:?}");
    }
}
