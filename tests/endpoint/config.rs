//! The block of an endpoint.

use sindri::model::{Attributes, Value};

use super::desired::{FIRST, config, file, findings, inputs, queue, sd};

fn texts(inputs: &Attributes, name: &str) -> Vec<String> {
    inputs.get(name).map(Value::text_items).unwrap_or_default().into_iter().map(str::to_owned).collect()
}

#[test]
fn defaults_are_sent_and_not_left_to_runpod() {
    let inputs = inputs(&queue(""));
    for (name, value) in [
        ("name", "demo-sd".into()),
        ("routing", "QUEUE".into()),
        ("workers_min", Value::Int(0)),
        ("workers_max", Value::Int(3)),
        ("idle_timeout_seconds", Value::Int(10)),
        ("queue_delay_ms", Value::Int(4_000)),
        ("request_count", Value::Null),
        // Left out, it would read 0, although 300000 is documented.
        ("timeout_ms", Value::Int(300_000)),
        // RunPod's console has another default than its API.
        ("flashboot", "OFF".into()),
        ("container_disk_gb", Value::Int(20)),
    ] {
        assert_eq!(inputs.get(name), Some(&value), "{name}");
    }
}

#[test]
fn every_field_sets_its_attribute() {
    let yaml = file(
        "type: loadBalancer\nname: sd-prod\nimage: example/worker:1.0\ngpuType: A100 SXM\ngpuCount: 2\n\
         workers: { min: 1, max: 6, idleTimeout: 2m }\nscaling: { requestCount: 8 }\ntimeout: 90s\n\
         flashboot: priority\nminCuda: \"12.4\"\nnetworkVolumes: [vol123]\nregion: US-CA-2\ncontainerDiskGb: 40\n\
         ports: [8000/http]\nargs: [serve]\nentrypoint: [bash]\nenv: { A: b }\nregistryAuth: cred1\n\
         rollout: { wait: 10m }",
    );
    let inputs = inputs(&yaml);
    for (name, value) in [
        ("name", "sd-prod".into()),
        ("routing", "LOAD_BALANCER".into()),
        ("gpu_pools", Value::texts(["AMPERE_80"])),
        ("excluded_gpu_types", Value::texts(["NVIDIA A100 80GB PCIe"])),
        ("gpu_count", Value::Int(2)),
        ("workers_min", Value::Int(1)),
        ("workers_max", Value::Int(6)),
        ("idle_timeout_seconds", Value::Int(120)),
        ("queue_delay_ms", Value::Null),
        ("request_count", Value::Int(8)),
        ("timeout_ms", Value::Int(90_000)),
        ("flashboot", "PRIORITY_FLASHBOOT".into()),
        ("min_cuda_version", "12.4".into()),
        ("network_volumes", Value::texts(["vol123"])),
        ("regions", Value::texts(["US-CA-2"])),
        ("container_disk_gb", Value::Int(40)),
        ("ports", Value::texts(["8000/http"])),
        ("command", Value::texts(["serve"])),
        ("entrypoint", Value::texts(["bash"])),
        ("registry_auth", "cred1".into()),
    ] {
        assert_eq!(inputs.get(name), Some(&value), "{name}");
    }
    let rollout = config(&yaml).resources[&sd()].timeouts.rollout;
    assert_eq!(rollout.map(|wait| wait.as_secs()), Some(600));
    assert_eq!(config(&queue("")).resources[&sd()].timeouts.rollout, None);
}

#[test]
fn types_become_their_pools_without_the_other_types_of_these() {
    let chosen = |gpus: &str| {
        let inputs = inputs(&file(&format!("type: queue\nimage: a/b:1\nworkers: {{ max: 5 }}\ngpuType: {gpus}")));
        (texts(&inputs, "gpu_pools"), texts(&inputs, "excluded_gpu_types"))
    };
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    assert_eq!(chosen("RTX 4090"), (owned(&["ADA_24"]), vec![]));
    assert_eq!(chosen("[RTX 4090, ADA_48_PRO]"), (owned(&["ADA_24", "ADA_48_PRO"]), vec![]));
    assert_eq!(chosen("L40S"), (owned(&["ADA_48_PRO"]), owned(&["NVIDIA L40", "NVIDIA RTX 6000 Ada Generation"])));
    assert_eq!(
        chosen("[NVIDIA L4, L40S, NVIDIA L40]"),
        (
            owned(&["AMPERE_24", "ADA_48_PRO"]),
            owned(&["NVIDIA GeForce RTX 3090", "NVIDIA RTX A5000", "NVIDIA RTX 6000 Ada Generation"])
        )
    );
    // A pool includes a type of it that is named too.
    assert_eq!(chosen("[L40S, ADA_48_PRO]"), (owned(&["ADA_48_PRO"]), vec![]));
}

#[test]
fn cpu_workers_name_flavor_vcpus_and_memory() {
    let inputs = inputs(&file("type: queue\nimage: a/b:1\ncpuInstanceId: [cpu3c-2-4, cpu5c-4-8]"));
    assert_eq!(texts(&inputs, "cpu_instances"), ["cpu3c-2-4", "cpu5c-4-8"]);
    assert!(texts(&inputs, "gpu_pools").is_empty() && inputs.get("gpu_count") == Some(&Value::Null));
}

#[test]
fn an_idle_timeout_is_left_out_where_runpod_refuses_it() {
    let idle = |yaml: &str| inputs(yaml).get("idle_timeout_seconds").cloned();
    assert_eq!(idle(&queue("scaling: { requestCount: 8 }")), Some(Value::Null));
    assert_eq!(idle(&queue("scaling: { queueDelay: 0.5 }")), Some(Value::Int(10)));
    let balanced = file("type: loadBalancer\nimage: a/b:1\ngpuType: ADA_24\nscaling: { requestCount: 8 }");
    assert_eq!(idle(&balanced), Some(Value::Int(10)));
}

#[test]
fn workers_run_where_their_declared_volumes_are() {
    let volumes = "    networkVolumes:\n      data: { sizeGb: 10, region: US-KS-2 }\n      more: { sizeGb: 10, region: US-CA-2 }\n";
    let with = |fields: &str| queue(fields).replace("    endpoints:", &format!("{volumes}    endpoints:"));
    let both = inputs(&with("networkVolumes: [data, more]"));
    assert_eq!(texts(&both, "regions"), ["US-KS-2", "US-CA-2"]);
    let referred = both.get("network_volumes").map(Value::references).unwrap_or_default();
    assert_eq!(
        referred.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["network_volume.data", "network_volume.more"]
    );
    // Where a volume outside the file is, is not known.
    assert!(texts(&inputs(&with("networkVolumes: [data, vol9876543]")), "regions").is_empty());
    for (fields, code) in
        [("networkVolumes: [data]\nregion: US-CA-2", "region_conflict"), ("networkVolumes: [dat]", "unknown_volume")]
    {
        let found = findings(&with(fields));
        assert_eq!(found.iter().map(|it| it.code.to_string()).collect::<Vec<_>>(), [code], "{fields}");
    }
    let twice = with("networkVolumes: [data, more]").replace("US-CA-2", "US-KS-2");
    assert!(findings(&twice)[0].to_string().contains("two network volumes"));
}

#[test]
fn mistakes_have_a_place_and_advice() {
    let gpu = "image: a/b:1\ngpuType: ADA_24";
    let cases = [
        ("type: queue\nimage: a/b:1\ngpuType: RTX 3070", "gpu_not_in_pool", 2, "ADA_24"),
        ("type: queue\nimage: a/b:1\ngpuType: RTX 9090", "unknown_gpu", 2, ""),
        ("type: queue\nimage: a/b:1", "missing_gpu", u32::MAX, "cpuInstanceId"),
        ("type: queue\nimage: a/b:1\ngpuType: ADA_24\ncpuInstanceId: cpu3c-2-4", "cpu_with_gpu", 3, "keep one"),
        ("type: queue\nimage: a/b:1\ncpuInstanceId: cpu3c-2-4\nminCuda: \"12.4\"", "cpu_with_gpu", 3, "remove"),
        ("type: queue\nimage: a/b:1\ncpuInstanceId: cpu3c-3-6", "bad_vcpus", 2, "power of two"),
        ("GPU", "missing_field", u32::MAX, "type: loadBalancer"),
        ("type: http\nGPU", "unknown_word", 0, "queue"),
        ("type: queue\ngpuType: ADA_24", "missing_image", u32::MAX, "image"),
        ("type: loadBalancer\nGPU", "scaling", 0, "requestCount: 8"),
        ("type: loadBalancer\nGPU\nscaling: { queueDelay: 4 }", "scaling", 3, "requestCount: 8"),
        ("type: queue\nGPU\nscaling: { queueDelay: 4, requestCount: 8 }", "conflict", 3, "keep one"),
        ("type: queue\nGPU\nscaling: { queueDelay: 0.4 }", "scaling", 3, "queueDelay: 4"),
        ("type: queue\nGPU\nscaling: { queueDelay: soon }", "wrong_type", 3, ""),
        (
            "type: queue\nGPU\nscaling: { requestCount: 8 }\nworkers: { idleTimeout: 10s }",
            "idle_timeout",
            4,
            "queueDelay",
        ),
        ("type: queue\nGPU\nworkers: { idleTimeout: 2h }", "idle_timeout", 3, "workers.min"),
        ("type: queue\nGPU\nworkers: { min: 4, max: 2 }", "worker_count", 3, "raise `max`"),
        ("type: queue\nGPU\nminCuda: \"12.4\"\nallowedCuda: [\"12.8\"]", "conflict", 4, "minCuda"),
        ("type: queue\nGPU\nminCuda: \"12\"", "bad_version", 3, "two numbers"),
        ("type: queue\nGPU\nrollout: { wait: 0s }", "zero_timeout", 3, "remove `rollout`"),
        ("type: queue\nGPU\nscalerType: QUEUE_DELAY", "unknown_key", 3, "queueDelay: 4"),
        // warnings
        ("type: queue\nimage: a/b:latest\ngpuType: ADA_24", "moving_image", 1, "reaches all workers"),
        ("type: queue\nimage: a/b\ngpuType: ADA_24", "moving_image", 1, "reaches all workers"),
        ("type: queue\nimage: a/b:1\ngpuType: [ADA_24, AMPERE_24]", "few_workers", 2, "max: 5"),
        ("type: queue\nimage: a/b:1\ngpuType: [ADA_24, AMPERE_24]\nworkers: { max: 4 }", "few_workers", 3, "max: 5"),
    ];
    for (fields, code, line, phrase) in cases {
        let yaml = file(&fields.replace("GPU", gpu));
        let found = findings(&yaml);
        let [problem] = &found[..] else { panic!("{found:#?} in\n{yaml}") };
        assert_eq!(problem.code.to_string(), code, "{problem}\n{yaml}");
        // A missing field is reported at the name of the endpoint.
        let line = line.wrapping_add(FIRST);
        assert_eq!(problem.position.as_ref().map(|at| at.line), Some(line), "{problem}\n{yaml}");
        assert!(problem.help.as_deref().unwrap_or_default().contains(phrase), "{:?}\n{yaml}", problem.help);
    }
    for fine in ["workers: { max: 5 }\n", "workers: { max: 0 }\n"] {
        let yaml = file(&format!("type: queue\nimage: a/b:1\n{fine}gpuType: [ADA_24, AMPERE_24]"));
        assert!(findings(&yaml).is_empty(), "{yaml}");
    }
}

#[test]
fn v1_refuses_endpoints_with_the_reason() {
    let yaml = queue("").replace("    endpoints:", "    apiVersion: v1\n    endpoints:");
    let found = findings(&yaml);
    let [problem] = &found[..] else { panic!("{found:#?}") };
    assert_eq!(problem.code.to_string(), "unsupported");
    assert!(problem.to_string().contains("endpoint"), "{problem}");
}
