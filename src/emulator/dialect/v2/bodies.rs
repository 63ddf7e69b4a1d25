//! The request bodies of v2, as tables (OpenAPI v2, October 2026).

use crate::emulator::dialect::schema::{NAME, Pattern, Shape, TEXT, TEXTS, Type};
use crate::emulator::state::hardware::Cloud;

const ANY: u64 = u64::MAX;
const FROM_ONE: Type = Type::Whole { min: 1, max: ANY };

pub(super) const CUDA_VERSION: Pattern = Pattern { source: r"^\d+\.\d+$", holds: is_version };
const VERSION: Type = Type::Text { min: 0, max: usize::MAX, pattern: Some(&CUDA_VERSION) };

fn is_version(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.').is_some_and(|(major, minor)| digits(major) && digits(minor))
}

const GPU: Shape = Shape {
    members: &[
        ("id", TEXT),
        ("count", FROM_ONE),
        ("allowedCudaVersions", Type::List { of: &VERSION, max: usize::MAX }),
        ("minCudaVersion", VERSION),
        ("minRamPerGpu", FROM_ONE),
        ("minVcpuCountPerGpu", FROM_ONE),
    ],
    required: &["id"],
    min_members: 0,
};

const CPU: Shape = Shape {
    members: &[("id", NAME), ("vcpuCount", Type::Whole { min: 2, max: ANY })],
    required: &["id", "vcpuCount"],
    min_members: 0,
};

const PERSISTENT: Shape = Shape {
    members: &[("size", Type::Whole { min: 10, max: ANY }), ("path", TEXT)],
    required: &["size", "path"],
    min_members: 0,
};

const NETWORK: Shape =
    Shape { members: &[("volumeId", TEXT), ("path", TEXT)], required: &["volumeId", "path"], min_members: 0 };

const MOUNTS: Shape = Shape {
    members: &[
        ("persistent", Type::Object(&PERSISTENT)),
        ("network", Type::List { of: &Type::Object(&NETWORK), max: 1 }),
    ],
    required: &[],
    min_members: 0,
};

pub(super) const CREATE_POD: Shape = Shape {
    members: &[
        ("name", NAME),
        ("image", TEXT),
        ("args", TEXT),
        ("cmd", TEXTS),
        ("entrypoint", TEXTS),
        ("disk", FROM_ONE),
        ("env", Type::TextMap),
        ("ports", TEXTS),
        ("registry", Type::OrNull(&TEXT)),
        ("cloud", Type::Word(Cloud::WORDS)),
        ("cpu", Type::Object(&CPU)),
        ("dataCenterIds", TEXTS),
        ("globalNetworking", Type::Flag),
        ("gpu", Type::Object(&GPU)),
        ("mounts", Type::Object(&MOUNTS)),
        ("startJupyter", Type::Flag),
        ("startSsh", Type::Flag),
        ("templateId", NAME),
    ],
    required: &["name"],
    min_members: 0,
};

pub(super) const UPDATE_POD: Shape = Shape {
    members: &[
        ("name", NAME),
        ("image", TEXT),
        ("args", TEXT),
        ("cmd", TEXTS),
        ("entrypoint", TEXTS),
        ("disk", FROM_ONE),
        ("env", Type::TextMap),
        ("ports", TEXTS),
        ("registry", Type::OrNull(&TEXT)),
        ("globalNetworking", Type::Flag),
        ("locked", Type::Flag),
        ("mounts", Type::Object(&MOUNTS)),
        ("templateId", TEXT),
    ],
    required: &[],
    min_members: 0,
};

const TEMPLATE_MOUNTS: Shape =
    Shape { members: &[("persistent", Type::Object(&PERSISTENT))], required: &[], min_members: 0 };

pub(super) const CREATE_TEMPLATE: Shape = Shape {
    members: &[
        ("name", NAME),
        ("image", TEXT),
        ("args", TEXT),
        ("cmd", TEXTS),
        ("entrypoint", TEXTS),
        ("disk", FROM_ONE),
        ("env", Type::TextMap),
        ("ports", TEXTS),
        ("registry", Type::OrNull(&TEXT)),
        ("mounts", Type::Object(&TEMPLATE_MOUNTS)),
        ("serverless", Type::Flag),
        ("public", Type::Flag),
        ("category", Type::Word(&["CPU", "NVIDIA", "AMD"])),
        ("startJupyter", Type::Flag),
        ("startSsh", Type::Flag),
        ("allowedCudaVersions", Type::List { of: &VERSION, max: usize::MAX }),
    ],
    required: &["name", "image"],
    min_members: 0,
};

pub(super) const CREATE_REGISTRY: Shape = Shape {
    members: &[("name", NAME), ("username", NAME), ("password", NAME)],
    required: &["name", "username", "password"],
    min_members: 0,
};

pub(super) const POD_ACTION: Shape = Shape {
    members: &[("action", Type::Word(&["start", "stop", "restart", "terminate"]))],
    required: &["action"],
    min_members: 0,
};

const VOLUME_SIZE: Type = Type::Whole { min: 10, max: 4096 };

pub(super) const VOLUME_TIERS: &[&str] = &["STANDARD", "HIGH_PERFORMANCE"];

pub(super) const CREATE_VOLUME: Shape = Shape {
    members: &[("name", NAME), ("size", VOLUME_SIZE), ("dataCenter", NAME), ("type", Type::Word(VOLUME_TIERS))],
    required: &["name", "size", "dataCenter"],
    min_members: 0,
};

pub(super) const UPDATE_VOLUME: Shape =
    Shape { members: &[("name", NAME), ("size", VOLUME_SIZE)], required: &[], min_members: 1 };
