//! Wording shared by several renderers: durations, verbs, counts, and suggested commands.

use std::time::Duration;

use super::fold;
use crate::kind;
use crate::model::{Action, Address, Cost, Money, Plan, Verb};

/// A wait before the next request: `pausing for 12s: ...`.
pub fn paused(wait: Duration, reason: &str) -> String {
    format!("pausing for {}: {reason}", duration(wait))
}

/// `45s`, `1m 04s`, `3h 12m`, `2d 05h`: the two largest units.
pub fn duration(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {:02}s", seconds % 60),
        (0, _, _) => format!("{hours}h {:02}m", minutes % 60),
        _ => format!("{days}d {:02}h", hours % 24),
    }
}

/// `1 pod`, `3 pods`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `creating`: an operation in progress.
pub fn doing(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "creating",
        Verb::Update => "updating",
        Verb::Delete => "destroying",
        Verb::Start => "starting",
        Verb::Stop => "stopping",
        Verb::Import => "importing",
        Verb::Forget => "forgetting",
        Verb::Wait => "waiting for",
    }
}

/// `created`: a finished operation.
pub fn done(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "created",
        Verb::Update => "updated",
        Verb::Delete => "destroyed",
        Verb::Start => "started",
        Verb::Stop => "stopped",
        Verb::Import => "imported",
        Verb::Forget => "forgotten",
        Verb::Wait => "ready",
    }
}

/// `destroy`: an operation to do, in the plan's terms, which call deleting a real object "destroy".
pub fn infinitive(verb: Verb) -> &'static str {
    match verb {
        Verb::Delete => "destroy",
        Verb::Wait => "wait for",
        other => other.word(),
    }
}

/// `could not create`: a failed operation.
pub fn failed(verb: Verb) -> String {
    match verb {
        Verb::Wait => "is not ready".to_owned(),
        other => format!("could not {}", infinitive(other)),
    }
}

/// The word of an action in a plan.
pub fn action(action: Action) -> &'static str {
    match action {
        Action::Delete => "destroy",
        other => other.word(),
    }
}

/// An action as the cause of another change, for example `is replaced`.
pub fn happens(action: Action) -> &'static str {
    match action {
        Action::NoOp => "is unchanged",
        Action::Create => "is created",
        Action::Update => "is updated",
        Action::Replace | Action::ReplaceCreateFirst => "is replaced",
        Action::Delete => "is destroyed",
        Action::Start => "is started",
        Action::Stop => "is stopped",
        Action::Import => "is imported",
        Action::Forget => "is forgotten",
    }
}

/// `saves $0.74/h` or `price not known`, for the end of a headline.
pub fn price(verb: &str, cost: Cost) -> String {
    if cost.is_known() { format!("{verb}{}", cost.of_one()) } else { "price not known".to_owned() }
}

/// `, at most $5.50/h`: the cost when all workers run.
pub fn at_most(peak: &str) -> String {
    format!(", at most {peak}")
}

/// `$5.50/h`, `$5.50/h plus 3 machines without a known price`.
pub fn peak_total(peak: Cost) -> String {
    match peak.unpriced {
        0 => format!("{}/h", peak.known),
        unpriced => format!("{}/h plus {} without a known price", peak.known, count(unpriced as usize, "machine")),
    }
}

/// The cost of one resource that may rise by itself: `$0.00/h, at most $5.50/h`.
pub fn cost_and_peak(cost: Cost, peak: Option<Cost>) -> String {
    let peak = peak.map(|peak| match peak.amount() {
        Some(amount) => at_most(&format!("{amount}/h")),
        None => ", price of its workers not known".to_owned(),
    });
    cost.of_one() + &peak.unwrap_or_default()
}

/// The end of a sentence that nothing is billed, with a peak from [`at_most`] or none.
pub fn without_requests(peak: &str) -> String {
    if peak.is_empty() { String::new() } else { format!(" without requests{peak} with them") }
}

/// The end of a sentence about a total; empty if only a part of it is known.
pub fn in_all(total: Cost) -> &'static str {
    if total.is_known() { " in all" } else { "" }
}

/// `+$1.98`, `-$0.74`.
pub fn difference(amount: Money) -> String {
    format!("{}{amount}", if amount < Money::ZERO { "" } else { "+" })
}

/// The URL of the page in RunPod's console that opens a shell in a pod.
///
/// Source: the user's document, "Method 4: Web Terminal".
pub fn web_terminal(pod_id: &str) -> String {
    format!("https://www.runpod.io/console/pods/{pod_id}/terminal")
}

/// The page of RunPod's console for destroying objects that are in no state.
pub const CONSOLE: &str = "https://www.runpod.io/console/pods";

/// The command that shows this plan again; `flags` are the flags that shaped it.
pub fn plan_command(plan: &Plan, flags: &[String]) -> String {
    let destroy = plan.destroy.then_some("--destroy").into_iter();
    let remembers = plan.unrefreshed.then_some("--refresh=false").into_iter();
    // `destroy` takes addresses; `plan --destroy` takes them as targets.
    let flags = flags.iter().map(|flag| if flag.starts_with('-') { flag.clone() } else { format!("--target={flag}") });
    let own = destroy.chain(remembers).map(str::to_owned);
    command("plan", &plan.environment, own.chain(flags))
}

/// The command that applies exactly this plan.
pub fn expect_command(plan: &Plan, flags: &[String], id: &str) -> String {
    let verb = if plan.destroy { "destroy" } else { "apply" };
    let expect = ["--expect".to_owned(), id.to_owned()];
    command(verb, &plan.environment, expect.into_iter().chain(flags.iter().cloned()))
}

fn command(verb: &str, environment: &str, words: impl Iterator<Item = String>) -> String {
    let words: String = words.map(|word| format!(" {}", shell(&word))).collect();
    format!("sindri {verb} -e {}{words}", shell(environment))
}

/// The command that destroys one resource.
pub fn end_command(address: &Address) -> String {
    // Destroying a protected object by name requires the flag of its kind.
    let protection = kind::find(&address.kind).and_then(|kind| kind.protection);
    let flag = protection.map(|protection| format!(" {}", protection.flag)).unwrap_or_default();
    format!("sindri destroy {}{flag}", shell(&address.to_string()))
}

/// The command that imports one live object.
pub fn import_command(address: &Address, id: &str) -> String {
    format!("sindri import {} {}", shell(&address.to_string()), shell(id))
}

/// Maximum number of addresses to name in a short list.
const NAMED: usize = 3;
/// The longest list of replica numbers to write out, in characters after the name.
const LONGEST_RANGE: usize = 40;

/// `pod.worker[0..199]`, or the first few addresses and the number of others.
pub fn few(addresses: Vec<&Address>) -> String {
    let (named, more) = first_few(addresses);
    named.join(", ") + &more
}

/// Like `few`, with each address in backticks.
pub fn quoted_few(addresses: Vec<&Address>) -> String {
    let (named, more) = first_few(addresses);
    named.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ") + &more
}

fn first_few(mut addresses: Vec<&Address>) -> (Vec<String>, String) {
    addresses.sort();
    let all = addresses.len();
    let groups = fold::group_addresses(addresses.clone());
    let numbers = |group: &str| group.find('[').map_or(0, |start| group.len() - start);
    if groups.len() <= NAMED && groups.iter().all(|group| numbers(group) <= LONGEST_RANGE) {
        return (groups, String::new());
    }
    let named = fold::group_addresses(addresses.into_iter().take(NAMED).collect());
    let more = if all > NAMED { format!(" and {} more", all - NAMED) } else { String::new() };
    (named, more)
}

/// Values of the resource that a message may contain.
pub struct OwnValues<'a> {
    pub address: &'a Address,
    pub id: Option<&'a str>,
    pub name: Option<&'a str>,
}

/// A message with the values of its own resource replaced, so that messages with the same reason are equal.
pub fn impersonal(message: &str, own: &OwnValues<'_>) -> String {
    let mut text = message.replace(&own.address.to_string(), "ADDRESS");
    for (value, word) in [(own.id, "ID"), (own.name, "NAME")] {
        // A short value may be part of any word.
        if let Some(value) = value.filter(|value| value.len() > 3) {
            text = text.replace(value, word);
        }
    }
    // RunPod gives each request its own id.
    if let Some((before, rest)) = text.split_once(" [request ")
        && let Some((_, after)) = rest.split_once(']')
    {
        text = format!("{before}{after}");
    }
    text
}

/// An entry of `moved`, as YAML.
pub fn move_entry(from: &Address, to: &Address) -> String {
    // YAML reads an unquoted bracket as the start of a list.
    let end = |address: &Address| match address.index {
        Some(_) => format!("\"{address}\""),
        None => address.to_string(),
    };
    format!("- {{ from: {}, to: {} }}", end(from), end(to))
}

/// A word quoted for a shell. `'pod.trainer[0]'` needs quotes, because brackets are patterns.
pub fn shell(word: &str) -> String {
    // An argument cannot contain a null byte; `Line` escapes it in the output.
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), |quoted| quoted.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_name_the_two_largest_units() {
        for (seconds, text) in
            [(0, "0s"), (59, "59s"), (64, "1m 04s"), (3_600, "1h 00m"), (11_520, "3h 12m"), (190_800, "2d 05h")]
        {
            assert_eq!(duration(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn many_addresses_are_a_range_or_the_first_few() {
        let replicas: Vec<Address> = (0..200).map(|index| Address::new("pod", "w").with_index(index)).collect();
        assert_eq!(few(replicas.iter().collect()), "pod.w[0..199]");
        assert_eq!(few(replicas.iter().step_by(2).collect()), "pod.w[0,2,4] and 97 more");
        let named: Vec<Address> = [10, 9, 2, 1].map(|number| Address::new("pod", &format!("w{number}"))).to_vec();
        assert_eq!(few(named.iter().collect()), "pod.w1, pod.w2, pod.w9 and 1 more");
    }

    #[test]
    fn messages_with_the_same_reason_are_equal() {
        let said = |index: u32, id: &str| {
            let address = Address::new("pod", "w").with_index(index);
            let text = format!("DELETE /v2/pods/{id} answered 500: {address} is busy [request r-{id}] now");
            impersonal(&text, &OwnValues { address: &address, id: Some(id), name: None })
        };
        assert_eq!(said(1, "abcdef"), said(12, "ghijkl"));
        assert_eq!(said(1, "abcdef"), "DELETE /v2/pods/ID answered 500: ADDRESS is busy now");
    }

    #[test]
    fn commands_can_be_pasted_into_a_shell() {
        let address: Address = "pod.trainer[0]".parse().unwrap();
        assert_eq!(import_command(&address, "x; rm -rf ~"), "sindri import 'pod.trainer[0]' 'x; rm -rf ~'");
    }
}
