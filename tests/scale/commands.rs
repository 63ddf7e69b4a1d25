//! The requests of commands: one list of each kind, and one request for each object that changes.

use serde_json::json;

use crate::support::large_fleet::LargeFleet;
use crate::support::{Emulator, Project, side_by_side};

/// They send one list of each kind. A thousand pods are one page.
const READING: [&str; 7] = ["plan", "status", "output", "drift", "refresh", "wait", "import --discover"];

/// Each with the request that it sends for every pod.
const CHANGING: [(&str, &str); 4] = [
    ("apply -y --updates in-place", "PATCH /v2/pods/ID"),
    ("stop --all", "POST /v2/pods/ID/action"),
    ("start --all", "POST /v2/pods/ID/action"),
    ("destroy -y", "DELETE /v2/pods/ID"),
];

/// The lists of a command that waits, however long a busy machine makes it wait. Fewer than one for each pod of the
/// larger fleet.
const MOST_LISTS: usize = 25;

/// The lists of a project with pods and network volumes.
const LISTS: &[&str] = &["GET /v2/network-volumes", "GET /v2/pods"];

/// The lists of every kind. `ID` stands for `secrets` and `delegations`.
const EVERY_LIST: &[&str] = &[
    "GET /v2/account/ID",
    "GET /v2/network-volumes",
    "GET /v2/pods",
    "GET /v2/registries",
    "GET /v2/registries/ID",
    "GET /v2/serverless",
    "GET /v2/templates",
];

struct Account {
    emulator: Emulator,
    project: Project,
    pods: usize,
}

impl Account {
    /// The lists of a command and its other requests, sorted, with `ID` in place of ids.
    fn requests(&self, command: &str) -> (Vec<String>, Vec<String>) {
        let before = self.emulator.requests().len();
        self.project.run(&self.emulator, command).exits(0);
        let requests = self.emulator.requests().split_off(before);
        let mut requests: Vec<String> = requests.iter().map(|request| without_id(request)).collect();
        requests.sort();
        requests.into_iter().partition(|request| request.starts_with("GET "))
    }

    fn changes<'a>(&self, command: &str, mut expected: Vec<&'a str>, request: &'a str) {
        let (lists, changes) = self.requests(command);
        expected.resize(expected.len() + self.pods, request);
        assert_eq!(changes, expected, "`{command}` of {} pods", self.pods);
        assert!(lists.len() <= MOST_LISTS, "`{command}` of {} pods sends {} lists", self.pods, lists.len());
    }
}

/// `PATCH /v2/pods/ID` for `PATCH /v2/pods/5xpma5eg46tqjq`.
fn without_id(request: &str) -> String {
    let parts: Vec<&str> = request.split('/').collect();
    parts.iter().enumerate().map(|(number, part)| if number == 3 { "ID" } else { part }).collect::<Vec<_>>().join("/")
}

#[test]
fn a_command_lists_each_kind_once_and_sends_one_request_for_each_change() {
    side_by_side([5, 50], |pods| {
        let fleet = LargeFleet::of(pods);
        let account = Account { emulator: Emulator::start(), project: Project::new(&fleet.yaml()), pods };
        let credit = json!({ "balance": 1e9, "spendLimit": null });
        assert_eq!(account.emulator.ask("PUT", "/_emu/account", Some(credit)).0, 200);
        account.changes("apply -y", vec!["POST /v2/network-volumes"], "POST /v2/pods");
        for command in READING {
            let (lists, changes) = account.requests(command);
            // An import also lists the kinds that nothing declares.
            let expected = if command == "import --discover" { EVERY_LIST } else { LISTS };
            assert_eq!(lists, *expected, "`{command}` of {pods} pods");
            assert!(changes.is_empty(), "`{command}` of {pods} pods sends {changes:?}");
        }
        account.project.write("sindri.yaml", &LargeFleet { image: "ghcr.io/team/train:2", ..fleet }.yaml());
        for (command, request) in CHANGING {
            account.changes(command, Vec::new(), request);
        }
    });
}
