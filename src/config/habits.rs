//! Keys from RunPod's API, runpodctl, Terraform, docker compose and other clouds, and what to write instead.

use super::table::ForeignKeys;

pub(super) const ORDER: &str = "remove it: sindri orders resources by their references, such as `networkVolume`";

pub(super) const fn habit(keys: &'static [&'static str], instead: &'static str) -> ForeignKeys {
    ForeignKeys { keys, instead }
}

/// At the top level of the file.
pub(super) static ROOT_HABITS: &[ForeignKeys] = &[
    habit(&["volumes", "volume", "mounts"], "network volumes are declared under `providers.runpod.networkVolumes`"),
    habit(
        &["services", "pod", "instances", "servers", "machines"],
        "pods are declared under `providers.runpod.pods`, each under its name",
    ),
    habit(&["count", "replicas"], "`replicas` belongs under `providers.runpod.pods.NAME`"),
    habit(
        &["environments", "profiles", "workspaces", "stages"],
        "write the settings that differ in `prod` into `sindri.prod.yaml`, and select it with `-e prod`",
    ),
    habit(
        &["variables", "vars", "locals"],
        "`${NAME}` in a value reads the environment; anchors go under `x-...` keys",
    ),
    habit(&["environment", "envVars"], "did you mean `env`? It belongs under `providers.runpod`"),
    habit(&["dependsOn"], ORDER),
];

/// In `budget`.
pub(super) static BUDGET_HABITS: &[ForeignKeys] = &[
    habit(&["pods", "podCount", "count", "instances"], "did you mean `maxPods`?"),
    habit(
        &["hourly", "perHour", "maxPerHour", "maxCost", "maxPrice", "cost", "price", "limit", "max", "amount"],
        "did you mean `maxHourly`? It is in dollars per hour: `maxHourly: 25.00`",
    ),
    habit(
        &["monthly", "maxMonthly", "perMonth", "daily", "maxDaily"],
        "write an hourly limit: `maxHourly: 25.00`; sindri counts 730 hours a month",
    ),
];

/// Next to `runpod`.
pub(super) static PROVIDER_HABITS: &[ForeignKeys] = &[habit(
    &["aws", "gcp", "google", "azure", "lambda", "vast", "vastai", "coreweave", "modal", "local", "paperspace"],
    "remove it: sindri supports RunPod only, under `providers.runpod`",
)];
