//! A few public templates, which every account can read and use but not change.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;

use crate::emulator::state::container::ContainerSettings;
use crate::emulator::state::template::{Template, TemplateSettings};
use crate::emulator::state::visibility::Visibility;

/// The public templates. The first id, name and image are an example of the OpenAPI document.
pub static PUBLIC_TEMPLATES: LazyLock<Vec<Template>> = LazyLock::new(|| {
    let image = "runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404";
    vec![
        template(1, "30zmvf89kd", "PyTorch 2.8", image, false),
        template(2, "wk9pool4se", "Serverless PyTorch 2.8", image, true),
    ]
});

pub fn public_template(id: &str) -> Option<&'static Template> {
    PUBLIC_TEMPLATES.iter().find(|template| template.id == id)
}

fn template(serial: u64, id: &str, name: &str, image: &str, serverless: bool) -> Template {
    let ports = if serverless { vec![] } else { ["8888/http", "22/tcp"].map(str::to_owned).to_vec() };
    let container = ContainerSettings {
        image: image.to_owned(),
        args: String::new(),
        disk: if serverless { 20 } else { 50 },
        ports,
        env: BTreeMap::new(),
        registry: None,
    };
    let settings = TemplateSettings {
        name: name.to_owned(),
        container,
        volume: None,
        serverless,
        public: true,
        category: "NVIDIA".to_owned(),
        start_ssh: true,
        start_jupyter: true,
        cuda_versions: Vec::new(),
    };
    Template { serial, id: id.to_owned(), settings, created_at: Timestamp::UNIX_EPOCH, visible: Visibility::default() }
}
