//! The measured commands.

use serde_json::Value;

use crate::support::Project;
use crate::support::large_fleet::{Keys, LargeFleet, Layout};

/// One row of the table.
pub struct Command {
    /// For `--only`.
    pub name: &'static str,
    pub title: &'static str,
    /// The arguments, split at spaces.
    pub words: &'static str,
    pub exit: i32,
    pub before: Before,
    /// The fleet that is declared when the command runs, from the fleet of `before`.
    pub after: fn(LargeFleet) -> LargeFleet,
    /// Prepares the folder, which contains the configuration and the state.
    pub prepare: fn(&Project),
    /// Whether the account has to be restored before each run.
    pub changes_account: bool,
    pub sizes: Sizes,
}

/// The fleet that was applied before the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// An empty account.
    Nothing,
    /// Blocks with a hundred replicas.
    Replicas,
    /// One block per pod, all different.
    Blocks,
    /// One block per pod on 50 volumes, so that the number of equal pods grows with the fleet.
    Alike,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizes {
    All,
    /// The sizes between which growth is measured.
    Growth,
}

impl Before {
    /// The applied fleet, or the fleet to apply.
    pub fn fleet(self, pods: usize) -> LargeFleet {
        let fleet = LargeFleet::of(pods);
        match self {
            Self::Nothing | Self::Replicas => fleet,
            Self::Blocks => LargeFleet { layout: Layout::Blocks, ..fleet },
            Self::Alike => LargeFleet { layout: Layout::Alike, volumes: 50, ..fleet },
        }
    }
}

/// A command that reads an applied fleet of replicas.
const READ: Command = Command {
    name: "",
    title: "",
    words: "",
    exit: 0,
    before: Before::Replicas,
    after: |fleet| fleet,
    prepare: |_| {},
    changes_account: false,
    sizes: Sizes::Growth,
};

/// A plan that replaces every pod.
const REPLACE: Command = Command { after: with_another_image, ..READ };

/// A plan with new keys for all blocks.
const RENAME: Command = Command {
    words: "plan --detailed-exitcode",
    exit: 2,
    before: Before::Blocks,
    after: |fleet| LargeFleet { keys: Keys::Renamed, ..fleet },
    ..READ
};

pub const COMMANDS: &[Command] = &[
    Command {
        name: "plan",
        title: "`plan` without changes",
        words: "plan --detailed-exitcode",
        sizes: Sizes::All,
        ..READ
    },
    Command {
        name: "apply",
        title: "`apply`, all created",
        words: "apply --auto-approve",
        before: Before::Nothing,
        changes_account: true,
        sizes: Sizes::All,
        ..READ
    },
    Command {
        name: "destroy",
        title: "`destroy`",
        words: "destroy --auto-approve",
        changes_account: true,
        sizes: Sizes::All,
        ..READ
    },
    Command {
        name: "update",
        title: "`apply`, all updated",
        words: "apply --auto-approve --updates in-place",
        changes_account: true,
        ..REPLACE
    },
    Command { name: "drift", title: "`drift`", words: "drift", ..READ },
    Command { name: "status", title: "`status`", words: "status", ..READ },
    Command {
        name: "import-all",
        title: "`import --all`",
        words: "import --all --include-marked --name fleet",
        prepare: |project| {
            lose_state(project);
            std::fs::remove_file(project.path("sindri.yaml")).expect("a configuration");
        },
        ..READ
    },
    Command { name: "discover", title: "`import --discover`", words: "import --discover", prepare: lose_state, ..READ },
    Command {
        name: "merge",
        title: "`state merge`",
        words: "state merge base.json ours.json theirs.json",
        prepare: change_on_both_sides,
        ..READ
    },
    Command { name: "text", title: "`plan`, all replaced", words: "plan", ..REPLACE },
    Command { name: "json", title: "`plan --json`, the same", words: "plan --json", ..REPLACE },
    Command { name: "markdown", title: "`plan --markdown`, the same", words: "plan --markdown", ..REPLACE },
    Command { name: "html", title: "`plan --html`, the same", words: "plan --html", ..REPLACE },
    Command { name: "renamed", title: "`plan`, keys renamed", ..RENAME },
    Command { name: "alike", title: "`plan`, alike keys renamed", before: Before::Alike, ..RENAME },
    Command {
        name: "moved",
        title: "`plan`, `moved` entries",
        after: |fleet| LargeFleet { keys: Keys::Moved, ..fleet },
        ..RENAME
    },
];

fn with_another_image(fleet: LargeFleet) -> LargeFleet {
    LargeFleet { image: "ghcr.io/team/train:2", ..fleet }
}

fn lose_state(project: &Project) {
    std::fs::remove_dir_all(project.path("state")).expect("a state");
}

/// Two versions of the state: each has new ids for another half of the records.
fn change_on_both_sides(project: &Project) {
    let base = project.state();
    let changed = |half: usize| {
        let mut state = base.clone();
        let records = state["resources"].as_object_mut().expect("records");
        for (_, record) in records.values_mut().enumerate().filter(|(number, _)| number % 2 == half) {
            let id = record["id"].as_str().expect("an id").to_owned();
            record["id"] = Value::from(format!("{id}{half}"));
        }
        format!("{state:#}\n")
    };
    project.write("base.json", &format!("{base:#}\n"));
    project.write("ours.json", &changed(0));
    project.write("theirs.json", &changed(1));
}
