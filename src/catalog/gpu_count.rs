//! Parses a GPU count written next to a name: `8xH100`, `A100:2`, `4090 x 2`, `H100-8`.

/// A name and a number that may be a count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CountedName {
    pub count: u32,
    pub name: String,
    /// Whether a sign marks the number as a count. Without one, it may be a memory size.
    pub has_sign: bool,
}

/// No pod has more GPUs, counting slices of GPUs. Larger numbers are memory sizes.
const MOST: u32 = 32;

/// All ways to read `text` as a name and a count, most likely first.
pub(super) fn readings(text: &str) -> Vec<CountedName> {
    let text = text.to_lowercase().replace(['(', ')', '[', ']'], " ");
    let text = text.trim();
    let text = text.strip_prefix("gpu:").unwrap_or(text);
    let text = ["gpus", "gpu"].iter().find_map(|word| text.strip_suffix(word)).unwrap_or(text).trim();
    let readings = [leading(text), trailing(text)].into_iter().flatten();
    let possible = readings.filter(|counted| (1..=MOST).contains(&counted.count) && !counted.name.is_empty());
    possible.map(|counted| CountedName { name: counted.name.replace(':', " "), ..counted }).collect()
}

/// `8xH100`, `x8 H100`, `8 H100`.
fn leading(text: &str) -> Option<CountedName> {
    let signed = text.strip_prefix(is_sign).map(str::trim_start);
    let rest = signed.unwrap_or(text);
    let (digits, rest) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
    let count = digits.parse().ok()?;
    let separated = rest.starts_with(is_separator);
    let rest = rest.trim_start_matches(is_separator);
    let name = match signed {
        Some(_) => Some(rest).filter(|_| separated),
        None => rest.strip_prefix(is_sign),
    };
    match name {
        Some(name) => Some(CountedName { count, name: trimmed(name), has_sign: true }),
        None => separated.then(|| CountedName { count, name: trimmed(rest), has_sign: false }),
    }
}

/// `H100x8`, `H100:8`, `H100 8x`, `H100-8`.
fn trailing(text: &str) -> Option<CountedName> {
    let signed = text.strip_suffix(is_sign).map(str::trim_end);
    let before = signed.unwrap_or(text);
    let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next()?;
    let count = digits.parse().ok()?;
    let rest = before.strip_suffix(digits)?;
    let separated = rest.ends_with(is_separator);
    let rest = rest.trim_end_matches(is_separator);
    match (rest.strip_suffix(is_sign), signed) {
        (Some(name), None) => Some(CountedName { count, name: trimmed(name), has_sign: true }),
        (None, Some(_)) if separated => Some(CountedName { count, name: trimmed(rest), has_sign: true }),
        (None, None) if separated => Some(CountedName { count, name: trimmed(rest), has_sign: false }),
        _ => None,
    }
}

fn is_sign(c: char) -> bool {
    matches!(c, 'x' | '*' | ':' | '=' | '@' | '\u{d7}')
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '_')
}

fn trimmed(name: &str) -> String {
    name.trim_matches(is_separator).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_precedes_or_follows_with_or_without_a_sign() {
        for text in [
            "8xh100",
            "8 x H100",
            "8X-H100",
            "x8 h100",
            "8*H100",
            "8\u{d7}H100",
            "H100x8",
            "H100 x 8",
            "H100-x8",
            "H100:8",
            "H100=8",
            "H100 8x",
            "H100(x8)",
            "(8x) H100",
            "gpu:h100:8",
            "8x H100 GPUs",
            "H100_X8",
        ] {
            let expected = CountedName { count: 8, name: "h100".into(), has_sign: true };
            assert_eq!(readings(text).first(), Some(&expected), "{text}");
        }
        for text in ["8 H100", "H100 8", "H100-8", "H100_8", "8 H100 GPUs"] {
            let expected = CountedName { count: 8, name: "h100".into(), has_sign: false };
            assert_eq!(readings(text).first(), Some(&expected), "{text}");
        }
        for text in ["H100", "MI300X", "A100:80", "0xH100", "", "8", "x", "x8", "8x", "99999999999x4090"] {
            assert_eq!(readings(text), [], "{text}");
        }
    }
}
