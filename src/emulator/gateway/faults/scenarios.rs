//! Named fault lists. They are accepted wherever a fault file is.

/// Name and rules. Source: emulator behaviour, section 10.
pub const SCENARIOS: &[(&str, &str)] = &[
    ("calm", "[]"),
    // Errors before and after the effect, and reset connections.
    (
        "flaky",
        "
- match: { probability: 0.05 }
  effect: { status: { code: 503 } }
- match: { probability: 0.02 }
  effect: { statusAfterEffect: { code: 502 } }
- match: { probability: 0.005 }
  effect: { resetBeforeEffect: true }
- match: { probability: 0.005 }
  effect: { resetAfterEffect: true }
",
    ),
    // Reads lag behind writes.
    (
        "eventual",
        "
- match: { operation: 'create*' }
  effect: { notFoundAfterCreate: { seconds: 8 }, listLag: { appear: 20 } }
- match: { operation: 'delete*' }
  effect: { listLag: { disappear: 30 }, deleteSlow: { seconds: 30 } }
- match: { operation: updatePod }
  effect: { staleRead: { seconds: 30 } }
",
    ),
    // Two of three creates find no stock. Sometimes the refused pod exists anyway.
    (
        "scarce",
        "
- match: { operation: createPod, probability: 0.05 }
  effect: { ghost: true }
- match: { operation: createPod, probability: 0.65 }
  effect: { noCapacity: true }
",
    ),
    // Every third call exceeds the rate limit.
    (
        "storm",
        "
- match: { every: 3 }
  effect: { rateLimited: { retryAfter: 2 } }
",
    ),
    // Another customer has rented the GPUs of a stopped pod.
    (
        "restart-without-gpu",
        "
- match: { operation: startPod }
  effect: { zeroGpu: true }
- match: { operation: podAction }
  effect: { zeroGpu: true }
",
    ),
    // Spot pods are preempted within five minutes. Only v1 has spot.
    (
        "spot",
        "
- match: { operation: createPod }
  effect: { preempt: { seconds: 300, allSpot: true } }
- match: { operation: startPod }
  effect: { preempt: { seconds: 300, allSpot: true } }
",
    ),
    // The third pod nearly uses up the balance.
    (
        "broke",
        "
- match: { operation: createPod, nth: 3 }
  effect: { balance: 0.05 }
",
    ),
    ("august-spec", "[{ match: { dialect: v2 }, effect: { augustSpec: true } }]"),
    (
        "v1-retired",
        "
- match: { dialect: v1 }
  effect: { status: { code: 410, body: { error: REST API v1 has been retired, status: 410 } } }
",
    ),
];

/// The rules of a scenario, as the text of a fault list.
pub fn find(name: &str) -> Option<&'static str> {
    SCENARIOS.iter().find(|(known, _)| *known == name).map(|(_, rules)| *rules)
}

/// The names of all scenarios, for messages.
pub fn names() -> String {
    SCENARIOS.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
