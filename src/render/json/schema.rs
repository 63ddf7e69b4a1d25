//! The JSON Schema of a plan from [`super::plan_json`], maintained by hand. A test validates every plan against it, and
//! fails if a member is missing here.

mod parts;
mod planned;

use serde_json::{Value as Json, json};

use super::planned::TERRAFORM_VERSION;
use parts::{closed, count, flag, identity, list, money, of, or_null, text};
use planned::{configuration, declared_resource, module, planned_resource};

/// The schema, draft 2020-12.
pub fn plan_schema() -> Json {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "sindri plan --json",
        "description": "A plan in Terraform's format, with sindri's own members under `sindri`. Money is in US \
                        dollars. A secret is null, and true in the adjacent member whose name ends in `_sensitive`.",
        "$ref": "#/$defs/plan",
        "$defs": {
            "plan": plan(),
            "resource_change": resource_change(),
            "planned_resource": planned_resource(),
            "declared_resource": declared_resource(),
            "resource_drift": resource_drift(),
            "own_of_change": own_of_change(),
            "field": field(),
            "cause": cause(),
            "refusal": refusal(),
            "loss": loss(),
            "side_effect": side_effect(),
            "orphan": orphan(),
            "wait": wait(),
            "summary": summary(),
            "cost": cost(),
            "address": {
                "type": "string",
                "description": "`pod.trainer`, `pod.trainer[3]`, `port.trainer[3]:8888/http`",
            },
            "position": closed("Position in a file, counted from 1.", &[
                ("file", json!({ "type": "string" })),
                ("line", json!({ "type": "integer", "minimum": 1 })),
                ("column", json!({ "type": "integer", "minimum": 1 })),
            ], &[]),
            "attributes": { "type": "object", "description": "Attributes by name." },
            "markers": {
                "description": "True if the value at the same path is marked, or an object of such markers.",
                "anyOf": [
                    { "type": "boolean" },
                    { "type": "object", "additionalProperties": { "$ref": "#/$defs/markers" } },
                    { "type": "array", "items": { "$ref": "#/$defs/markers" } },
                ],
            },
            "action": { "enum": ACTIONS },
            "risk": { "enum": ["none", "restart", "ephemeral-loss", "address-loss", "jobs-loss", "disk-loss", "volume-loss"] },
            "effect": { "enum": ["in_place", "rollout", "restart", "replace"] },
        },
    })
}

const ACTIONS: [&str; 9] = ["no-op", "create", "update", "replace", "delete", "start", "stop", "import", "forget"];

fn plan() -> Json {
    closed(
        "A plan: the differences, their causes, and the cost and data loss of applying it.",
        &[
            ("format_version", json!({ "const": "1.2" })),
            (
                "terraform_version",
                json!({ "const": TERRAFORM_VERSION, "description": "The Terraform version that defines this format." }),
            ),
            ("complete", flag()),
            ("errored", flag()),
            ("applyable", json!({ "type": "boolean", "description": "There are changes, and no refusals." })),
            (
                "planned_values",
                closed(
                    "The resources that are managed afterwards.",
                    &[("root_module", module("planned_resource"))],
                    &[],
                ),
            ),
            ("configuration", configuration()),
            ("resource_changes", list("resource_change")),
            ("resource_drift", list("resource_drift")),
            ("sindri", own_of_plan()),
        ],
        &[],
    )
}

fn own_of_plan() -> Json {
    let note = closed("", &[("address", or_null(of("address"))), ("message", text())], &[]);
    let moved = closed("", &[("from", of("address")), ("to", of("address"))], &[]);
    let rename = closed(
        "",
        &[
            ("from", of("address")),
            ("to", of("address")),
            ("id", text()),
            ("differing", json!({ "type": "array", "items": text() })),
            ("keeps", json!({ "type": "boolean", "description": "It would continue under the new address." })),
        ],
        &[],
    );
    let left_out = closed("", &[("address", of("address")), ("action", of("action"))], &[]);
    let partial = closed(
        "Present if the plan covers only some resources.",
        &[
            ("targets", list("address")),
            ("left_out", json!({ "type": "array", "items": left_out, "description": "Other pending changes." })),
            ("refused", list("refusal")),
            (
                "not_ready",
                json!({
                    "type": "array",
                    "items": of("address"),
                    "description": "Other resources that are not ready."
                }),
            ),
        ],
        &[],
    );
    closed(
        "Members that Terraform's format does not have.",
        &[
            ("format_version", json!({ "const": super::FORMAT_VERSION })),
            ("plan_id", or_null(json!({ "type": "string", "description": "The argument of `apply --expect`." }))),
            ("name", text()),
            ("environment", text()),
            ("lineage", text()),
            ("new_state", json!({ "type": "boolean", "description": "Nothing is recorded yet; the lineage is new." })),
            ("api", text()),
            ("dialect", json!({ "enum": ["v1", "v2"] })),
            ("destroy", flag()),
            (
                "refresh_only",
                json!({ "type": "boolean", "description": "The plan changes only the state, to match RunPod." }),
            ),
            ("refreshed", json!({ "type": "boolean", "description": "Whether the plan was refreshed from RunPod." })),
            ("partial", or_null(partial)),
            ("moves", json!({ "type": "array", "items": moved })),
            ("renames", json!({ "type": "array", "items": rename, "description": "Keys that appear to be renamed." })),
            ("prior_digest", json!({ "type": "string", "description": "Identifies the prior state." })),
            (
                "requests",
                json!({ "type": "integer", "minimum": 0, "description": "The number of requests that apply sends." }),
            ),
            ("summary", of("summary")),
            ("cost", of("cost")),
            ("data_at_risk_gb", json!({ "type": "integer" })),
            ("data_loss", list("loss")),
            ("risk", of("risk")),
            ("refusals", list("refusal")),
            ("orphans", list("orphan")),
            ("not_ready", list("wait")),
            ("notes", json!({ "type": "array", "items": note })),
        ],
        &[],
    )
}

fn summary() -> Json {
    let counts = ACTIONS.map(|action| (action, count()));
    closed("The number of resources per action; ports count with their pods.", &counts, &[])
}

fn cost() -> Json {
    closed(
        "Estimated cost of everything recorded and planned.",
        &[
            ("currency", json!({ "const": "USD" })),
            ("hourly_before", or_null(money("per hour, now; null if a price is not known"))),
            ("hourly_after", or_null(money("per hour, afterwards; null if a price is not known"))),
            ("hourly_peak_before", or_null(money("per hour when all workers run, now; null if it is not known"))),
            ("hourly_peak_after", or_null(money("per hour when all workers run, afterwards; null if not known"))),
            ("hourly_change", or_null(money("per hour; null if a price is not known"))),
            ("monthly_change", or_null(money("in a month of 730 hours; null if a price is not known"))),
            ("known_hourly_before", money("per hour, now, of resources with a known price")),
            ("known_hourly_after", money("per hour, afterwards, of resources with a known price")),
            ("unpriced", list("address")),
        ],
        &[],
    )
}

fn resource_change() -> Json {
    let words = json!({ "enum": ["no-op", "create", "update", "delete", "forget"] });
    let change = closed(
        "",
        &[
            ("actions", json!({ "type": "array", "items": words, "minItems": 1, "maxItems": 2 })),
            ("before", or_null(of("attributes"))),
            ("after", or_null(of("attributes"))),
            ("after_unknown", of("markers")),
            ("before_sensitive", of("markers")),
            ("after_sensitive", of("markers")),
            ("replace_paths", json!({ "type": "array", "items": path() })),
            ("importing", closed("", &[("id", or_null(text()))], &[])),
        ],
        &["replace_paths", "importing"],
    );
    let reasons = [
        "replace_because_tainted",
        "replace_because_cannot_update",
        "replace_by_request",
        "delete_because_no_resource_config",
    ];
    let mut members = identity();
    members.push(("change", change));
    members.push(("action_reason", json!({ "enum": reasons })));
    members.push(("sindri", of("own_of_change")));
    closed("The change to one resource.", &members, &["index", "action_reason"])
}

/// `["image"]`, `["env", "LOG.LEVEL"]`.
fn path() -> Json {
    json!({ "type": "array", "items": text(), "minItems": 1, "maxItems": 2 })
}

fn own_of_change() -> Json {
    closed(
        "Members that Terraform's format does not have.",
        &[
            ("action", of("action")),
            ("create_before_destroy", flag()),
            ("id", or_null(json!({ "type": "string", "description": "RunPod's id of the current object." }))),
            ("member", or_null(json!({ "type": "string", "description": "For a port: `8888/http`." }))),
            ("risk", of("risk")),
            ("reasons", list("cause")),
            ("fields", list("field")),
            ("side_effects", list("side_effect")),
            ("hourly_before", or_null(money("per hour, now; null if it is not known"))),
            ("hourly_after", or_null(money("per hour, afterwards; null if it is not known"))),
            ("hourly_peak_after", or_null(money("per hour when all workers run, afterwards; null if not known"))),
            ("in_place_alternative", or_null(text())),
            ("position", or_null(of("position"))),
        ],
        &[],
    )
}

fn field() -> Json {
    let members = [
        ("path", path()),
        ("before", json!({})),
        ("after", json!({})),
        ("after_unknown", flag()),
        ("before_sensitive", of("markers")),
        ("after_sensitive", of("markers")),
        ("effect", of("effect")),
        ("rule", json!({ "type": "string", "description": "The API rule that determines the effect." })),
        ("origin", origin()),
        ("position", or_null(of("position"))),
    ];
    closed("One attribute that differs.", &members, &[])
}

/// A side effect of a change that is not one of its fields.
fn side_effect() -> Json {
    let several = |name: &str, members: &[(&'static str, Json)]| {
        closed("", &[&[("side_effect", json!({ "const": name }))], members].concat(), &[])
    };
    let case = |name: &str, member: (&'static str, Json)| several(name, &[member]);
    json!({
        "description": "A side effect of a change, besides its fields.",
        "oneOf": [
            case("field", ("field", of("field"))),
            case("boots", ("hourly", or_null(money("per hour, until it is stopped")))),
            case("keeps_old_value", ("users", list("address"))),
            several(
                "keeps_old_object",
                &[
                    ("id", json!({ "type": "string" })),
                    ("users", list("address")),
                    ("others", json!({ "type": "array", "items": { "type": "string" } })),
                ],
            ),
            case("destroyed_first", ("needs", of("address"))),
        ],
    })
}

/// The origin of a difference.
fn origin() -> Json {
    json!({
        "enum": ["declared", "drift", null],
        "description": "Whether the configuration changed, or the object was changed outside sindri; null if unknown.",
    })
}

/// One schema per value of `cause`.
fn cause() -> Json {
    let power = json!({ "enum": ["running", "stopped"] });
    let actions = [&ACTIONS[..], &["replace-create-first"]].concat();
    let action = json!({ "enum": actions, "description": "The action on the other resource." });
    let causes: [(&str, Vec<(&str, Json)>); 16] = [
        ("new", vec![("position", or_null(of("position")))]),
        ("fields", vec![]),
        ("missing", vec![("id", text())]),
        ("tainted", vec![]),
        ("broken", vec![("status", text()), ("retry", json!({ "enum": ["start", "stop-and-start", null] }))]),
        ("undeclared", vec![]),
        ("superseded", vec![("by", of("address"))]),
        ("destroy", vec![]),
        ("needed_by", vec![("address", of("address"))]),
        ("dependency", vec![("address", of("address")), ("action", action)]),
        ("parent", vec![("address", of("address"))]),
        ("power", vec![("wanted", power), ("origin", origin()), ("position", or_null(of("position")))]),
        ("marker", vec![("id", text()), ("operation", text()), ("same_lineage", flag())]),
        ("lookalike", vec![("id", text())]),
        ("mounted", vec![("id", text()), ("by", of("address"))]),
        ("flag", vec![("flag", text())]),
    ];
    let shapes = causes.into_iter().map(|(word, mut members)| {
        members.push(("cause", json!({ "const": word })));
        closed("", &members, &[])
    });
    json!({ "oneOf": shapes.collect::<Vec<_>>() })
}

fn resource_drift() -> Json {
    let change = closed(
        "`before` is the last applied value, `after` the current value.",
        &[
            ("actions", json!({ "enum": [["update"], ["delete"]] })),
            ("before", or_null(of("attributes"))),
            ("after", or_null(of("attributes"))),
            ("after_unknown", of("markers")),
            ("before_sensitive", of("markers")),
            ("after_sensitive", of("markers")),
        ],
        &[],
    );
    let classes = ["gone", "changed", "stopped", "started", "zero-gpu", "errored", "moved", "rotated", "scaled-down"];
    let answers = ["untouched", "planned", "agrees", "ignored", "refused", "left-out", "accepted"];
    let members = [
        ("class", json!({ "enum": classes })),
        ("id", text()),
        ("member", or_null(text())),
        ("finding", json!({ "type": "string", "description": "The id of the finding in `sindri drift`." })),
        ("answer", json!({ "enum": answers, "description": "How this plan handles it." })),
    ];
    let mut all = identity();
    all.push(("change", change));
    all.push(("sindri", closed("", &members, &[])));
    closed("How one resource differs from its last applied state.", &all, &["index"])
}

fn loss() -> Json {
    let members = [
        ("address", of("address")),
        ("id", or_null(text())),
        ("what", json!({ "type": "string", "description": "`pod volume`, `network volume`, `container disk`" })),
        ("names", json!({ "type": "array", "items": text(), "description": "The names of lost variables." })),
        ("size_gb", or_null(json!({ "type": "integer" }))),
        ("mount_path", or_null(text())),
        ("precious", json!({ "type": "boolean", "description": "Losing it requires separate consent." })),
    ];
    closed("Data that the plan destroys.", &members, &[])
}

fn refusal() -> Json {
    let members = [
        ("address", or_null(of("address"))),
        ("code", json!({ "type": "string", "description": "A stable word: `protected`, `budget`, ..." })),
        ("message", text()),
        ("help", text()),
        ("position", or_null(of("position"))),
    ];
    closed("A reason why the plan cannot be applied.", &members, &[])
}

fn wait() -> Json {
    let members = [
        ("address", of("address")),
        ("id", text()),
        ("status", text()),
        ("created_at", or_null(text())),
        ("started_at", or_null(text())),
        (
            "awaiting",
            json!({
                "enum": ["first", "again", null],
                "description": "`first`: never ready yet; `again`: started or adopted since; null: it was ready \
                                before.",
            }),
        ),
        ("timeout_seconds", count()),
    ];
    closed("A resource that exists and is declared to run, but is not ready yet. Apply waits for it.", &members, &[])
}

fn orphan() -> Json {
    let members = [
        ("kind", text()),
        ("id", text()),
        ("name", text()),
        ("marker", text()),
        ("address", of("address")),
        ("status", or_null(text())),
        ("hourly", or_null(money("per hour"))),
        ("created_at", or_null(text())),
    ];
    closed("An object that has this project's marker but is not in the state.", &members, &[])
}
