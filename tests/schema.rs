//! The JSON Schema for editors agrees with the loader about every file.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sindri::config::{LoadOptions, SchemaOf, check_text, json_schema};

/// Codes for problems that a schema can detect: names and types of single fields.
const STRUCTURAL: [&str; 7] =
    ["wrong_type", "unknown_key", "out_of_range", "unknown_word", "duplicate_key", "reserved_variable", "provider"];

/// Codes of all errors that the loader finds.
fn errors(file: &Value) -> BTreeSet<String> {
    let options = LoadOptions { offline_secrets: true, ..LoadOptions::alone("/nowhere") };
    // JSON is YAML.
    let checked = check_text(Path::new("/nowhere/sindri.yaml"), &file.to_string(), &options);
    checked
        .map_or_else(|problems| problems.iter().map(|problem| problem.code.to_string()).collect(), |_| BTreeSet::new())
}

/// A file without mistakes, in which every block that has required fields has them.
fn base() -> Value {
    json!({
        "name": "demo",
        "deployment": { "image": "ghcr.io/owner/name:1.2.3" },
        "secrets": [{ "name": "A" }],
        "providers": { "runpod": {
            "gpuType": "NVIDIA L4",
            "networkVolumes": { "data": { "sizeGb": 100, "region": "US-KS-2" } },
            "pods": { "data": { "gpuType": "NVIDIA L4" } },
        } },
    })
}

/// The paths of all fields of a schema; `data` is an example of a chosen name, `0` of a list index.
fn fields(document: &Value, schema: &Value, path: &[String], found: &mut Vec<Vec<String>>) {
    if let Some(reference) = schema["$ref"].as_str() {
        return fields(document, document.pointer(reference.trim_start_matches('#')).unwrap(), path, found);
    }
    for member in ["anyOf", "allOf"] {
        for alternative in schema[member].as_array().into_iter().flatten() {
            fields(document, alternative, path, found);
        }
    }
    let below = |key: &str| [path, &[key.to_owned()]].concat();
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        found.push(below(key));
        fields(document, property, &below(key), found);
    }
    if schema["items"].is_object() {
        fields(document, &schema["items"], &below("0"), found);
    }
    if schema["additionalProperties"].is_object() {
        found.push(below("data"));
        fields(document, &schema["additionalProperties"], &below("data"), found);
    }
}

/// Sets a value at a path, creating the enclosing blocks.
fn put(file: &mut Value, path: &[String], value: Value) {
    let Some((key, rest)) = path.split_first() else {
        *file = value;
        return;
    };
    if key == "0" {
        let list = file.as_array().cloned().unwrap_or_default();
        *file = Value::Array(list);
        let list = file.as_array_mut().unwrap();
        if list.is_empty() {
            list.push(json!({}));
        }
        put(&mut list[0], rest, value);
        return;
    }
    if !file.is_object() {
        *file = json!({});
    }
    put(&mut file[key.as_str()], rest, value);
}

fn values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!("true"),
        json!("yes"),
        json!(0),
        json!(1),
        json!(-1),
        json!(17),
        json!("12"),
        json!(0.5),
        json!(20_000_000_000_i64),
        json!("words of a text"),
        json!("NVIDIA L4"),
        json!("16GB"),
        json!("15m"),
        json!("secure"),
        json!("STOPPED"),
        json!("us-ks-2"),
        json!("runpod"),
        json!("a, b"),
        json!([]),
        json!(["a", 1]),
        json!([{}]),
        json!([null]),
        json!({}),
        json!({ "a": "b" }),
        json!({ "RUNPOD_A": "b" }),
        json!({ "A": null }),
        json!({ "A": { "b": 1 } }),
        json!({ "x-mine": [1, { "a": 2 }] }),
    ]
}

#[test]
fn the_schema_agrees_with_the_loader_about_the_form_of_files() {
    let document = json_schema(SchemaOf::Base);
    let schema = jsonschema::draft7::new(&document).unwrap();
    assert!(schema.is_valid(&base()) && errors(&base()).is_empty(), "{:?}", errors(&base()));
    let mut paths = Vec::new();
    fields(&document, &document, &[], &mut paths);
    paths.sort();
    paths.dedup();
    assert!(paths.len() > 200, "{}", paths.len());
    let mut different = Vec::new();
    for path in &paths {
        for value in values() {
            let mut file = base();
            put(&mut file, path, value.clone());
            let (valid, errors) = (schema.is_valid(&file), errors(&file));
            let structural: Vec<_> = errors.iter().filter(|code| STRUCTURAL.contains(&code.as_str())).collect();
            if valid && !structural.is_empty() {
                different.push(format!("{} = {value}: accepted, but {structural:?}", path.join(".")));
            }
            if !valid && errors.is_empty() {
                different.push(format!("{} = {value}: refused, but the loader takes it", path.join(".")));
            }
        }
    }
    assert!(different.is_empty(), "{} differences:\n{}", different.len(), different.join("\n"));
}

#[test]
fn the_schema_refuses_detectable_mistakes_and_accepts_the_examples() {
    let document = json_schema(SchemaOf::Base);
    let schema = jsonschema::draft7::new(&document).unwrap();
    let yaml = |path: &Path| serde_yaml::from_str::<Value>(&fs::read_to_string(path).unwrap()).unwrap();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for name in [
        "secrets-as-a-mapping",
        "secrets-as-names",
        "count-of-pods",
        "mounts",
        "provider-aws",
        "pods-at-the-top",
        "image-at-the-top",
        "env-as-a-list",
        "env-with-a-list",
        "disk-with-a-unit",
        "memory-without-a-unit",
        "pods-as-a-list",
        "no-name",
        "network-volume-without-a-region",
        "replicas-too-many",
        "two-spellings",
        "ports-as-a-mapping",
        "timeout-without-a-unit",
        "name-with-capitals",
    ] {
        assert!(!schema.is_valid(&yaml(&tests.join(format!("golden/mistakes/{name}.yaml")))), "{name}");
    }
    for entry in fs::read_dir(tests.join("fixtures/seed")).unwrap() {
        let path = entry.unwrap().path();
        let errors: Vec<String> = schema.iter_errors(&yaml(&path)).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
    }
}

#[test]
fn editors_complete_gpu_types_and_regions_and_other_spellings_stay_valid() {
    let document = json_schema(SchemaOf::Base);
    let schema = jsonschema::draft7::new(&document).unwrap();
    let offered = |definition: &str| document["definitions"][definition]["enum"].as_array().unwrap().clone();
    assert!(offered("gpus").contains(&json!("NVIDIA L4")));
    assert!(offered("gpus").contains(&json!("AMPERE_80")));
    for region in ["US-KS-2", "US", "EU"] {
        assert!(offered("regions").contains(&json!(region)), "{region}");
    }
    for spelling in ["rtx 4090", "${GPU}"] {
        let mut file = base();
        file["providers"]["runpod"]["gpuType"] = json!(spelling);
        assert!(schema.is_valid(&file), "{spelling}");
    }
}

/// The values that an editor offers: those of every `enum`, and those of types without one.
fn offered(document: &Value, schema: &Value, found: &mut BTreeSet<String>) {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/definitions/")) {
        offered(document, &document["definitions"][name], found);
    }
    for keyword in ["allOf", "anyOf"] {
        schema[keyword].as_array().into_iter().flatten().for_each(|part| offered(document, part, found));
    }
    found.extend(schema["enum"].as_array().into_iter().flatten().map(Value::to_string));
    let types = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
    found.extend(types.contains(&json!("boolean")).then(|| "truth".to_owned()));
}

#[test]
fn editors_are_not_offered_other_spellings_nor_values_that_do_not_exist() {
    let document = json_schema(SchemaOf::Base);
    let blocks = document["definitions"].as_object().unwrap().values();
    let properties: Vec<(&String, &Value)> = blocks
        .flat_map(|block| block["anyOf"].as_array().into_iter().flatten())
        .filter_map(|form| form["properties"].as_object())
        .flatten()
        .collect();
    let of = |name: &str| properties.iter().find(|(key, _)| *key == name).map(|(_, property)| *property).unwrap();
    for (name, is_offered) in [("gpuType", true), ("gpu_type_id", false), ("region", true), ("spot", false)] {
        assert_eq!(of(name)["doNotSuggest"].is_null(), is_offered, "{name}");
    }
    for (name, value) in [("gpuType", "\"NVIDIA L4\""), ("region", "\"US-KS-2\"")] {
        let mut found = BTreeSet::new();
        offered(&document, of(name), &mut found);
        assert!(found.contains(value) && !found.contains("truth"), "{name}: {found:?}");
    }
    let mut found = BTreeSet::new();
    offered(&document, of("locked"), &mut found);
    assert_eq!(found, BTreeSet::from(["truth".to_owned()]), "the words are offered once");
}

#[test]
fn an_overlay_needs_no_name_and_may_remove_fields() {
    let overlay =
        json!({ "providers": { "runpod": { "networkVolumes": { "data": { "sizeGb": 200 }, "old": null } } } });
    assert!(jsonschema::draft7::is_valid(&json_schema(SchemaOf::Overlay), &overlay));
    assert!(!jsonschema::draft7::is_valid(&json_schema(SchemaOf::Base), &overlay));
}
