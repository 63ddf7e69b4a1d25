//! The initial `sindri.yaml` of a project, written by `sindri init`.

use std::path::Path;

use super::lines::text as quoted;
use super::{LoadOptions, Problems, check_text};

/// File name of the schema for editors, next to the initial file.
pub const SCHEMA_FILE: &str = "sindri.schema.json";

/// The contents of an initial file. They are checked by the rules of a configuration.
#[derive(Clone, Debug)]
pub struct Starter {
    pub name: String,
    pub image: String,
    /// GPU types, pools or tiers, in the order to try.
    pub gpus: Vec<String>,
    /// Data centers or countries; empty for any.
    pub regions: Vec<String>,
}

impl Default for Starter {
    fn default() -> Self {
        Self {
            name: "my-gpu-env".into(),
            image: "runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404".into(),
            gpus: vec!["NVIDIA GeForce RTX 4090".into()],
            regions: Vec::new(),
        }
    }
}

impl Starter {
    /// The file's text, unchecked.
    pub fn text(&self) -> String {
        let Self { name, image, gpus, regions } = self;
        let region = match regions.as_slice() {
            [] => String::new(),
            regions => format!("    region: {}\n", one_or_list(regions)),
        };
        format!(
            "# yaml-language-server: $schema={SCHEMA_FILE}\n\
             # One GPU pod. Try it without an account: `sindri plan --sandbox`.\n\
             # `sindri catalog` lists GPU types and regions.\n\
             version: \"3.0\"\n\
             name: {name}\n\
             \n\
             deployment:\n  \
               provider: runpod\n  \
               image: {image}\n\
             \n\
             providers:\n  \
               runpod:\n    \
                 gpuType: {gpus}\n\
             {region}    \
                 containerDiskGb: 50\n    \
                 volumeSizeGb: 20        # kept while the pod is stopped, lost when it is destroyed\n    \
                 ports: [\"8888/http\", \"22/tcp\"]\n",
            name = quoted(name),
            image = quoted(image),
            gpus = one_or_list(gpus),
        )
    }

    /// The file's text, after checking it as a configuration.
    ///
    /// # Errors
    /// All problems, with positions in the text.
    pub fn checked(&self, path: &Path, options: &LoadOptions<'_>) -> Result<String, Problems> {
        let text = self.text();
        check_text(path, &text, options)?;
        Ok(text)
    }
}

fn one_or_list(words: &[String]) -> String {
    match words {
        [word] => quoted(word),
        words => format!("[{}]", words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", ")),
    }
}
