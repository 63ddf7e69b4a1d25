//! Lost data in words, as lists and sentences name it.

use crate::model::Loss;

/// Most lost parts to name.
const NAMED: usize = 12;

/// The words for one loss, for texts that format the path themselves.
pub struct LossWords<'l> {
    /// `pod volume 100 GB`.
    pub amount: String,
    pub mount_path: Option<&'l str>,
    /// `A, B and 3 more`; empty if the parts have no names.
    pub names: String,
}

/// The words for a loss.
pub fn words(loss: &Loss) -> LossWords<'_> {
    let Loss { what, names, size_gb, mount_path, precious: _ } = loss;
    let size = size_gb.map(|size| format!(" {size} GB")).unwrap_or_default();
    let names = match names.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..NAMED].join(", ")),
    };
    LossWords { amount: format!("{what}{size}"), mount_path: mount_path.as_deref(), names }
}

/// For a list: `pod volume 100 GB at /workspace`.
pub fn listed(loss: &Loss) -> String {
    let LossWords { amount, mount_path, names } = words(loss);
    let path = mount_path.map(|path| format!(" at {path}")).unwrap_or_default();
    let names = if names.is_empty() { names } else { format!(": {names}") };
    format!("{amount}{path}{names}")
}

/// For a sentence: `pod volume (100 GB at /workspace)`.
pub fn in_sentence(loss: &Loss) -> String {
    let size = loss.size_gb.map(|size| format!("{size} GB"));
    let path = loss.mount_path.as_ref().map(|path| format!("at {path}"));
    let names = (!loss.names.is_empty()).then(|| loss.names.join(", "));
    let detail: Vec<String> = size.into_iter().chain(path).chain(names).collect();
    if detail.is_empty() { loss.what.clone() } else { format!("{} ({})", loss.what, detail.join(" ")) }
}
