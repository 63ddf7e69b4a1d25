//! Random fault lists, from the table of RunPod's observed behaviour.

use fastrand::Rng;
use serde_json::{Value, json};
use sindri::emulator::faults::{self, FaultRule};

/// Up to four rules.
pub fn rules(dice: &mut Rng) -> Vec<FaultRule> {
    let count = dice.usize(0..=4);
    let rules: Vec<Value> = (0..count).map(|_| rule(dice)).collect();
    faults::from_values(rules, "the storm").expect("rules that mean something")
}

/// Up to two rules for requests about secrets, registry credentials, templates and endpoints.
pub fn of_other_kinds(dice: &mut Rng) -> Vec<FaultRule> {
    let count = dice.usize(0..=2);
    let rules: Vec<Value> = (0..count).map(|_| rule_of_other_kinds(dice)).collect();
    faults::from_values(rules, "the storm").expect("rules that mean something")
}

fn rule_of_other_kinds(dice: &mut Rng) -> Value {
    let name = ["Secret", "Registry", "Template", "Endpoint"][dice.usize(..4)];
    let on = |verb: &str| {
        // RunPod cannot change a registry credential.
        let name = if verb == "update" && name == "Registry" { "Endpoint" } else { name };
        json!({ "operation": format!("{verb}{name}") })
    };
    match dice.u8(..9) {
        0 => json!({ "match": on("create"), "effect": { "statusAfterEffect": { "code": 502 } } }),
        1 => json!({ "match": on("create"), "effect": { "resetAfterEffect": true } }),
        2 => json!({ "match": on("create"), "effect": { "listLag": { "appear": dice.u32(1..25) } } }),
        3 => json!({ "match": on("update"), "effect": { "statusAfterEffect": { "code": 500 } } }),
        4 => json!({ "match": on("update"), "effect": { "resetBeforeEffect": true } }),
        5 => json!({ "match": on("update"), "effect": { "staleRead": { "seconds": 30 } } }),
        6 => json!({ "match": on("delete"), "effect": { "listLag": { "disappear": 30 } } }),
        7 => json!({ "match": on("delete"), "effect": { "resetAfterEffect": true } }),
        _ => {
            json!({ "match": { "operation": "listEndpoints", "probability": 0.3 }, "effect": { "status": { "code": 503 } } })
        }
    }
}

/// Makes every request slow, so that those of two programs overlap.
pub fn slow() -> Vec<FaultRule> {
    let rules = ["beforeEffect", "afterEffect"].map(|side| {
        json!({ "match": { "probability": 0.6 }, "effect": { "latency": { "seconds": 0.2, "upTo": 6, "side": side } } })
    });
    faults::from_values(rules.into(), "the storm").expect("rules that mean something")
}

fn rule(dice: &mut Rng) -> Value {
    let probability = [0.1, 0.3, 0.7][dice.usize(..3)];
    let creates = json!({ "operation": "create*", "probability": probability });
    let any = json!({ "probability": probability / 3.0 });
    let code = [500, 502, 503, 504][dice.usize(..4)];
    let dropped = ["image", "env"][dice.usize(..2)];
    let echo = ["verbatim", "reserialized", "split"][dice.usize(..3)];
    match dice.usize(..24) {
        0 | 1 => json!({ "match": creates, "effect": { "statusAfterEffect": { "code": code } } }),
        // Observed for v1 only (quirk Q7). For v2's refusals because of stock, the contract has no counter-example.
        2 => json!({ "match": { "dialect": "v1", "operation": "create*", "probability": probability },
                     "effect": { "ghost": true } }),
        3 => json!({ "match": creates, "effect": { "resetAfterEffect": true } }),
        4 => json!({ "match": any, "effect": { "resetBeforeEffect": true } }),
        5 => json!({ "match": any, "effect": { "resetAfterEffect": true } }),
        6 => json!({ "match": creates, "effect": { "truncate": { "bytes": dice.usize(0..60) } } }),
        7 => json!({ "match": any, "effect": { "status": { "code": code } } }),
        8 => json!({ "match": { "every": dice.usize(2..6) }, "effect": { "rateLimited": { "retryAfter": 2 } } }),
        9 => json!({ "match": { "operation": "create*" },
                     "effect": { "notFoundAfterCreate": { "seconds": 8 }, "listLag": { "appear": dice.u32(1..25) } } }),
        10 => json!({ "match": { "operation": "delete*" },
                      "effect": { "listLag": { "disappear": 30 }, "deleteSlow": { "seconds": 30 } } }),
        11 => json!({ "match": { "operation": "delete*", "times": 1 }, "effect": { "deleteIgnored": true } }),
        12 => json!({ "match": { "operation": "updatePod" }, "effect": { "staleRead": { "seconds": 30 } } }),
        13 => json!({ "match": creates, "effect": { "noCapacity": true } }),
        14 => json!({ "match": any, "effect": { "latency": { "seconds": 1, "upTo": 45, "side": "afterEffect" } } }),
        15 => json!({ "match": any, "effect": { "latency": { "seconds": 0.1, "upTo": 5 } } }),
        16 => {
            json!({ "match": any, "effect": { "garbage": { "code": 502, "contentType": "text/html", "text": "<html>" } } })
        }
        17 => {
            json!({ "match": { "operation": "updatePod" }, "effect": { "patchDropsField": dropped } })
        }
        // Early, so that it has ended when the faults end.
        18 => json!({ "match": creates, "effect": { "migrate": { "seconds": dice.u32(0..10) } } }),
        19 => json!({ "match": creates, "effect": { "preempt": { "seconds": dice.u32(0..10) } } }),
        20 => json!({ "match": creates, "effect": { "crashLoop": true, "hostDown": { "seconds": 5 } } }),
        21 => {
            json!({ "match": { "operation": "listPods", "probability": probability }, "effect": { "newStatus": "PAUSED" } })
        }
        22 => {
            json!({ "match": { "method": "GET" }, "effect": { "echoArgs": echo } })
        }
        _ => {
            json!({ "match": { "operation": "*", "probability": 0.2 }, "effect": { "zeroGpu": true, "extraMembers": true } })
        }
    }
}
