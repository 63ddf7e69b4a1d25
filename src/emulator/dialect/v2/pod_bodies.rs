//! The shapes of pod requests in v2 (OpenAPI v2, October 2026).

use super::container::{CONTAINER, PERSISTENT, VERSION, VERSIONS};
use crate::emulator::dialect::schema::{FROM_ONE, NAME, ObjectShape, TEXT, TEXTS, Type};
use crate::emulator::state::hardware::HostCloud;

const GPU: ObjectShape = ObjectShape {
    members: &[&[
        ("id", TEXT),
        ("count", FROM_ONE),
        ("allowedCudaVersions", VERSIONS),
        ("minCudaVersion", VERSION),
        ("minRamPerGpu", FROM_ONE),
        ("minVcpuCountPerGpu", FROM_ONE),
    ]],
    required: &["id"],
    min_members: 0,
};

pub(super) const CPU: ObjectShape = ObjectShape {
    members: &[&[("id", NAME), ("vcpuCount", Type::Whole { min: 2, max: u64::MAX })]],
    required: &["id", "vcpuCount"],
    min_members: 0,
};

const NETWORK: ObjectShape =
    ObjectShape { members: &[&[("volumeId", TEXT), ("path", TEXT)]], required: &["volumeId", "path"], min_members: 0 };

const MOUNTS: ObjectShape = ObjectShape {
    members: &[&[
        ("persistent", Type::Object(&PERSISTENT)),
        ("network", Type::List { of: &Type::Object(&NETWORK), min: 0, max: 1, unique: false }),
    ]],
    required: &[],
    min_members: 0,
};

pub(super) const CREATE_POD: ObjectShape = ObjectShape {
    members: &[
        CONTAINER,
        &[
            ("name", NAME),
            ("cloud", Type::Word(HostCloud::WORDS)),
            ("cpu", Type::Object(&CPU)),
            ("dataCenterIds", TEXTS),
            ("globalNetworking", Type::Flag),
            ("gpu", Type::Object(&GPU)),
            ("mounts", Type::Object(&MOUNTS)),
            ("startJupyter", Type::Flag),
            ("startSsh", Type::Flag),
            ("templateId", NAME),
        ],
    ],
    required: &["name"],
    min_members: 0,
};

pub(super) const UPDATE_POD: ObjectShape = ObjectShape {
    members: &[
        CONTAINER,
        &[
            ("name", NAME),
            ("globalNetworking", Type::Flag),
            ("locked", Type::Flag),
            ("mounts", Type::Object(&MOUNTS)),
            ("templateId", TEXT),
        ],
    ],
    required: &[],
    min_members: 0,
};

pub(super) const POD_ACTION: ObjectShape = ObjectShape {
    members: &[&[("action", Type::Word(&["start", "stop", "restart", "terminate"]))]],
    required: &["action"],
    min_members: 0,
};
