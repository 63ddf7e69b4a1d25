//! The shapes of endpoint requests (OpenAPI v2, October 2026).

use super::container::{CONTAINER, CUDA_VERSION, VERSION, VERSIONS};
use super::pod_bodies::CPU;
use crate::emulator::dialect::schema::{
    FROM_ONE, Member, NAME, ObjectShape, Pattern, TEXT, TEXTS, Type, WHOLE, is_any_integer,
};

const GPU_TYPE: Pattern =
    Pattern { source: r"^\s*[^-\s]", holds: |text| first_letter(text).is_some_and(|it| it != '-') };

const CUDA_FLOOR: Pattern =
    Pattern { source: r"^$|^\d+\.\d+$", holds: |text| text.is_empty() || (CUDA_VERSION.holds)(text) };

fn first_letter(text: &str) -> Option<char> {
    text.chars().find(|letter| !letter.is_whitespace())
}

const GPU: &[Member] = &[
    ("pools", Type::List { of: &TEXT, min: 1, max: usize::MAX, unique: false }),
    (
        "excludedTypes",
        Type::List {
            of: &Type::Text { min: 0, max: usize::MAX, pattern: Some(&GPU_TYPE) },
            min: 0,
            max: usize::MAX,
            unique: true,
        },
    ),
    ("count", FROM_ONE),
    ("allowedCudaVersions", VERSIONS),
];

const CREATE_GPU: ObjectShape =
    ObjectShape { members: &[GPU, &[("minCudaVersion", VERSION)]], required: &["pools"], min_members: 0 };

const UPDATE_GPU: ObjectShape = ObjectShape {
    members: &[GPU, &[("minCudaVersion", Type::Text { min: 0, max: usize::MAX, pattern: Some(&CUDA_FLOOR) })]],
    required: &[],
    min_members: 0,
};

const CPUS: Type = Type::List { of: &Type::Object(&CPU), min: 1, max: usize::MAX, unique: true };

const WORKERS: ObjectShape = ObjectShape {
    members: &[&[("min", WHOLE), ("max", WHOLE), ("idleTimeout", Type::Whole { min: 1, max: 3600 })]],
    required: &[],
    min_members: 0,
};

const QUEUE_DELAY: ObjectShape = ObjectShape {
    members: &[&[("type", Type::Word(&["QUEUE_DELAY"])), ("queueDelay", Type::Decimal { min: 0.5 })]],
    required: &["type", "queueDelay"],
    min_members: 0,
};

const REQUEST_COUNT: ObjectShape = ObjectShape {
    members: &[&[("type", Type::Word(&["REQUEST_COUNT"])), ("requestCount", FROM_ONE)]],
    required: &["type", "requestCount"],
    min_members: 0,
};

const SCALING: Type =
    Type::Tagged { by: "type", shapes: &[("QUEUE_DELAY", &QUEUE_DELAY), ("REQUEST_COUNT", &REQUEST_COUNT)] };

const ENDPOINT: &[Member] = &[
    ("name", NAME),
    ("scaling", SCALING),
    ("cpu", CPUS),
    ("dataCenterIds", TEXTS),
    ("flashboot", Type::Word(&["OFF", "FLASHBOOT", "PRIORITY_FLASHBOOT"])),
    ("networkVolumes", TEXTS),
    ("timeout", Type::Checked { what: "integer", holds: is_any_integer }),
    ("workers", Type::Object(&WORKERS)),
];

pub(super) const CREATE_ENDPOINT: ObjectShape = ObjectShape {
    members: &[
        CONTAINER,
        ENDPOINT,
        &[("type", Type::Word(&["QUEUE", "LOAD_BALANCER"])), ("gpu", Type::Object(&CREATE_GPU)), ("templateId", NAME)],
    ],
    required: &["name", "type", "scaling"],
    min_members: 0,
};

pub(super) const UPDATE_ENDPOINT: ObjectShape = ObjectShape {
    members: &[CONTAINER, ENDPOINT, &[("gpu", Type::Object(&UPDATE_GPU)), ("templateId", TEXT)]],
    required: &[],
    min_members: 0,
};
