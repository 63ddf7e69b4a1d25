//! The fields of a network volume.

use crate::config::choices::volume_regions;
use crate::config::habits::habit;
use crate::config::lifecycle::LIFECYCLE;
use crate::config::table::{BlockSchema, Choices, Field, ForeignKeys, ValueShape};

pub(super) static SECTION: Field = Field::new(
    "networkVolumes",
    ValueShape::Named(&BLOCK),
    "Network volumes by name. sindri creates and enlarges them, and keeps them on `destroy`.",
)
.aliases(&["network_volumes"])
.like("networkVolumes: { data: { sizeGb: 100, region: US-KS-2 } }");

pub(super) static BLOCK: BlockSchema = BlockSchema {
    title: "a network volume",
    habits: HABITS,
    fields: &[&[
        Field::new("name", ValueShape::Text, "Its name at RunPod.").sets("name"),
        Field::new("sizeGb", ValueShape::Int(1, i64::MAX), "Its size in GB; it can grow, never shrink.")
            .aliases(&["size_gb", "size"])
            .sets("size_gb")
            .like("sizeGb: 100")
            .required(),
        Field::new("region", ValueShape::Id, "The id of its data center.")
            .aliases(&["dataCenterId"])
            .sets("region")
            .like("region: US-KS-2")
            .required()
            .choices(Choices::Open("volumeRegions", volume_regions)),
        Field::new(
            "tier",
            ValueShape::Word(&["STANDARD", "HIGH_PERFORMANCE"]),
            "Storage tier: `STANDARD` (default) or `HIGH_PERFORMANCE`.",
        )
        .aliases(&["type"])
        .sets("tier"),
        Field::new("lifecycle", ValueShape::Block(&LIFECYCLE), "Rules for updating, replacing and destroying it.")
            .like("lifecycle: { preventDestroy: true }"),
    ]],
    ..BlockSchema::EMPTY
};

static HABITS: &[ForeignKeys] = &[
    habit(
        &["dataCenter", "datacenter", "location", "zone"],
        "did you mean `region`? It takes a data center such as `US-KS-2`",
    ),
    habit(&["sizeInGb", "capacity", "volumeSizeGb", "diskGb"], "did you mean `sizeGb`? It counts GB: `sizeGb: 100`"),
    habit(
        &["id", "volumeId", "networkVolumeId"],
        "mount an existing volume with `networkVolumeId` in the pod, or import it with `sindri import`",
    ),
    habit(&["mountPath", "path", "mount", "volumeMountPath"], "set `volumeMountPath` in the pod that mounts it"),
];
