//! The keys of `sindri.yaml`: those of the user's document, their legacy spellings, and those added for fleets (several
//! pods).
//!
//! Only tables: names, aliases, types, the attributes they set, and descriptions.

use super::choices::tiers;
use super::habits::{BUDGET_HABITS, PROVIDER_HABITS, ROOT_HABITS};
use super::kinds;
use super::kinds::pod::{POD_FIELDS, POD_HABITS};
use super::kinds::secret;
use super::table::{BlockSchema, Choices, Field, POSITIVE, ValueShape};

const ELSEWHERE: &str = "these are settings of another provider; sindri supports RunPod only, so remove them";
const NO_VERIFY: &str = "RunPod pulls the image itself and does not check signatures; pin a digest instead";

pub(super) static ROOT: BlockSchema = BlockSchema {
    title: "the top level",
    habits: ROOT_HABITS,
    fields: &[&[
        Field::new("version", ValueShape::Text, "Version of the file format, `3.0`.").like(r#"version: "3.0""#),
        Field::new("name", ValueShape::Text, "Name of the project; pods and volumes are named after it.")
            .like("name: my-project")
            .choices(Choices::Matching(
                "^[a-z][a-z0-9-]{0,62}$",
                "A name consists of lowercase letters, digits and `-`, begins with a letter, and has at most 63 \
                 characters.",
            ))
            .required(),
        Field::new("deployment", ValueShape::Block(&DEPLOYMENT), "The image to run and the machine size.")
            .like(r#"deployment: { provider: runpod, image: "ghcr.io/owner/name:1.2.3" }"#),
        Field::new(
            "extensions",
            ValueShape::Block(&EXTENSIONS),
            "Extensions that the sindri image installs when it starts.",
        )
        .like("extensions: { profile: fullstack }"),
        Field::new(
            "secrets",
            ValueShape::List(&ValueShape::Block(&secret::BLOCK)),
            "Environment variables whose values are never shown.",
        )
        .like("secrets: [{ name: HF_TOKEN, source: env }]"),
        Field::new("providers", ValueShape::Block(&PROVIDERS), "Settings of the provider; RunPod only.")
            .like("providers: { runpod: { gpuType: NVIDIA L4 } }"),
        Field::new(
            "moved",
            ValueShape::List(&ValueShape::Block(&MOVED)),
            "Resources that were renamed, with their old and new addresses.",
        )
        .like("moved: [{ from: pod.train, to: pod.trainer }]"),
        Field::new(
            "budget",
            ValueShape::Block(&BUDGET),
            "Limits on cost and number of pods, above which a plan is refused.",
        )
        .like("budget: { maxHourly: 25.00, maxPods: 8 }"),
    ]],
    ..BlockSchema::EMPTY
};

static DEPLOYMENT: BlockSchema = BlockSchema {
    title: "`deployment`",
    fields: &[&[
        Field::new("provider", ValueShape::Text, "Must be `runpod`.")
            .like("provider: runpod")
            .choices(Choices::Closed(&["runpod"])),
        Field::new("image", ValueShape::Text, "The container image.").like(r#"image: "ghcr.io/owner/name:1.2.3""#),
        Field::new("image_config", ValueShape::Block(&IMAGE_CONFIG), "The image in parts.")
            .aliases(&["imageConfig"])
            .like(r#"image_config: { registry: ghcr.io/owner/name, tag_override: "1.2.3" }"#),
        Field::new("buildFromSource", ValueShape::Block(&BUILD), "Not supported by RunPod.")
            .aliases(&["build_from_source"])
            .like("buildFromSource: { enabled: false }")
            .not_offered(),
        Field::new("resources", ValueShape::Block(&RESOURCES), "Machine size.")
            .like("resources: { memory: 16GB, cpus: 4 }"),
        Field::new("volumes", ValueShape::Block(&VOLUMES), "The pod volume, in the syntax of sindri 3.x.")
            .like("volumes: { workspace: { size: 20GB } }"),
        Field::ignored("distro", "the image determines the distribution"),
    ]],
    ..BlockSchema::EMPTY
};

static IMAGE_CONFIG: BlockSchema = BlockSchema {
    title: "`image_config`",
    fields: &[&[
        Field::new("registry", ValueShape::Text, "Registry and repository: `ghcr.io/pacphi/sindri`.").required(),
        Field::new("version", ValueShape::Text, "An exact version, used as the tag."),
        Field::new("tag_override", ValueShape::Text, "A tag.").aliases(&["tagOverride"]),
        Field::new("digest", ValueShape::Text, "A digest, `sha256:...`; wins over tags."),
        Field::ignored("resolution_strategy", "sindri uses the tag, digest or exact version as written"),
        Field::ignored("allow_prerelease", "sindri uses the tag, digest or exact version as written"),
        Field::ignored("verify_signature", NO_VERIFY),
        Field::ignored("verify_provenance", NO_VERIFY),
        Field::ignored("certificate_identity", NO_VERIFY),
        Field::ignored("certificate_oidc_issuer", NO_VERIFY),
        Field::ignored("pull_policy", "RunPod decides when an image is pulled; pin a digest to be sure which one runs"),
    ]],
    ..BlockSchema::EMPTY
};

static BUILD: BlockSchema = BlockSchema {
    title: "`buildFromSource`",
    fields: &[&[
        Field::new("enabled", ValueShape::Bool, "Must be false."),
        Field::new("gitRef", ValueShape::Text, "Has no effect.").aliases(&["git_ref"]),
    ]],
    ..BlockSchema::EMPTY
};

static RESOURCES: BlockSchema = BlockSchema {
    title: "`resources`",
    fields: &[&[
        Field::new("memory", ValueShape::Memory, "Minimum memory of the machine, such as `16GB`.").like("memory: 16GB"),
        Field::new("cpus", POSITIVE, "Minimum number of vCPUs of the machine.").like("cpus: 4"),
        Field::new("gpu", ValueShape::Block(&GPU), "Whether the pod has GPUs, and which.")
            .like("gpu: { tier: gpu-small, count: 2 }"),
    ]],
    ..BlockSchema::EMPTY
};

static GPU: BlockSchema = BlockSchema {
    title: "`gpu`",
    fields: &[&[
        Field::new("enabled", ValueShape::Bool, "Whether the pod has GPUs."),
        Field::new("type", ValueShape::Word(&["nvidia", "amd"]), "The GPU vendor."),
        Field::new("count", ValueShape::Int(1, 16), "Number of GPUs; the same as `gpuCount`.").like("count: 2"),
        Field::new("tier", ValueShape::Text, "`gpu-small`, `gpu-medium`, `gpu-large`, `gpu-xlarge`.")
            .like("tier: gpu-small")
            .choices(Choices::Open("tiers", tiers)),
        Field::ignored("memory", "the memory depends on the GPU type; choose by `gpuType` or `tier`"),
    ]],
    ..BlockSchema::EMPTY
};

static VOLUMES: BlockSchema = BlockSchema {
    title: "`volumes`",
    fields: &[&[Field::new("workspace", ValueShape::Block(&WORKSPACE), "The pod volume.")]],
    ..BlockSchema::EMPTY
};

static WORKSPACE: BlockSchema = BlockSchema {
    title: "`workspace`",
    fields: &[&[
        Field::new("size", ValueShape::Memory, "Like `volumeSizeGb`, but with a unit.")
            .like("workspace: { size: 20GB, path: /workspace }")
            .like("size: 20GB"),
        Field::new("path", ValueShape::Text, "Same as `volumeMountPath`."),
    ]],
    ..BlockSchema::EMPTY
};

static EXTENSIONS: BlockSchema = BlockSchema {
    title: "`extensions`",
    fields: &[&[
        Field::new("profile", ValueShape::Text, "A set of extensions; becomes `INSTALL_PROFILE`.")
            .like("profile: fullstack"),
        Field::new("active", ValueShape::Texts, "Extensions instead of a profile; becomes `CUSTOM_EXTENSIONS`.")
            .like("active: [python, nodejs]"),
        Field::new(
            "additional",
            ValueShape::Texts,
            "Extensions in addition to the profile; becomes `ADDITIONAL_EXTENSIONS`.",
        )
        .like("additional: [python, nodejs]"),
        Field::new("auto_install", ValueShape::Bool, "`false` becomes `SKIP_AUTO_INSTALL`.").aliases(&["autoInstall"]),
    ]],
    ..BlockSchema::EMPTY
};

static MOVED: BlockSchema = BlockSchema {
    title: "`moved`",
    fields: &[&[
        Field::new("from", ValueShape::Text, "The old address, as in the state: `pod.train`.")
            .like("from: pod.train")
            .required(),
        Field::new("to", ValueShape::Text, "The new address: `pod.trainer`.").like("to: pod.trainer").required(),
    ]],
    ..BlockSchema::EMPTY
};

static BUDGET: BlockSchema = BlockSchema {
    title: "`budget`",
    habits: BUDGET_HABITS,
    fields: &[&[
        Field::new("maxHourly", ValueShape::Amount, "Maximum total cost of all resources, in dollars per hour.")
            .like("maxHourly: 25.00"),
        Field::new(
            "maxHourlyPeak",
            ValueShape::Amount,
            "Maximum total cost when all workers of endpoints run, in dollars per hour.",
        )
        .like("maxHourlyPeak: 60.00"),
        Field::new("maxPods", ValueShape::Int(0, u32::MAX as i64), "Maximum number of pods.").like("maxPods: 8"),
    ]],
    ..BlockSchema::EMPTY
};

static PROVIDERS: BlockSchema = BlockSchema {
    title: "`providers`",
    habits: PROVIDER_HABITS,
    fields: &[&[
        Field::new("runpod", ValueShape::Block(&RUNPOD), "Pods and network volumes at RunPod.")
            .like("runpod: { gpuType: NVIDIA L4 }"),
        Field::ignored("fly", ELSEWHERE),
        Field::ignored("docker", ELSEWHERE),
        Field::ignored("kubernetes", ELSEWHERE),
        Field::ignored("devpod", ELSEWHERE),
        Field::ignored("k8s", ELSEWHERE),
        Field::ignored("e2b", ELSEWHERE),
        Field::ignored("northflank", ELSEWHERE),
    ]],
    ..BlockSchema::EMPTY
};

static RUNPOD: BlockSchema = BlockSchema {
    title: "`runpod`",
    habits: POD_HABITS,
    fields: &[
        &[Field::new(
            "apiVersion",
            ValueShape::Word(&["v2", "v1"]),
            "The dialect of RunPod's REST API; v1 was retired.",
        )
        .aliases(&["api_version"])],
        POD_FIELDS,
    ],
    sections: kinds::sections,
};
