//! The fields of a secret.

use crate::config::habits::habit;
use crate::config::lifecycle::LIFECYCLE;
use crate::config::table::{BlockSchema, Choices, Field, ForeignKeys, POSITIVE, ValueShape};

/// An item of `secrets`, whether sindri keeps it at RunPod or not.
pub(in crate::config) static BLOCK: BlockSchema = BlockSchema {
    title: "a secret",
    habits: HABITS,
    fields: &[&[
        Field::new("name", ValueShape::Text, "The environment variable in the pod.").like("name: HF_TOKEN").required(),
        Field::new("source", ValueShape::Word(&["env", "file", "runpod", "vault", "s3"]), "The source of its value.")
            .like("source: env")
            .choices(Choices::Closed(&["env", "file", "runpod"])),
        Field::new(
            "store",
            ValueShape::Word(&["runpod"]),
            "`runpod` keeps the value in RunPod's store. Pods get a reference instead of the value.",
        )
        .like("store: runpod"),
        Field::new("version", POSITIVE, "A counter, 1 by default. Raise it to send a new value to RunPod's store.")
            .sets("version")
            .like("version: 2"),
        Field::new(
            "inject",
            ValueShape::Bool,
            "Whether every pod and endpoint gets it as a variable; true by default. `false` leaves it to `env`.",
        )
        .like("inject: false"),
        Field::new("storeName", ValueShape::Text, "Its name in RunPod's store, if it differs from the variable.")
            .aliases(&["store_name"])
            .sets("name")
            .like("storeName: HF_TOKEN"),
        Field::new("description", ValueShape::Text, "Its description in RunPod's store.").sets("description"),
        Field::new("lifecycle", ValueShape::Block(&LIFECYCLE), "Rules for replacing and destroying it.")
            .like("lifecycle: { preventDestroy: true }"),
        Field::new("required", ValueShape::Bool, "Whether a missing value is an error."),
        Field::new("fromFile", ValueShape::Text, "A file with the value, read if the variable is not set.")
            .aliases(&["from_file"])
            .local(),
        Field::new("path", ValueShape::Text, "The file, for `source: file`.").local(),
        Field::ignored("mountPath", "RunPod cannot put files into a pod; the content becomes the variable's value"),
        Field::ignored("permissions", "RunPod cannot put files into a pod; the content becomes the variable's value"),
        Field::ignored("vaultPath", "sindri does not read from Vault"),
        Field::ignored("vaultKey", "sindri does not read from Vault"),
        Field::ignored("vaultMount", "sindri does not read from Vault"),
        Field::ignored("s3Path", "sindri does not read from S3"),
    ]],
    ..BlockSchema::EMPTY
};

static HABITS: &[ForeignKeys] = &[
    habit(&["value"], "remove it: a value in the file is not a secret. `source: env` reads the variable of that name"),
    habit(&["env", "key", "variable"], "`name` is the name of the variable, in the pod and in your environment"),
    habit(&["file", "filename"], "did you mean `path`? Use it with `source: file`"),
];
