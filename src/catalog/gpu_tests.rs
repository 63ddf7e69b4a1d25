//! Tests with GPU names as people write them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Catalog, Cloud, UnknownGpu};

fn resolve(word: &str) -> Result<Vec<String>, UnknownGpu> {
    Catalog::embedded().resolve_gpu(word).map(|found| found.ids)
}

/// Reports all mismatches at once.
fn check(cases: &[(&str, &[&str])], of: impl Fn(&str) -> Result<Vec<String>, String>) {
    let wrong: Vec<String> = cases
        .iter()
        .filter(|(word, expected)| of(word).as_ref().ok().is_none_or(|found| found != expected))
        .map(|(word, expected)| format!("`{word}`: expected {expected:?}, found {:?}", of(word)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_gpu_type_has_many_spellings() {
    const CASES: &[(&str, &[&str])] = &[
        ("4090", &["NVIDIA GeForce RTX 4090"]),
        ("RTX4090", &["NVIDIA GeForce RTX 4090"]),
        ("rtx-4090", &["NVIDIA GeForce RTX 4090"]),
        ("NVIDIA RTX4090", &["NVIDIA GeForce RTX 4090"]),
        ("NVIDIA RTX 4090", &["NVIDIA GeForce RTX 4090"]),
        ("GeForce RTX 4090", &["NVIDIA GeForce RTX 4090"]),
        ("NVIDIA\u{ae} GeForce RTX\u{2122} 4090", &["NVIDIA GeForce RTX 4090"]),
        ("RTX 4090 (24GB)", &["NVIDIA GeForce RTX 4090"]),
        ("RTX 4090 24 GB", &["NVIDIA GeForce RTX 4090"]),
        ("3090", &["NVIDIA GeForce RTX 3090"]),
        ("3090 Ti", &["NVIDIA GeForce RTX 3090 Ti"]),
        ("3090ti", &["NVIDIA GeForce RTX 3090 Ti"]),
        ("NVIDIA GeForce RTX 3080TI", &["NVIDIA GeForce RTX 3080 Ti"]),
        ("4080 Super", &["NVIDIA GeForce RTX 4080 SUPER"]),
        ("4080", &["NVIDIA GeForce RTX 4080"]),
        ("5090", &["NVIDIA GeForce RTX 5090"]),
        ("A6000", &["NVIDIA RTX A6000"]),
        ("RTX A6000", &["NVIDIA RTX A6000"]),
        ("NVIDIA A6000", &["NVIDIA RTX A6000"]),
        ("RTXA6000", &["NVIDIA RTX A6000"]),
        ("A6000 48G", &["NVIDIA RTX A6000"]),
        ("6000 Ada", &["NVIDIA RTX 6000 Ada Generation"]),
        ("RTX6000Ada", &["NVIDIA RTX 6000 Ada Generation"]),
        ("NVIDIA RTX 6000 Ada", &["NVIDIA RTX 6000 Ada Generation"]),
        ("RTX A6000 Ada", &["NVIDIA RTX 6000 Ada Generation"]),
        ("RTX 4000 Ada", &["NVIDIA RTX 4000 Ada Generation"]),
        ("RTX 4000 SFF Ada", &["NVIDIA RTX 4000 SFF Ada Generation"]),
        ("NVIDIA RTX 5000 Ada", &["NVIDIA RTX 5000 Ada Generation"]),
        ("NVIDIA A5000 Ada", &["NVIDIA RTX 5000 Ada Generation"]),
        ("A4500", &["NVIDIA RTX A4500"]),
        ("NVIDIA  RTX A4500", &["NVIDIA RTX A4500"]),
        ("A40", &["NVIDIA A40"]),
        ("a40 48gb", &["NVIDIA A40"]),
        ("RTX A40", &["NVIDIA A40"]),
        ("NVIDIA RTX A30", &["NVIDIA A30"]),
        ("L4", &["NVIDIA L4"]),
        ("L4 24GB", &["NVIDIA L4"]),
        ("L40", &["NVIDIA L40"]),
        ("L40-48GB", &["NVIDIA L40"]),
        ("l40s", &["NVIDIA L40S"]),
        ("T4", &["Tesla T4"]),
        ("NVIDIA T4", &["Tesla T4"]),
        ("A100-SXM4-80GB", &["NVIDIA A100-SXM4-80GB"]),
        ("A100 SXM", &["NVIDIA A100-SXM4-80GB"]),
        ("A100 80GB SXM", &["NVIDIA A100-SXM4-80GB"]),
        ("a100_sxm4_80gb", &["NVIDIA A100-SXM4-80GB"]),
        ("A100-80GB-PCIe", &["NVIDIA A100 80GB PCIe"]),
        ("A100 PCIE", &["NVIDIA A100 80GB PCIe"]),
        ("A100-40GB", &["NVIDIA A100-SXM4-40GB"]),
        ("A100 40G", &["NVIDIA A100-SXM4-40GB"]),
        ("A100-40", &["NVIDIA A100-SXM4-40GB"]),
        ("A100 SXM 40GB", &["NVIDIA A100-SXM4-40GB"]),
        ("H100 SXM", &["NVIDIA H100 80GB HBM3"]),
        ("H100 SXM5", &["NVIDIA H100 80GB HBM3"]),
        ("H100 SXM5 80GB", &["NVIDIA H100 80GB HBM3"]),
        ("H100 HBM3", &["NVIDIA H100 80GB HBM3"]),
        ("H100-PCIe", &["NVIDIA H100 PCIe"]),
        ("H100 80GB PCIe", &["NVIDIA H100 PCIe"]),
        ("H100 NVL", &["NVIDIA H100 NVL"]),
        ("H100 94GB", &["NVIDIA H100 NVL"]),
        ("H200", &["NVIDIA H200"]),
        ("H200 SXM", &["NVIDIA H200"]),
        ("H200-141GB", &["NVIDIA H200"]),
        ("H200 NVL", &["NVIDIA H200 NVL"]),
        ("B200", &["NVIDIA B200"]),
        ("B300", &["NVIDIA B300 SXM6 AC"]),
        ("B300 SXM", &["NVIDIA B300 SXM6 AC"]),
        ("MI300X", &["AMD Instinct MI300X OAM"]),
        ("Instinct MI300X", &["AMD Instinct MI300X OAM"]),
        ("V100 32GB PCIe", &["Tesla V100-PCIE-32GB"]),
        ("V100-SXM2-32GB", &["Tesla V100-SXM2-32GB"]),
        ("RTX PRO 6000 SE", &["NVIDIA RTX PRO 6000 Blackwell Server Edition"]),
        ("RTX PRO 6000 Workstation", &["NVIDIA RTX PRO 6000 Blackwell Workstation Edition"]),
        ("RTX PRO 6000 Max-Q", &["NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition"]),
        ("PRO 6000 MIG 24GB", &["NVIDIA RTX PRO 6000 Blackwell Server Edition MIG 1g.24gb"]),
        ("RTX PRO 4500", &["NVIDIA RTX PRO 4500 Blackwell"]),
        // Pools and tiers, in any spelling.
        ("ADA_24", &["NVIDIA GeForce RTX 4090"]),
        ("ada-24", &["NVIDIA GeForce RTX 4090"]),
        ("ADA24", &["NVIDIA GeForce RTX 4090"]),
        ("gpu-small", &["NVIDIA GeForce RTX 4090"]),
        ("GPU Medium", &["NVIDIA A40", "NVIDIA RTX A6000"]),
        ("ADA_80_PRO", &["NVIDIA H100 80GB HBM3", "NVIDIA H100 NVL", "NVIDIA H100 PCIe"]),
    ];
    check(CASES, |word| resolve(word).map_err(|unknown| format!("{unknown:?}")));
}

#[test]
fn an_ambiguous_name_lists_exactly_the_matching_types() {
    const CASES: &[(&str, &[&str])] = &[
        ("A100", &["NVIDIA A100 80GB PCIe", "NVIDIA A100-SXM4-80GB", "NVIDIA A100-SXM4-40GB"]),
        ("NVIDIA A100", &["NVIDIA A100 80GB PCIe", "NVIDIA A100-SXM4-80GB", "NVIDIA A100-SXM4-40GB"]),
        ("A100 80GB", &["NVIDIA A100 80GB PCIe", "NVIDIA A100-SXM4-80GB"]),
        ("NVIDIA A100 80GB", &["NVIDIA A100 80GB PCIe", "NVIDIA A100-SXM4-80GB"]),
        ("a100-80g", &["NVIDIA A100 80GB PCIe", "NVIDIA A100-SXM4-80GB"]),
        ("H100", &["NVIDIA H100 80GB HBM3", "NVIDIA H100 NVL", "NVIDIA H100 PCIe"]),
        ("NVIDIA H100", &["NVIDIA H100 80GB HBM3", "NVIDIA H100 NVL", "NVIDIA H100 PCIe"]),
        ("H100 80GB", &["NVIDIA H100 80GB HBM3", "NVIDIA H100 PCIe"]),
        ("V100 32GB", &["Tesla V100-SXM2-32GB", "Tesla V100-PCIE-32GB"]),
        (
            "RTX PRO 6000",
            &[
                "NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition",
                "NVIDIA RTX PRO 6000 Blackwell Server Edition",
                "NVIDIA RTX PRO 6000 Blackwell Workstation Edition",
            ],
        ),
        ("nvidia/a100", &["NVIDIA A100 80GB PCIe", "NVIDIA A100-SXM4-80GB", "NVIDIA A100-SXM4-40GB"]),
        ("A100/80GB", &["NVIDIA A100 80GB PCIe", "NVIDIA A100-SXM4-80GB"]),
        (
            "RTX PRO 6000 Blackwell",
            &[
                "NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition",
                "NVIDIA RTX PRO 6000 Blackwell Server Edition",
                "NVIDIA RTX PRO 6000 Blackwell Workstation Edition",
            ],
        ),
        (
            "RTX 4000",
            &["NVIDIA RTX 4000 Ada Generation", "NVIDIA RTX 4000 SFF Ada Generation", "NVIDIA RTX PRO 4000 Blackwell"],
        ),
        ("RTX 5000", &["NVIDIA RTX 5000 Ada Generation", "NVIDIA RTX PRO 5000 Blackwell"]),
    ];
    check(CASES, |word| match resolve(word) {
        Err(UnknownGpu::Ambiguous(ids)) => Ok(ids),
        other => Err(format!("{other:?}")),
    });
}

#[test]
fn unknown_names_get_suggestions_but_never_another_size() {
    const CASES: &[(&str, &[&str])] = &[
        ("NVIDIA L44", &["NVIDIA L4"]),
        ("NVIDIA GeForce RTX 4900", &["NVIDIA GeForce RTX 4090"]),
        ("RTX 409O", &["NVIDIA GeForce RTX 4090"]),
        ("NVIDIA RTX A400O", &["NVIDIA RTX A4000"]),
        ("NVIDA RTX 4090", &["NVIDIA GeForce RTX 4090"]),
        ("MI300", &["AMD Instinct MI300X OAM"]),
        ("RTX 4070", &["NVIDIA GeForce RTX 4070 Ti"]),
        ("3080 12GB", &["NVIDIA GeForce RTX 3080 Ti"]),
        ("4080S", &["NVIDIA GeForce RTX 4080 SUPER", "NVIDIA GeForce RTX 4080"]),
        ("RTX-4080s", &["NVIDIA GeForce RTX 4080 SUPER", "NVIDIA GeForce RTX 4080"]),
        ("nvidia/l4", &["NVIDIA L4"]),
        ("NVIDIA/GeForce/4090", &["NVIDIA GeForce RTX 4090"]),
        ("RTX 2000", &["NVIDIA RTX 2000 Ada Generation"]),
        ("L40S PCIe", &["NVIDIA L40S"]),
        ("A100 PCIe 40GB", &["NVIDIA A100-SXM4-40GB"]),
        ("RTX 6000 Adda 48GB", &["NVIDIA RTX 6000 Ada Generation"]),
        ("ADA_25", &["ADA_24"]),
        ("ADA_42", &["ADA_24"]),
        ("gpu-smal", &["gpu-small"]),
        ("ampere", &["AMPERE_16", "AMPERE_24", "AMPERE_48", "AMPERE_80"]),
        // Chips that RunPod does not offer are not treated as typos.
        ("A10", &[]),
        ("A10G", &[]),
        ("RTX 4060", &[]),
        ("RTX 2080 Ti", &[]),
        ("P100", &[]),
        ("H800", &[]),
        ("GH200", &[]),
        ("zzz", &[]),
        ("", &[]),
        ("-", &[]),
        ("NVIDIA", &[]),
        ("RTX", &[]),
        ("\u{1f600} 4090", &["NVIDIA GeForce RTX 4090"]),
        ("RTX 4090\u{e9}", &[]),
    ];
    check(CASES, |word| match resolve(word) {
        Err(UnknownGpu::Unknown { nearest }) => Ok(nearest),
        other => Err(format!("{other:?}")),
    });
}

#[test]
fn unavailable_sizes_are_reported_and_never_substituted() {
    const CASES: &[(&str, &[&str])] = &[
        ("RTX 4090 48GB", &["NVIDIA GeForce RTX 4090"]),
        ("H100 40GB", &["NVIDIA H100 80GB HBM3", "NVIDIA H100 NVL", "NVIDIA H100 PCIe"]),
        ("A100 64GB", &["NVIDIA A100 80GB PCIe", "NVIDIA A100-SXM4-80GB", "NVIDIA A100-SXM4-40GB"]),
        ("B200 192GB", &["NVIDIA B200"]),
        ("A6000 96GB", &["NVIDIA RTX A6000"]),
        ("RTX A4000 32GB", &["NVIDIA RTX A4000"]),
    ];
    check(CASES, |word| match resolve(word) {
        Err(UnknownGpu::NoSuchSize { sizes, .. }) => Ok(sizes),
        other => Err(format!("{other:?}")),
    });
    let problem = Catalog::embedded().resolve_gpu("RTX 4090 48GB").unwrap_err();
    assert_eq!(problem.message("RTX 4090 48GB"), "there is no `RTX 4090 48GB`: no such GPU has 48 GB");
    let help = problem.help(Catalog::embedded(), Cloud::Secure);
    assert_eq!(
        help,
        "available: `NVIDIA GeForce RTX 4090` (24 GB, $0.74/h); `sindri catalog gpus 48GB` lists GPUs with 48 GB"
    );
}

#[test]
fn lists_and_counts_in_a_name_get_the_right_form_suggested() {
    let help = |word: &str| {
        let problem = Catalog::embedded().resolve_gpu(word).unwrap_err();
        problem.help(Catalog::embedded(), Cloud::Secure)
    };
    for (word, expected) in [
        ("NVIDIA RTX 4090,NVIDIA L4", "write a list: `[\"NVIDIA GeForce RTX 4090\", \"NVIDIA L4\"]`"),
        ("4090, secret", "write a list: `[\"NVIDIA GeForce RTX 4090\", \"...\"]`"),
        (
            "V100 32GB or 4090",
            "write a list: `[\"Tesla V100-SXM2-32GB\", \"Tesla V100-PCIE-32GB\", \"NVIDIA GeForce RTX 4090\"]`",
        ),
        ("L4/ADA_24", "write a list: `[\"NVIDIA L4\", \"ADA_24\"]`"),
        ("2x4090", "write `gpuType: NVIDIA GeForce RTX 4090` and `gpuCount: 2`"),
        ("L40Sx4", "write `gpuType: NVIDIA L40S` and `gpuCount: 4`"),
        ("4x L40S", "write `gpuType: NVIDIA L40S` and `gpuCount: 4`"),
        ("l4s*2", "write `gpuType: NVIDIA L4` and `gpuCount: 2`"),
        ("H200-8", "write `gpuType: NVIDIA H200` and `gpuCount: 8`"),
        ("2 NVIDIA L4", "write `gpuType: NVIDIA L4` and `gpuCount: 2`"),
        ("MI300Xx8", "write `gpuType: AMD Instinct MI300X OAM` and `gpuCount: 8`"),
        ("A100:40GB:2", "write `gpuType: NVIDIA A100-SXM4-40GB` and `gpuCount: 2`"),
        ("ADA_24 x2", "write `gpuType: ADA_24` and `gpuCount: 2`"),
        ("4x RTX 409O", "write `gpuType: NVIDIA GeForce RTX 4090` and `gpuCount: 4`"),
        ("RTX 4090 x2", "write `gpuType: NVIDIA GeForce RTX 4090` and `gpuCount: 2`"),
    ] {
        assert_eq!(help(word), expected, "{word}");
    }
}

/// Combines every spelling of a count with every short name.
#[test]
fn a_count_next_to_a_name_is_recognised_and_help_is_unambiguous() {
    let catalog = Catalog::embedded();
    for name in ["H100", "A100", "4090", "V100", "RTX PRO 6000", "L40S", "h100 sxm", "A100 80GB", "AMPERE_80"] {
        for text in [
            format!("{name}x8"),
            format!("8x{name}"),
            format!("8x {name}"),
            format!("8 x {name}"),
            format!("{name} x8"),
            format!("{name} X 8"),
            format!("{name}:8"),
            format!("8*{name}"),
            format!("{name} (x8)"),
            format!("{name} 8x"),
            format!("{name}\u{d7}8"),
            format!("{name}-x8"),
            format!("8x {name}s"),
            format!("8X{name} GPUs"),
        ] {
            let problem = catalog.resolve_gpu(&text).expect_err("it is no name");
            let UnknownGpu::Counted { count: 8, candidates } = &problem else { panic!("{text}: {problem:?}") };
            assert!(!candidates.is_empty(), "{text}");
            for candidate in candidates {
                assert!(catalog.resolve_gpu(candidate).is_ok(), "{text}: {candidate} is no way to write it");
            }
            let help = problem.help(catalog, Cloud::Secure);
            assert!(help.contains("`gpuCount: 8`"), "{text}: {help}");
            assert!(
                !help.contains(&format!("gpuType: {name}`")) || catalog.resolve_gpu(name).is_ok(),
                "{text}: {help}"
            );
        }
    }
}

#[test]
fn suggestions_name_the_cloud_that_offers_them() {
    let problem = Catalog::embedded().resolve_gpu("A100-PCIE-40GB").expect_err("there is none");
    assert_eq!(
        problem.help(Catalog::embedded(), Cloud::Secure),
        "did you mean `NVIDIA A100-SXM4-40GB` (40 GB, $1.00/h)? It needs `cloudType: COMMUNITY`; `sindri catalog` lists all"
    );
    let help = problem.help(Catalog::embedded(), Cloud::Community);
    assert_eq!(help, "did you mean `NVIDIA A100-SXM4-40GB` (40 GB, $1.00/h)? `sindri catalog` lists all");
}

#[test]
fn choices_are_listed_with_memory_price_and_pool() {
    let problem = Catalog::embedded().resolve_gpu("A100 80GB").unwrap_err();
    assert_eq!(
        problem.help(Catalog::embedded(), Cloud::Community),
        "write one of `NVIDIA A100 80GB PCIe` (80 GB, $1.19/h), `NVIDIA A100-SXM4-80GB` (80 GB, $1.39/h), the pool \
         `AMPERE_80`, or a list in the order to try"
    );
}

/// Spellings of a name that differ only in ignored parts.
fn variations(name: &str) -> BTreeSet<String> {
    let vendors = ["NVIDIA", "GeForce", "AMD", "Instinct", "Tesla"];
    let words: Vec<&str> = name.split(' ').collect();
    let bare: Vec<&str> = words.iter().copied().filter(|word| !vendors.contains(word)).collect();
    let dropped: Vec<&str> = bare.iter().copied().filter(|word| *word != "RTX").collect();
    let vendor_added: Vec<&str> = ["NVIDIA"].into_iter().chain(bare.iter().copied()).collect();
    let mut found = BTreeSet::new();
    for words in [words, bare, dropped, vendor_added] {
        for separator in [" ", "", "-", "_", "  ", "\u{a0}"] {
            let joined = words.join(separator);
            for dash in ["-", "", " ", "_"] {
                let text = joined.replace('-', dash);
                found.extend([text.to_lowercase(), text.to_uppercase(), text]);
            }
        }
    }
    found
}

#[test]
fn every_variation_of_a_name_resolves_to_its_type() {
    for gpu in &Catalog::embedded().gpu_types {
        // A display name shared by several editions identifies none of them.
        let names = [&gpu.id, &gpu.display_name].into_iter().filter(|name| *name != "RTX PRO 6000");
        for word in names.flat_map(|name| variations(name)) {
            assert_eq!(resolve(&word), Ok(vec![gpu.id.clone()]), "`{word}`");
        }
    }
}

#[test]
fn no_name_is_read_as_a_type_of_another_size() {
    let catalog = Catalog::embedded();
    let offered = |word: &str| match resolve(word) {
        Ok(ids) | Err(UnknownGpu::Ambiguous(ids) | UnknownGpu::Unknown { nearest: ids }) => ids,
        Err(_) => Vec::new(),
    };
    for gpu in &catalog.gpu_types {
        for word in [gpu.id.clone(), gpu.display_name.clone(), gpu.display_name.replace([' ', '-'], "").to_lowercase()]
        {
            let own = offered(&format!("{word} {} GB", gpu.vram_gb));
            assert!(own.contains(&gpu.id), "`{word}` with its own size: {own:?}");
            for other in [7, 24, 40, 48, 80, 96] {
                let offered = offered(&format!("{word}-{other}GB"));
                let size = |id: &String| catalog.gpu_type(id).map(|gpu| gpu.vram_gb);
                assert!(offered.iter().all(|id| size(id) == Some(other)), "`{word}` with {other} GB: {offered:?}");
            }
        }
    }
}

#[test]
fn every_name_in_the_catalog_is_understood_word_for_word() {
    let catalog = Catalog::embedded();
    let mut meaning: BTreeMap<String, &str> = BTreeMap::new();
    for gpu in &catalog.gpu_types {
        for name in [&gpu.id, &gpu.display_name] {
            let read = catalog.gpu_names().vocabulary.read(name);
            assert!(read.unknown.is_empty() && !read.numbers().is_empty(), "{name}: {read:?}");
            assert!(read.memory_gb.is_none_or(|memory_gb| memory_gb == gpu.vram_gb), "{name}: {read:?}");
            let other = meaning.insert(format!("{read:?}"), &gpu.id);
            assert!(other.is_none_or(|other| other == gpu.id), "{name} reads like {other:?}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_without_panic_and_resolves_only_to_catalog_types(text in "\\PC{0,40}") {
        let catalog = Catalog::embedded();
        if let Ok(found) = catalog.resolve_gpu(&text) {
            assert!(!found.ids.is_empty() && found.ids.iter().all(|id| catalog.gpu_type(id).is_some()));
        }
    }
}
