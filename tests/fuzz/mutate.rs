//! Inputs that are almost valid. The first check would refuse most random bytes, which would then test nothing behind
//! it.

use fastrand::Rng;
use serde_json::{Map, Value, json};

/// Values that often cause bugs.
fn odd_value(dice: &mut Rng) -> Value {
    let deep = (0..60).fold(json!(1), |inner, _| json!([inner]));
    let texts = [
        "",
        " ",
        "\0",
        "\u{1b}[2J\u{202e}\u{feff}",
        "é\u{301}𝕏👩‍👩‍👧",
        "${A:-${B}}",
        "{{ RUNPOD_SECRET_x }}",
        "../../etc",
        "-1",
        "1e999",
        "pod.a[18446744073709551616]",
        "port.a:99999/tcp",
        "2026-02-30T25:61:61Z",
        "-271821-04-20T00:00:00Z",
        "NaN",
        "://@:",
        "$",
        "9999999999999999999999",
        "0x10",
        "[[[",
        "\"",
        "'",
        "%",
        "`",
        "a:b:c:d",
        "https://u:p@h/?token=x",
        "\r\n",
        "true",
    ];
    match dice.u8(..14) {
        0 => Value::Null,
        1 => json!(dice.bool()),
        2 => json!(dice.i64(..)),
        3 => json!(i64::MIN),
        4 => json!(u64::MAX),
        5 => json!(1e308 * if dice.bool() { 1.0 } else { -1.0 }),
        6 => json!(-0.0),
        7 => json!([]),
        8 => json!({}),
        9 => json!("x".repeat(dice.usize(..20_000))),
        10 => deep,
        11 => json!(["a", null, 1, {}]),
        _ => json!(texts[dice.usize(..texts.len())]),
    }
}

/// Replaces, removes, duplicates or swaps a few values of a JSON text; sometimes changes bytes.
pub fn json(dice: &mut Rng, text: &[u8]) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<Value>(text) else { return bytes(dice, text) };
    if dice.u8(..10) == 0 {
        return bytes(dice, text);
    }
    for _ in 0..=dice.u8(..4) {
        let nodes = count(&value);
        let target = dice.usize(..nodes);
        change(dice, &mut value, &mut { target });
    }
    value.to_string().into_bytes()
}

/// Mutates JSON lines; also duplicates, removes or swaps whole lines.
pub fn json_lines(dice: &mut Rng, text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=dice.u8(..3) {
        if lines.is_empty() {
            break;
        }
        let (one, other) = (dice.usize(..lines.len()), dice.usize(..lines.len()));
        match dice.u8(..8) {
            0 => drop(lines.remove(one)),
            1 => lines.swap(one, other),
            2 => lines.insert(one, lines[other].clone()),
            _ => lines[one] = String::from_utf8_lossy(&json(dice, lines[one].as_bytes())).into_owned(),
        }
    }
    (lines.join("\n") + "\n").into_bytes()
}

/// Removes, duplicates, swaps or indents lines of YAML, or changes their values; sometimes changes bytes.
pub fn lines(dice: &mut Rng, text: &[u8]) -> Vec<u8> {
    let odd = [
        "&a",
        "*a",
        "<<: *a",
        "!!binary x",
        "|",
        ">-",
        "? a",
        "- - -",
        "{a: [}",
        "[]",
        "{}",
        "null",
        "~",
        "-1",
        "1e400",
        "0777",
        "0x10",
        ".inf",
        "99999999999999999999",
        "\"\\u0000\"",
        "${A}",
        "${UNSET}",
        "${A:-${B:-c}}",
        "$$",
        "50GB",
        "yes",
        "pod.a",
        "a b\tc",
        "é👩‍👩‍👧\u{202e}",
        "--- a",
        "...",
        "%YAML 1.1",
        "NVIDIA L4",
        "[22/tcp, 70000/udp]",
        "2026-01-01",
        "'",
        "\"",
    ];
    let text = String::from_utf8_lossy(text);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=dice.u8(..5) {
        if lines.is_empty() {
            break;
        }
        let (one, other) = (dice.usize(..lines.len()), dice.usize(..lines.len()));
        let word = odd[dice.usize(..odd.len())];
        match dice.u8(..10) {
            0 => drop(lines.remove(one)),
            1 => lines.swap(one, other),
            2 => lines.insert(one, lines[other].clone()),
            3 => lines[one].insert_str(0, &" ".repeat(dice.usize(1..5))),
            4 => lines[one] = lines[one].trim_start().to_owned(),
            5 => lines[one] = String::from_utf8_lossy(&bytes(dice, lines[one].as_bytes())).into_owned(),
            6 => lines[one].push_str(&format!(" {word}")),
            _ => {
                let key = lines[one].split_once(':').map_or(lines[one].clone(), |(key, _)| key.to_owned());
                lines[one] = format!("{key}: {word}");
            }
        }
    }
    lines.join("\n").into_bytes()
}

/// Changes, removes or repeats some bytes.
fn bytes(dice: &mut Rng, text: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    for _ in 0..=dice.u8(..4) {
        if text.is_empty() {
            break;
        }
        let (from, length) = (dice.usize(..text.len()), dice.usize(..40));
        let to = (from + length).min(text.len());
        match dice.u8(..5) {
            0 => text[from] = dice.u8(..),
            1 => drop(text.drain(from..to)),
            2 => text.truncate(from),
            3 => text.insert(from, b"{}[]\",:\\\n\0"[dice.usize(..10)]),
            _ => {
                let part = text[from..to].repeat(dice.usize(1..200));
                text.splice(from..from, part);
            }
        }
    }
    text
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

/// Changes the node that is `target` steps away.
fn change(dice: &mut Rng, value: &mut Value, target: &mut usize) {
    if *target == 0 {
        *value = changed(dice, value);
        // No further node is reached.
        *target = usize::MAX;
        return;
    }
    *target -= 1;
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| step(dice, item, target)),
        Value::Object(members) => members.values_mut().for_each(|member| step(dice, member, target)),
        _ => {}
    }
}

fn step(dice: &mut Rng, value: &mut Value, target: &mut usize) {
    if *target < usize::MAX / 2 {
        change(dice, value, target);
    }
}

fn changed(dice: &mut Rng, value: &Value) -> Value {
    match (value, dice.u8(..3)) {
        (Value::Array(items), 0) if !items.is_empty() => {
            let item = items[dice.usize(..items.len())].clone();
            items.iter().cloned().chain(std::iter::repeat_n(item, dice.usize(1..30))).collect()
        }
        (Value::Object(members), 0) if !members.is_empty() => {
            let gone = dice.usize(..members.len());
            let kept = members.iter().enumerate().filter(|(index, _)| *index != gone);
            Value::Object(kept.map(|(_, (name, member))| (name.clone(), member.clone())).collect())
        }
        (Value::Object(members), 1) => {
            let mut members: Map<String, Value> = members.clone();
            let name = match odd_value(dice) {
                Value::String(name) => name,
                other => other.to_string(),
            };
            members.insert(name, odd_value(dice));
            Value::Object(members)
        }
        (Value::Number(number), 0) => number.as_f64().map_or(Value::Null, |number| json!(number * -1e6)),
        (Value::String(text), 0) => json!(text.to_uppercase() + "\u{202e}"),
        _ => odd_value(dice),
    }
}
