//! Every mistake that can be found without the API, with its code, its line and the advice.

use std::fs;

use sindri::config::{Config, LoadOptions, Problem, ProblemCode, Problems, SchemaOf, json_schema, load};
use sindri::model::Dialect;

/// Loads a file that is alone in its folder.
fn loaded(yaml: &str, dialect: Dialect) -> Result<Config, Problems> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sindri.yaml"), yaml).unwrap();
    load(&LoadOptions {
        file: Some("sindri.yaml".into()),
        dialect: Some(dialect),
        variables: &|name| (name == "SIZE_WORD").then(|| "large".to_owned()),
        ..LoadOptions::alone(folder.path())
    })
}

/// The errors of a file, or its warnings if it has no errors.
fn findings(yaml: &str, dialect: Dialect) -> Vec<Problem> {
    match loaded(yaml, dialect) {
        Err(problems) => problems.into_iter().collect(),
        Ok(config) => {
            config.warnings.into_iter().map(|report| report.downcast::<Problem>().expect("a problem")).collect()
        }
    }
}

/// The fields below `runpod` begin on this line.
const FIRST: u32 = 7;

fn pod(fields: &str) -> String {
    let fields = fields.replace('\n', "\n    ");
    format!("version: \"3.0\"\nname: demo\ndeployment:\n  image: ubuntu:24.04\nproviders:\n  runpod:\n    {fields}\n")
}

/// Describes the difference from exactly one finding with that code, on that line, with that phrase in its help.
fn mismatch(yaml: &str, dialect: Dialect, code: &str, line: u32, phrase: &str) -> Option<String> {
    let found = findings(yaml, dialect);
    let [problem] = &found[..] else {
        let found: Vec<String> = found.iter().map(|problem| format!("{}: {problem}", problem.code)).collect();
        return Some(format!("expected `{code}` alone, found {found:#?} in\n{yaml}"));
    };
    let help = problem.help.as_deref().unwrap_or("");
    let fits = problem.code.to_string() == code
        && problem.position.as_ref().is_some_and(|position| position.line == line && position.file == "sindri.yaml")
        && help.contains(phrase);
    (!fits).then(|| {
        format!(
            "expected `{code}` on line {line} with `{phrase}`, found {} {:?} `{problem}` `{help}` in\n{yaml}",
            problem.code, problem.position
        )
    })
}

/// No replica was moved in a key that is declared with replicas.
const FLEET: &str = "version: \"3.0\"\nname: demo\ndeployment: { provider: runpod, image: example/image:1 }\nproviders:\n  \
                     runpod:\n    gpuType: NVIDIA L4\n    pods:\n      train: { replicas: 2 }\n";

#[test]
fn problems_of_a_pod_on_v2_have_a_position_and_advice() {
    let cases = [
        // keys and types
        ("gpuTyp: NVIDIA L4\ngpuType: NVIDIA L4", "unknown_key", 0, "did you mean `gpuType`?"),
        ("gpuTyp: NVIDIA L4", "unknown_key", 0, "did you mean `gpuType`?"),
        ("gpuType: NVIDIA L4\nzzz: 1", "unknown_key", 1, "accepted here: `apiVersion`"),
        ("gpuType: NVIDIA L4\ngpuCount: two", "wrong_type", 1, ""),
        ("gpuType: NVIDIA L4\ngpuCount: ${SIZE_WORD}", "wrong_type", 1, ""),
        ("gpuType: NVIDIA L4\ngpuCount: 17", "out_of_range", 1, ""),
        ("gpuType: NVIDIA L4\nlocked: yes", "wrong_type", 1, ""),
        ("gpuType: NVIDIA L4\nenv: [A]", "wrong_type", 1, ""),
        ("gpuType: NVIDIA L4\nenv: { A: }", "wrong_type", 1, "write `A: \"\"`"),
        ("gpuType: NVIDIA L4\nenv: { A: [1] }", "wrong_type", 1, ""),
        ("gpuType: NVIDIA L4\nmemory: 16", "wrong_type", 1, ""),
        ("gpuType: NVIDIA L4\ntimeouts: { create: soon }", "wrong_type", 1, ""),
        ("gpuType: { id: NVIDIA L4 }", "wrong_type", 0, ""),
        ("gpuType: [[RTX 4090]]", "wrong_type", 0, ""),
        ("gpuType: { H100: 8 }", "wrong_type", 0, "write `gpuType: H100` and `gpuCount: 8`"),
        ("gpuType: { name: NVIDIA L4, count: 2 }", "wrong_type", 0, "write `gpuType: NVIDIA L4` and `gpuCount: 2`"),
        ("gpuType: [{ NVIDIA L4: 2 }]", "wrong_type", 0, "write `gpuType: NVIDIA L4` and `gpuCount: 2`"),
        // keys of other tools that have no equivalent
        ("gpuType: NVIDIA L4\nttl: 4h", "unknown_key", 1, "sindri has no timers"),
        ("gpuType: NVIDIA L4\nidle: 30m", "unknown_key", 1, "`sindri stop`"),
        ("gpuType: NVIDIA L4\nstopAfter: 4h", "unknown_key", 1, "sindri has no timers"),
        ("gpuType: NVIDIA L4\nterminate_after: 4h", "unknown_key", 1, "sindri has no timers"),
        ("gpuType: NVIDIA L4\nfor_each: [a, b]", "unknown_key", 1, "`replicas: 3`"),
        ("gpuType: NVIDIA L4\nsetup: pip install x", "unknown_key", 1, "does not run setup steps"),
        ("gpuType: NVIDIA L4\nssh_key: x", "unknown_key", 1, "`startSsh: true`"),
        ("gpuType: NVIDIA L4\nminCudaVersion: 12.8", "unknown_key", 1, "did you mean `cudaVersions`?"),
        ("gpuType: NVIDIA L4\ncloudType: SECUR", "unknown_word", 1, "did you mean `SECURE`?"),
        ("gpuType: NVIDIA L4\npower: off", "unknown_word", 1, "accepted: `running`, `stopped`"),
        ("gpuType: NVIDIA L4\ngpu_type: NVIDIA A40", "duplicate_key", 1, "keep `gpuType`"),
        ("gpuType: NVIDIA L4\ngpuType: NVIDIA A40", "duplicate_key", 1, "remove one"),
        // GPUs
        ("gpuType: NVIDIA L44", "unknown_gpu", 0, "did you mean `NVIDIA L4` (24 GB, $0.49/h)?"),
        ("gpuType: [NVIDIA L4,\n  ADA_42]", "unknown_gpu", 1, "did you mean `ADA_24`?"),
        ("gpuType: NVIDIA H100", "ambiguous_gpu", 0, "`NVIDIA H100 NVL` (94 GB, $3.19/h)"),
        // The 40 GB type is not in the SECURE cloud, so it is not suggested.
        (
            "gpuType: A100",
            "ambiguous_gpu",
            0,
            "write one of `NVIDIA A100 80GB PCIe` (80 GB, $1.39/h), `NVIDIA A100-SXM4-80GB` (80 GB, $1.59/h), the pool",
        ),
        ("gpuType: A100-40GB", "gpu_not_in_cloud", 0, "`cloudType: COMMUNITY`"),
        ("gpuType: RTX 4090 48GB", "unknown_gpu", 0, "available: `NVIDIA GeForce RTX 4090` (24 GB"),
        ("gpuType: [\"4090,L4\"]", "gpu_list_in_one_text", 0, "[\"NVIDIA GeForce RTX 4090\", \"NVIDIA L4\"]"),
        ("gpuType: 2x A40", "gpu_count_in_name", 0, "`gpuType: NVIDIA A40` and `gpuCount: 2`"),
        ("gpuType: []", "missing_gpu", 0, "list at least one"),
        ("containerDiskGb: 20", "missing_gpu", -1, "`cpuOnly: true`"),
        ("gpuType: NVIDIA L4\ncloudType: COMMUNITY", "gpu_not_in_cloud", 0, "`cloudType: SECURE`"),
        ("gpuType: NVIDIA A100 80GB PCIe\ngpuCount: 9", "too_many_gpus", 1, "replicas"),
        ("gpuType: ADA_24\ngpuCount: 9", "too_many_gpus", 1, "replicas"),
        ("gpuType: NVIDIA L4\ncudaVersions: [12]", "bad_version", 1, "\"12.8\""),
        // CPUs
        ("cpuOnly: true\ngpuCount: 1", "cpu_with_gpu", 1, "remove"),
        ("cpuInstanceId: cpu3c-2-4\ngpuType: NVIDIA L4", "cpu_with_gpu", 0, "keep one"),
        ("gpuType: NVIDIA L4\nvcpuCount: 4", "cpu_with_gpu", 1, "write `cpus`"),
        ("cpuInstanceId: cpu3c-2-8", "bad_cpu_instance", 0, "cpu3c-2-4"),
        ("cpuInstanceId: cpu3x-2-4", "bad_cpu_instance", 0, "did you mean `cpu3"),
        ("cpuInstanceId: cpu3c-2-4\nvcpuCount: 4", "conflict", 1, "remove `vcpuCount`"),
        ("cpuFlavor: cpu9", "unknown_flavor", 0, "accepted: `cpu3c`"),
        ("cpuOnly: true\nvcpuCount: 6", "bad_vcpus", 1, "power of two"),
        ("cpuOnly: true\nvcpuCount: 64", "bad_vcpus", 1, "from 2 to 32"),
        ("cpuOnly: true\ncloudType: COMMUNITY", "cpu_on_community", 1, "SECURE"),
        ("cpuOnly: true\nvcpuCount: 2\ncontainerDiskGb: 21", "disk_limit", 2, "more vCPUs"),
        ("cpuOnly: true\nvolumeSizeGb: 20", "volume_on_cpu", 1, "network volume"),
        ("cpuInstanceId: cpu3c-2-4\nmemory: 8GB", "less_memory", 1, "cpu3g"),
        // storage
        ("gpuType: NVIDIA L4\nvolumeSizeGb: 9", "volume_size", 1, "at least 10 GB"),
        ("gpuType: NVIDIA L4\nvolumeMountPath: workspace", "bad_path", 1, "`/workspace`"),
        ("gpuType: NVIDIA L4\nnetworkVolumeId: vol1\nvolumeSizeGb: 20", "two_volumes", 2, "remove `volumeSizeGb`"),
        ("gpuType: ADA_24\nnetworkVolumeId: vol1\ncloudType: COMMUNITY", "volume_on_community", 1, "remove"),
        ("gpuType: NVIDIA L4\nnetworkVolume: data", "unknown_volume", 1, "declare it under `networkVolumes`"),
        (
            "gpuType: NVIDIA L4\nnetworkVolume: dta\nnetworkVolumes: { data: { sizeGb: 10, region: US-CA-2 } }",
            "unknown_volume",
            1,
            "did you mean `data`?",
        ),
        (
            "gpuType: NVIDIA L4\nregion: EU-RO-1\nnetworkVolume: data\nnetworkVolumes: { data: { sizeGb: 10, region: US-CA-2 } }",
            "region_conflict",
            1,
            "`region: US-CA-2`",
        ),
        (
            "gpuType: NVIDIA L4\nnetworkVolumeId: x\nnetworkVolume: data\nnetworkVolumes: { data: { sizeGb: 10, region: US-CA-2 } }",
            "conflict",
            1,
            "one network volume per pod",
        ),
        ("networkVolumes:\n  data: { sizeGb: 9, region: US-CA-2 }", "volume_size", 1, "from 10 to 4096"),
        ("networkVolumes:\n  data: { region: US-CA-2 }", "missing_field", 1, "from 10 to 4096"),
        ("networkVolumes:\n  data: { sizeGb: 10 }", "missing_field", 1, "data center"),
        ("networkVolumes:\n  data: { sizeGb: 10, region: EU }", "region_conflict", 1, "EU-RO-1"),
        ("networkVolumes:\n  data: { sizeGb: 10, region: US-TX-4 }", "volume_region", 1, "US-KS-2"),
        (
            "networkVolumes:\n  data: { sizeGb: 10, region: US-CA-2, tier: HIGH_PERFORMANCE }",
            "volume_region",
            1,
            "CA-MTL-4, US-KS-2",
        ),
        ("networkVolumes:\n  Data: { sizeGb: 10, region: US-CA-2 }", "bad_name", 1, "lowercase letters"),
        // places
        ("gpuType: NVIDIA L4\nregion: US-CA-22", "unknown_region", 1, "did you mean `US-CA-2`?"),
        ("gpuType: NVIDIA L4\nregion: [US-CA-2, ATLANTIS]", "unknown_region", 1, "`EU` for Europe"),
        // ports
        ("gpuType: NVIDIA L4\nports: [53/udp]", "bad_port", 1, "does not forward UDP"),
        ("gpuType: NVIDIA L4\nports: [8888]", "bad_port", 1, "`8888/http` or `8888/tcp`"),
        ("gpuType: NVIDIA L4\nports: [\"8080:80\"]", "bad_port", 1, "`80/http` or `80/tcp`"),
        ("gpuType: NVIDIA L4\nports: 8888/http 22/tcp", "bad_port", 1, "write a list"),
        ("gpuType: NVIDIA L4\nports: [8000-8010/tcp]", "bad_port", 1, "list each port"),
        ("gpuType: NVIDIA L4\nports: [http/8888]", "bad_port", 1, "the number first"),
        ("gpuType: NVIDIA L4\nports: { http: [8888], tcp: [22] }", "wrong_type", 1, "[\"8888/http\", \"22/tcp\"]"),
        ("gpuType: NVIDIA L4\nports: [70000/tcp]", "bad_port", 1, "1 to 65535"),
        ("gpuType: NVIDIA L4\nports: [0/tcp]", "bad_port", 1, "1 to 65535"),
        ("gpuType: NVIDIA L4\nports: [80/http, 80/tcp]", "duplicate_port", 1, "keep one"),
        (
            "gpuType: NVIDIA L4\nports: [1/http, 2/http, 3/http, 4/http, 5/http, 6/http, 7/http, 8/http, 9/http, 10/http, 11/http]",
            "too_many_ports",
            1,
            "reverse proxy",
        ),
        // environment
        ("gpuType: NVIDIA L4\nenv: { RUNPOD_API_KEY: x }", "api_key", 1, "its own key under that name"),
        ("gpuType: NVIDIA L4\nenv: { RUNPOD_POD_ID: x }", "reserved_variable", 1, "another name"),
        ("gpuType: NVIDIA L4\nenv: { SINDRI_RESOURCE: x }", "reserved_variable", 1, "another name"),
        ("gpuType: NVIDIA L4\nenv: { 1A: x }", "bad_variable", 1, "letters, digits"),
        ("gpuType: NVIDIA L4\nenv: { A: \"${RUNPOD_API_KEY}\" }", "api_key", 1, "reads it directly"),
        ("gpuType: NVIDIA L4\nenv: { A: \"${NOWHERE}\" }", "undefined_variable", 1, "${NOWHERE:-value}"),
        ("gpuType: NVIDIA L4\nenv: { A: \"${NOWHERE\" }", "bad_variable", 1, "`$$`"),
        ("gpuType: NVIDIA L4\nenv: { A: \"${no where}\" }", "bad_variable", 1, "${NAME:-default}"),
        ("gpuType: NVIDIA L4\nenv: { A: \"${NOWHERE:-${NOR_HERE}}\" }", "undefined_variable", 1, "${NOR_HERE:-value}"),
        ("gpuType: NVIDIA L4\nenv: { A: \"${SIZE_WORD:-${B\" }", "bad_variable", 1, "`$$`"),
        ("gpuType: NVIDIA L4\nenv: { A: \"${NOWHERE?}\" }", "undefined_variable", 1, "set `NOWHERE`"),
        ("gpuType: NVIDIA L4\nenv: { A: \"${A:=b}\" }", "bad_variable", 1, "`${A:-value}`"),
        ("gpuType: NVIDIA L4\nenv: { A: \"${A=b}\" }", "bad_variable", 1, "`${A:-value}`"),
        ("gpuType: NVIDIA L4\nenv: { A: \"${SIZE_WORD%x}\" }", "bad_variable", 1, "as in a shell"),
        ("gpuType: NVIDIA L4\nenv: { A: \"${#SIZE_WORD}\" }", "bad_variable", 1, "as in a shell"),
        ("gpuType: NVIDIA L4\nenv: { A: \"${SIZE_WORD:-${RUNPOD_API_KEY}}\" }", "api_key", 1, "reads it directly"),
        // the rest of a pod
        ("gpuType: NVIDIA L4\nimage: ubuntu", "moving_image", 1, "pin a version"),
        ("gpuType: NVIDIA L4\nimage: reg.io:5000/ubuntu:latest", "moving_image", 1, "pin a version"),
        ("gpuType: NVIDIA L4\nimage: \"a b\"", "bad_image", 1, "ghcr.io"),
        ("gpuType: NVIDIA L4\nimage: https://hub.docker.com/r/a/b:1", "bad_image", 1, "omit the scheme"),
        ("gpuType: NVIDIA L4\nimage: Runpod/PyTorch:2.8.0", "bad_image", 1, "lowercase letters"),
        ("gpuType: NVIDIA L4\nimage: a/b:1:2", "bad_image", 1, "keep one"),
        ("gpuType: NVIDIA L4\nimage: a/b@sha256:abc", "bad_image", 1, "64 hexadecimal digits"),
        ("gpuType: NVIDIA L4\nimage: \"\"", "bad_image", 1, "ghcr.io"),
        ("gpuType: NVIDIA L4\nvolumeMountPath: /usr/", "bad_path", 1, "`/workspace`"),
        ("gpuType: NVIDIA L4\nvolumeMountPath: /a/../etc", "bad_path", 1, "`/workspace`"),
        ("gpuType: NVIDIA L4\nvolumeMountPath: /root", "hidden_files", 1, "`/workspace`"),
        ("gpuType: NVIDIA L4\nports: [70001/tcp]", "bad_port", 1, "a request for any free port"),
        ("gpuType: NVIDIA L4\nports: [-1/tcp]", "bad_port", 1, "1 to 65535"),
        ("gpuType: NVIDIA L4\ntemplateId: \"\"", "empty_id", 1, "write a value"),
        ("gpuType: NVIDIA L4\ntemplateId: t\nvolumeMountPath: /w", "path_without_size", 2, "`volumeSizeGb` too"),
        ("gpuType: NVIDIA L4\ntemplateId: t\nvolumeSizeGb: 0", "template_volume", 2, "to use the template's volume"),
        ("networkVolumes:\n  data: { sizeGb: 10, region: US-CA-2, name: \"\" }", "name_length", 1, "from 1 to 191"),
        ("gpuType: NVIDIA L4\nargs: \"echo 'open\"", "bad_command", 1, "close the quote"),
        ("gpuType: NVIDIA L4\nargs: '[\"a\", 1]'", "bad_command", 1, "a list of strings"),
        ("gpuType: NVIDIA L4\nargs: '[\"a\", b]'", "bad_command", 1, "a list of strings"),
        ("gpuType: NVIDIA L4\nargs: '{\"cmd\": \"a b\"}'", "bad_command", 1, "an object with `cmd`"),
        ("gpuType: NVIDIA L4\nargs: '{\"cmd\": [], \"env\": {}}'", "bad_command", 1, "an object with `cmd`"),
        ("gpuType: NVIDIA L4\nentrypoint: '{\"cmd\": [\"a\"]}'", "bad_command", 1, "entrypoint: [\"python\""),
        ("gpuType: NVIDIA L4\nargs: '{\"entrypoint\": [\"a\"]}'\nentrypoint: b", "conflict", 2, "keep `entrypoint`"),
        ("gpuType: NVIDIA L4\nargs: 'serve --config {\"a\": 1}'", "bad_command", 1, "single quotes"),
        ("gpuType: NVIDIA L4\nspot: true", "unsupported", 1, "COMMUNITY is the cheaper cloud"),
        ("gpuType: NVIDIA L4\nspotBid: 0.5", "unsupported", 1, "COMMUNITY is the cheaper cloud"),
        ("gpuType: ADA_24\ncloudType: COMMUNITY\npublicIp: true", "public_ip", 2, "SECURE hosts"),
        ("gpuType: NVIDIA L4\nlifecycle: { ignoreChanges: [imge] }", "unknown_attribute", 1, "did you mean `image`?"),
        ("gpuType: NVIDIA L4\nglobalNetworking: true\nregion: AP-JP-1", "global_networking", 1, "US-CA-2"),
        ("gpuType: NVIDIA L4\nenv: { HF_TOKEN: hf_x }", "literal_credential", 1, "${HF_TOKEN}"),
        ("gpuType: NVIDIA L4\npods:\n  Trainer: {}", "bad_name", 2, "lowercase letters"),
    ];
    let mismatches: Vec<String> = cases
        .into_iter()
        .filter_map(|(fields, code, line, phrase)| {
            mismatch(&pod(fields), Dialect::V2, code, FIRST.checked_add_signed(line).unwrap(), phrase)
        })
        .collect();
    assert!(
        mismatches.is_empty(),
        "{}",
        mismatches.join(
            "
"
        )
    );
}

#[test]
fn v1_has_its_own_limits() {
    let cases = [
        ("gpuType: NVIDIA B300 SXM6 AC", "not_in_v1", 0, "`apiVersion: v2`"),
        ("gpuType: NVIDIA L4\nregion: US-MO-2", "not_in_v1", 1, "`apiVersion: v2`"),
        ("gpuType: NVIDIA L4\nstartSsh: true", "unsupported", 1, "PUBLIC_KEY"),
        ("gpuType: NVIDIA L4\nnetworkVolumeId: vol1\nvolumeSizeGb: 20", "two_volumes", 2, "remove `volumeSizeGb`"),
        ("gpuType: NVIDIA L4\nspotBid: 0.5", "spot_bid", 1, "RunPod sets the price"),
        ("networkVolumes:\n  data: { sizeGb: 4001, region: US-CA-2 }", "volume_size", 1, "from 1 to 4000"),
        ("networkVolumes:\n  data: { sizeGb: 10, region: US-CA-2, tier: STANDARD }", "unsupported", 1, "`tier`"),
    ];
    let mismatches: Vec<String> = cases
        .into_iter()
        .filter_map(|(fields, code, line, phrase)| mismatch(&pod(fields), Dialect::V1, code, FIRST + line, phrase))
        .collect();
    assert!(
        mismatches.is_empty(),
        "{}",
        mismatches.join(
            "
"
        )
    );
}

#[test]
fn problems_of_a_file_have_a_position_and_advice() {
    let tail = "deployment: { image: \"x:1\" }\nproviders: { runpod: { gpuType: NVIDIA L4 } }\n";
    let named = |rest: &str| format!("name: demo\n{rest}\n{tail}");
    let cases = [
        (format!("name: [\n{tail}"), "syntax", 2, "indentation"),
        (named("---"), "syntax", 2, "one document per file"),
        (tail.to_owned(), "missing_field", 1, "`name: ml-dev`"),
        (format!("name: Demo\n{tail}"), "bad_name", 1, "lowercase letters"),
        (format!("name: {}\n{tail}", "a".repeat(64)), "bad_name", 1, "at most 63"),
        ("name: a\ndeployment: []\nproviders: { runpod: { gpuType: NVIDIA L4 } }".into(), "wrong_type", 2, ""),
        (named("version: \"4.0\""), "version", 2, "3.0"),
        (named("version: \"2\""), "version", 2, "3.0"),
        (named("x-a:\n\tb: 1"), "syntax", 3, "indent with spaces; YAML does not allow tabs"),
        (named("extensions:\n  profile: ml\n\tactive: [x]"), "syntax", 4, "indent with spaces; YAML does not allow tabs"),
        (named("<<<<<<< HEAD\nx-a: 1\n=======\nx-a: 2\n>>>>>>> topic"), "syntax", 2, "keep one version"),
        (named("x-a: {{ RUNPOD_SECRET_token }}"), "syntax", 2, "`\"{{ RUNPOD_SECRET_name }}\"`"),
        (named("secrets: [ { name: A },\n  { name: A } ]"), "duplicate_key", 3, "keep one"),
        (named("nmae: x"), "unknown_key", 2, "did you mean `name`?"),
        ("name: a\ndeployment: { provider: fly, image: \"x:1\" }\nproviders: { runpod: { gpuType: NVIDIA L4 } }".into(), "provider", 2, "runpod"),
        ("name: a\ndeployment: {}\nproviders: { runpod: { gpuType: NVIDIA L4 } }".into(), "missing_image", 3, "deployment.image"),
        ("name: a\ndeployment: { image: \"x:1\", buildFromSource: { enabled: true } }\nproviders: { runpod: { gpuType: NVIDIA L4 } }".into(), "unsupported", 2, "in CI"),
        ("name: a\ndeployment: { image_config: { registry: x, version: ^3.0 } }\nproviders: { runpod: { gpuType: NVIDIA L4 } }".into(), "unsupported", 2, "`tag_override`"),
        ("name: a\ndeployment: { image: \"x:1\", resources: { gpu: { count: 2 } } }\nproviders: { runpod: { gpuType: NVIDIA L4, gpuCount: 3 } }".into(), "conflict", 2, "keep `gpuCount`"),
        ("name: a\ndeployment: { image: \"x:1\", resources: { gpu: { enabled: false } } }\nproviders: { runpod: { gpuType: NVIDIA L4 } }".into(), "conflict", 2, "cpuOnly"),
        (named("moved: [ { from: pod, to: pod.demo } ]"), "bad_address", 2, "pod.trainer"),
        (named("moved: [ { from: pod.x } ]"), "missing_field", 2, "write it as `{ from"),
        (named("moved: [ { from: pod.demo, to: pod.x } ]"), "bad_move", 2, "rename its block"),
        (named("moved: [ { from: pod.x, to: network_volume.x } ]"), "bad_move", 2, "of the same kind"),
        (format!("{FLEET}moved: [ {{ from: pod.train, to: pod.demo }} ]\n"), "bad_move", 9, "rename its block"),
        (named("moved: [ { from: pod.x, to: pod.dmo } ]"), "unknown_address", 2, "did you mean `pod.demo`?"),
        (named("moved: [ { from: pod.x, to: pod.x } ]"), "bad_move", 2, "remove the entry"),
        (named("moved: [ { from: pdo.x, to: pod.demo } ]"), "bad_address", 2, "accepted: `network_volume`"),
        (named("moved: [ { from: \"port.x:22/tcp\", to: pod.demo } ]"), "bad_move", 2, "its parts move with it"),
        (named("moved: [ { from: \"pod.x:deposed-a\", to: pod.demo } ]"), "bad_move", 2, "its parts move with it"),
        (named("moved:\n- { from: pod.x, to: pod.demo }\n- { from: pod.x, to: pod.y }"), "bad_move", 4, "keep one"),
        (named("moved:\n- { from: pod.x, to: pod.demo }\n- { from: pod.x, to: pod.demo }"), "bad_move", 4, "keep one"),
        (named("moved:\n- { from: pod.x, to: pod.demo }\n- { from: pod.y, to: pod.demo }"), "bad_move", 4, "keep one entry"),
        (named("moved:\n- { from: pod.x, to: pod.y }\n- { from: pod.y, to: pod.x }"), "bad_move", 3, "sindri state mv"),
        (named("moved:\n- { from: pod.z, to: pod.x }\n- { from: pod.x, to: pod.y }\n- { from: pod.y, to: pod.x }"), "bad_move", 5, "keep one"),
        (named("moved:\n- { from: pod.x, to: pod.y }\n- { from: \"pod.y[0]\", to: \"pod.x[0]\" }"), "bad_move", 3, "a chain of moves must end"),
        (named("moved:\n- { from: pod.x, to: pod.y }\n- { from: pod.y, to: pod.dmo }"), "unknown_address", 4, "did you mean"),
        (named("budget: { maxHourly: lots }"), "wrong_type", 2, ""),
        (named("secrets: [ { source: env } ]"), "missing_field", 2, "environment variable"),
        (named("secrets: [ { name: A, source: vault } ]"), "unsupported_source", 2, "`source: env`"),
        (named("secrets: [ { name: A, source: file } ]"), "missing_field", 2, "`path`"),
        (named("secrets: [ { name: A, required: true } ]"), "missing_secrets", 2, ".env.local"),
        (named("secrets: [ { name: RUNPOD_API_KEY } ]"), "api_key", 2, "its own key under that name"),
        (named("extensions: { profile: ml, active: [x] }"), "conflict", 2, "keep `profile`"),
    ];
    let mismatches: Vec<String> = cases
        .into_iter()
        .filter_map(|(yaml, code, line, phrase)| mismatch(&yaml, Dialect::V2, code, line, phrase))
        .collect();
    assert!(
        mismatches.is_empty(),
        "{}",
        mismatches.join(
            "
"
        )
    );
}

#[test]
fn problems_of_templates_have_a_position_and_advice() {
    // The fields of the template begin on line 9, those of a pod that names it on line 11.
    let file = |template: &str, pod: &str| {
        let pods = if pod.is_empty() { String::new() } else { format!("\n    pods:\n      main: {{ {pod} }}") };
        format!(
            "version: \"3.0\"\nname: demo\ndeployment: {{ provider: runpod }}\nproviders:\n  runpod:\n    \
             networkVolumes: {{ v: {{ sizeGb: 10, region: US-KS-2 }} }}\n    templates:\n      base:\n        \
             {{ {template} }}{pods}\n"
        )
    };
    let user = "template: base, gpuType: NVIDIA L4";
    let image = "image: \"a:1\"";
    let mut cases = vec![
        (file(image, "template: bse, gpuType: NVIDIA L4"), "unknown_template", 11, "did you mean `base`?"),
        (
            file(image, "template: other, gpuType: NVIDIA L4"),
            "unknown_template",
            11,
            "declared: `base`; use `templateId`",
        ),
        (file(image, &format!("{user}, templateId: abc")), "conflict", 11, "one that sindri does not manage"),
        (file("env: { A: b }", ""), "missing_image", 8, "write its container image"),
        // Once, although the pod gets the same value.
        (file("image: \"a b\"", user), "bad_image", 9, ""),
        (file("image: a", user), "moving_image", 9, "pin a version tag"),
        (file(&format!("{image}, ports: [\"80\"]"), user), "bad_port", 9, "add a protocol"),
        (file(&format!("{image}, args: \"it's\""), user), "bad_command", 9, "close the quote"),
        (file(&format!("{image}, volumeMountPath: /usr"), user), "bad_path", 9, "/workspace"),
        (file(&format!("{image}, cudaVersions: [\"12\"]"), user), "bad_version", 9, "two numbers"),
        (file(&format!("{image}, env: {{ RUNPOD_X: a }}"), user), "reserved_variable", 9, "choose another name"),
        (file(&format!("{image}, volumeSizeGb: 5"), ""), "volume_size", 9, "at least 10 GB"),
        (file(&format!("{image}, category: GPU"), ""), "unknown_word", 9, "accepted: `NVIDIA`, `AMD`, `CPU`"),
        (file(&format!("{image}, registry: a, registryAuth: b"), ""), "conflict", 9, "keep `registry`"),
        (file(&format!("{image}, networkVolume: v"), ""), "unknown_key", 9, "in the pods or endpoints"),
        (file(&format!("{image}, gpuType: L4"), ""), "unknown_key", 9, "a template has no machine"),
        (file(&format!("{image}, readme: x"), ""), "unknown_key", 9, "cannot set the readme"),
        (file(&format!("{image}, disk: 20"), ""), "unknown_key", 9, "`containerDiskGb: 50`"),
        (file(&format!("{image}, template: other"), ""), "unknown_key", 9, "cannot be made from another"),
    ];
    cases.push((
        pod("gpuType: NVIDIA L4\ntemplate: base"),
        "unknown_template",
        FIRST + 1,
        "declare it under `templates`",
    ));
    let twins = "templates:\n  a: { image: \"a:1\", name: x }\n  b: { image: \"a:1\", name: x }\ngpuType: NVIDIA L4";
    cases.push((pod(twins), "conflict", FIRST + 2, "once per account"));
    let cases =
        cases.into_iter().filter_map(|(yaml, code, line, phrase)| mismatch(&yaml, Dialect::V2, code, line, phrase));
    let mismatches: Vec<String> = cases.collect();
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
}

#[test]
fn problems_of_secrets_and_registries_have_a_position_and_advice() {
    let file = |secret: &str, registry: &str| {
        format!(
            "version: \"3.0\"\nname: demo\nsecrets:\n  - {{ name: A, {secret} }}\nproviders:\n  runpod:\n    \
             gpuType: NVIDIA L4\n    image: example/image:1\n    registries:\n      r: {{ {registry} }}\n"
        )
    };
    let sound = "username: u, passwordFrom: P";
    let arn = "arn:aws:ecr:eu-central-1:123456789012:repository/a";
    let cases = [
        ("source: runpod, store: runpod", sound, "conflict", 4, "does not manage"),
        ("source: env, version: 2", sound, "conflict", 4, "add `store: runpod`"),
        ("store: runpod, version: 0", sound, "out_of_range", 4, "version: 2"),
        ("store: vault", sound, "unknown_word", 4, "accepted: `runpod`"),
        ("store: runpod, storeName: a b", sound, "bad_name", 4, "use letters"),
        ("store: runpod, storeName: runpod_x", sound, "bad_name", 4, "do not begin with `RUNPOD`"),
        ("store: runpod, required: true", sound, "missing_secrets", 4, "set them in the environment"),
        ("store: runpod", "username: u", "missing_field", 10, "passwordFrom: GHCR_TOKEN"),
        ("store: runpod", "username: \"\", passwordFrom: P", "missing_field", 10, "write `username`"),
        ("store: runpod", "passwordFrom: P", "missing_field", 10, "write `username`"),
        ("store: runpod", "username: u, password: hunter2", "unknown_key", 10, "`passwordFrom: GHCR_TOKEN`"),
        ("store: runpod", "username: u, passwordFrom: a-b", "bad_variable", 10, "the name of the variable"),
        ("store: runpod", &format!("username: u, ecr: \"{arn}\""), "conflict", 10, "needs no credentials"),
        ("store: runpod", "ecr: \"arn:aws:s3:::bucket\"", "bad_arn", 10, "arn:aws:ecr:REGION"),
    ];
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(secret, registry, code, line, phrase)| {
            mismatch(&file(secret, registry), Dialect::V2, code, *line, phrase)
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let ids = [
        ("registry: gchr", "unknown_registry", "did you mean `ghcr`?"),
        ("registry: ghcr\nregistryAuth: clx0registry1", "conflict", "keep `registry`"),
    ];
    for (fields, code, phrase) in ids {
        let fields =
            format!("gpuType: NVIDIA L4\nregistries: {{ ghcr: {{ username: u, passwordFrom: P }} }}\n{fields}");
        let line = FIRST + u32::try_from(fields.lines().count()).unwrap() - 1;
        assert_eq!(mismatch(&pod(&fields), Dialect::V2, code, line, phrase), None);
    }
    // The id of a credential that sindri does not manage is no misspelled name.
    assert!(loaded(&pod("gpuType: NVIDIA L4\nregistry: cmqsgvkd1000gktxpenl2wvpk"), Dialect::V2).is_ok());
}

#[test]
fn a_secret_kept_at_runpod_is_needed_by_what_refers_to_it() {
    let yaml = "version: \"3.0\"\nname: demo\nsecrets:\n  - { name: A, store: runpod, inject: false, storeName: team.a }\n  \
                - { name: B, store: runpod }\nproviders:\n  runpod:\n    image: example/image:1\n    pods:\n      \
                one: { gpuType: NVIDIA L4, env: { X: \"{{ RUNPOD_SECRET_team.a }}\" } }\n      two: { gpuType: NVIDIA L4 }\n";
    let config = loaded(yaml, Dialect::V2).unwrap();
    let pod = |name: &str| &config.resources[&format!("pod.{name}").parse().unwrap()];
    let needs = |name: &str| pod(name).needs.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(needs("one"), ["secret.A", "secret.B"]);
    assert_eq!(needs("two"), ["secret.B"]);
    let env = |name: &str| pod(name).inputs["env"].to_string();
    assert!(!env("two").contains('A') && env("two").contains("{{ RUNPOD_SECRET_B }}"), "{}", env("two"));
}

#[test]
fn a_version_is_a_text_or_the_number_3() {
    for version in ["3", "3.0", "\"3\"", "\"3.0\""] {
        let yaml = pod("gpuType: NVIDIA L4").replace("\"3.0\"", version);
        assert!(findings(&yaml, Dialect::V2).is_empty(), "{version}");
    }
}

/// The parser refuses some tabs that YAML allows. The advice must not speak of indentation.
#[test]
fn a_tab_after_a_colon_is_accepted_or_named() {
    let yaml = pod("gpuType: NVIDIA L4").replace("name: demo", "name:\tdemo");
    if loaded(&yaml, Dialect::V2).is_err() {
        assert_eq!(mismatch(&yaml, Dialect::V2, "syntax", 2, "replace the tab after `:`"), None);
    }
}

#[test]
fn more_variables_than_runpod_allows_are_refused_and_sindri_needs_one() {
    let env = |count: u32| {
        let lines: String = (0..count).map(|number| format!("\n  V{number}: x")).collect();
        pod(&format!("gpuType: NVIDIA L4\nenv:{lines}"))
    };
    assert!(findings(&env(49), Dialect::V2).is_empty());
    assert_eq!(mismatch(&env(50), Dialect::V2, "too_many_variables", 6, "50 per pod"), None);
}

#[test]
fn all_problems_of_a_file_are_reported_once_and_in_order() {
    let yaml = "name: Demo\ndeployment: { image: \"x:1\" }\nproviders:\n  runpod:\n    gpuType: RTX 9999999\n    env: { RUNPOD_X: 1 }\n    pods:\n      a: { portz: [] }\n      b: { region: MOON }\n";
    let found: Vec<_> = findings(yaml, Dialect::V2)
        .iter()
        .map(|problem| (problem.code.to_string(), problem.position.as_ref().unwrap().line))
        .collect();
    assert_eq!(
        found,
        [("bad_name", 1), ("unknown_gpu", 5), ("reserved_variable", 6), ("unknown_key", 8), ("unknown_region", 9)]
            .map(|(code, line)| (code.to_owned(), line))
    );
}

#[test]
fn a_finding_shows_its_line_and_marks_the_exact_words() {
    let problems = loaded(&pod("gpuType: NVIDIA L4\nregion: [ US-CA-2, US-CA-22 ]"), Dialect::V2).unwrap_err();
    let mut text = String::new();
    miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::none())
        .render_report(&mut text, &problems)
        .unwrap();
    for expected in [
        "the configuration has one problem",
        "sindri::config::unknown_region",
        "sindri.yaml:8:24",
        "region: [ US-CA-2, US-CA-22 ]",
        "did you mean `US-CA-2`?",
    ] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
}

#[test]
fn hostile_yaml_is_refused_and_does_not_exhaust_the_machine() {
    let mut bomb = "name: a\nx-0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
    for level in 1..12 {
        let refs = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("x-{level}: &a{level} [{refs}]\n"));
    }
    assert_eq!(findings(&bomb, Dialect::V2)[0].code, ProblemCode::TooLarge);
    let deep = format!("name: {}1{}\n", "[".repeat(200), "]".repeat(200));
    assert_eq!(findings(&deep, Dialect::V2)[0].code, ProblemCode::TooLarge);
    for odd in ["", "\u{feff}name: a", "- a", "a", "? [a]: b", "{", "\t", "&a [*a]", "é: \"", "!!x y"] {
        assert!(!findings(odd, Dialect::V2).is_empty(), "{odd:?}");
    }
}

#[test]
fn the_schema_for_editors_accepts_the_examples_and_refuses_unknown_keys() {
    let schema = jsonschema::validator_for(&json_schema(SchemaOf::Base)).unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/seed");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let value: serde_json::Value = serde_yaml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let errors: Vec<String> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
    }
    assert!(!schema.is_valid(&serde_json::json!({ "nmae": "x" })));
    assert!(!schema.is_valid(&serde_json::json!({ "providers": { "runpod": { "gpuCount": 17 } } })));
}

#[test]
fn a_cycle_of_moves_is_reported_as_a_path_and_a_chain_may_be_in_any_order() {
    let load = |moves: &str| {
        let yaml = format!(
            "name: demo\n{moves}\ndeployment: {{ image: \"x:1\" }}\nproviders: {{ runpod: {{ gpuType: NVIDIA L4 }} }}\n"
        );
        findings(&yaml, Dialect::V2)
    };
    let problems =
        load("moved: [ { from: pod.b, to: pod.c }, { from: pod.c, to: pod.a }, { from: pod.a, to: pod.b } ]");
    let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(messages, ["these moves form a cycle: `pod.b` -> `pod.c` -> `pod.a` -> `pod.b`"]);
    assert_eq!(load("moved: [ { from: pod.b, to: pod.demo }, { from: pod.a, to: pod.b } ]").len(), 0);
}

#[test]
fn a_name_that_runpod_would_cut_or_refuse_is_refused_once_for_all_replicas() {
    let named = |length: usize, replicas: u32| {
        pod(&format!("pods:\n  a: {{ gpuType: NVIDIA L4, replicas: {replicas}, name: {} }}", "n".repeat(length)))
    };
    // The last of twelve is called `...-11`.
    assert!(findings(&named(188, 12), Dialect::V2).is_empty());
    for dialect in [Dialect::V1, Dialect::V2] {
        assert_eq!(mismatch(&named(189, 12), dialect, "name_length", 8, "from 1 to 191 characters"), None);
    }
}

#[test]
fn ids_that_are_empty_or_blank_are_refused_everywhere() {
    for id in ["networkVolumeId", "networkVolume", "templateId", "registryAuth", "containerRegistryAuthId"] {
        for (value, phrase) in [
            ("\"\"", "write a value"),
            ("\"  \"", "write a value"),
            ("\" a\"", "whitespace"),
            ("\"a\\n\"", "whitespace"),
        ] {
            let yaml = pod(&format!("gpuType: NVIDIA L4\n{id}: {value}"));
            assert_eq!(mismatch(&yaml, Dialect::V2, "empty_id", FIRST + 1, phrase), None);
        }
    }
    for value in ["\",\"", "\" , \""] {
        let yaml = pod(&format!("gpuType: NVIDIA L4\nregion: {value}"));
        assert_eq!(mismatch(&yaml, Dialect::V2, "empty_id", FIRST + 1, "write a value"), None);
    }
    for region in ["\"\"", "\" \""] {
        let yaml = pod(&format!("gpuType: NVIDIA L4\nnetworkVolumes: {{ data: {{ region: {region}, sizeGb: 10 }} }}"));
        assert_eq!(mismatch(&yaml, Dialect::V2, "empty_id", FIRST + 1, "write a value"), None);
    }
    // No id is taken as any by mistake.
    for fields in
        ["region: \"\"", "region: [\"\"]", "region: [\" \"]", "cpuInstanceId: \"\"", "cpuFlavor: \"\"", "image: \"\""]
    {
        assert!(loaded(&pod(&format!("gpuType: NVIDIA L4\n{fields}")), Dialect::V2).is_err(), "{fields}");
    }
    // An empty variable leaves the field out.
    let config =
        loaded(&pod("gpuType: NVIDIA L4\nnetworkVolumeId: ${VOL:-}\ntemplateId: ${T:-}"), Dialect::V2).unwrap();
    assert!(config.resources.values().all(|pod| pod.inputs.get("network_volume").is_none_or(|it| it.is_null())));
}

#[test]
fn a_token_in_place_of_a_name_is_refused_and_masked() {
    const TOKENS: [&str; 4] = [
        "rpa_0123456789ABCDEFGHIJ0123456789ABCDEFGHIJ",
        "ghp_0123456789abcdefghij0123456789abcdef",
        "hf_abcdefghijklmnopqrstuvwxyz01234567",
        "sk-proj-abcdefghijklmnopqrst0123456789",
    ];
    for token in TOKENS {
        for fields in [
            format!("networkVolumeId: {token}"),
            format!("templateId: {token}"),
            format!("registryAuth: {token}"),
            format!("volumeMountPath: /{token}"),
            format!("lifecycle: {{ ignoreChanges: [env.{token}] }}"),
            format!("lifecycle: {{ ignoreChanges: env.{token} }}"),
            format!("env: {{ {token}: a }}"),
            format!("pods: {{ {token}: {{}} }}"),
            format!("pods: {{ a: {{ name: {token} }} }}"),
            format!("networkVolumes: {{ {token}: {{ region: US-KS-2, sizeGb: 10 }} }}"),
            format!("image: ghcr.io/{token}/a:1"),
        ] {
            let yaml = pod(&format!("gpuType: NVIDIA L4\n{fields}"));
            is_refused_and_masked(&yaml, token);
        }
        let yaml = pod("gpuType: NVIDIA L4");
        is_refused_and_masked(&format!("{yaml}secrets: [{{ name: {token}, source: runpod }}]\n"), token);
        is_refused_and_masked(&yaml.replace("name: demo", &format!("name: {token}")), token);
        is_refused_and_masked(&format!("{yaml}moved: [{{ from: pod.{token}, to: pod.demo }}]\n"), token);
    }
    for name in ["sk-training-cluster-2", "npm-cache-volume-12"] {
        assert!(loaded(&pod(&format!("gpuType: NVIDIA L4\npods: {{ {name}: {{}} }}")), Dialect::V2).is_ok(), "{name}");
    }
}

fn is_refused_and_masked(yaml: &str, secret: &str) {
    let problems = loaded(yaml, Dialect::V2).expect_err(yaml);
    let codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, [ProblemCode::SecretOutsideEnv], "{yaml}");
    is_masked(&problems, secret);
}

fn is_masked(problems: &Problems, secret: &str) {
    let messages = sindri::render::draw(problems, miette::GraphicalTheme::none(), Some(80));
    let start = &secret[..8];
    assert!(!messages.contains(secret) && !messages.to_lowercase().replace('-', "_").contains(start), "{messages}");
}

#[test]
fn a_missing_space_after_a_colon_is_named_and_shows_no_secret() {
    let space = "write a space after the colon";
    for fields in [
        "env: DB_PASSWORD:hunter2secretpw",
        "env:\n  DB_PASSWORD:hunter2secretpw",
        "env: [DB_PASSWORD:hunter2secretpw]",
    ] {
        let problems = loaded(&pod(&format!("gpuType: NVIDIA L4\n{fields}")), Dialect::V2).expect_err(fields);
        is_masked(&problems, "hunter2secretpw");
        let help = problems.iter().filter_map(|problem| problem.help.as_deref()).collect::<String>();
        assert!(fields.contains('[') || help.contains(space), "{fields}: {help}");
    }
    for fields in [
        "cloudType:SECURE",
        "gpuType: NVIDIA L4\ncloudType:SECURE",
        "cloudType:SECURE\ngpuType: NVIDIA L4",
        "gpuType: NVIDIA L4\ncloudType:SECURE\nspot: false",
    ] {
        let problems = loaded(&pod(fields), Dialect::V2).expect_err(fields);
        let help = problems.iter().filter_map(|problem| problem.help.as_deref()).collect::<String>();
        assert!(help.contains(space), "{fields}: {help}");
    }
    for value in ["${hunter2secretpw", "${X:?hunter2secretpw is it}", "${hunter2secretpw!x}", "${X-hunter2secretpw"] {
        let problems =
            loaded(&pod(&format!("gpuType: NVIDIA L4\nenv:\n  DB_PASSWORD: {value}")), Dialect::V2).expect_err(value);
        is_masked(&problems, "hunter2secretpw");
    }
}

#[test]
fn a_value_with_a_nul_character_is_refused() {
    for fields in [
        "env:\n  A: \"a\\0b\"",
        "args: \"a\\0b\"",
        "args: [\"a\\0b\"]",
        "entrypoint: \"\\x00\"",
        "registryAuth: \"a\\0b\"",
    ] {
        let yaml = pod(&format!("gpuType: NVIDIA L4\n{fields}"));
        let line = FIRST + 1 + u32::from(fields.starts_with("env"));
        assert_eq!(mismatch(&yaml, Dialect::V2, "control_character", line, ""), None);
    }
    assert!(loaded(&pod("gpuType: NVIDIA L4\nenv: { PS1: \"\\x1b[1m\\t\\n\" }"), Dialect::V2).is_ok());
}

#[test]
fn a_timeout_of_zero_is_refused_and_a_short_one_is_reported() {
    for time in ["create: 0s", "create: 0h0m", "delete: 0m"] {
        let yaml = pod(&format!("gpuType: NVIDIA L4\ntimeouts: {{ {time} }}"));
        assert_eq!(mismatch(&yaml, Dialect::V2, "zero_timeout", FIRST + 1, "remove the field"), None);
    }
    let yaml = pod("gpuType: NVIDIA L4\ntimeouts: { create: 5s, delete: 5s }");
    assert_eq!(mismatch(&yaml, Dialect::V2, "short_timeout", FIRST + 1, "billed"), None);
}
