//! Properties of configurations with templates: any of them can be applied, and can become any other.

use std::fmt::Write;
use std::path::Path;

use proptest::collection::btree_map;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use sindri::config::{LoadOptions, check_text};
use sindri::model::{Action, Cause, Dialect};

use crate::planner::checked;
use crate::planner::properties::cases;
use crate::support::{Desired, Session, in_virtual_time};

type Variables = std::collections::BTreeMap<&'static str, &'static str>;

/// Fields that a template and a pod have in common.
#[derive(Clone, Debug)]
struct Container {
    image: Option<&'static str>,
    disk_gb: Option<u32>,
    ports: Option<&'static str>,
    env: Variables,
    command: Option<&'static str>,
}

#[derive(Clone, Debug)]
struct Declared {
    /// By key; a template always has an image.
    templates: [Option<Container>; 2],
    /// Each with the template that it names.
    pods: [Option<(usize, Container)>; 3],
}

const TEMPLATES: [&str; 2] = ["base", "other"];
const DEFAULTS: &str = "    gpuType: NVIDIA L4\n    volumeSizeGb: 0\n    locked: false\n";
const PODS: [&str; 3] = ["api", "eval", "train"];

fn container() -> impl Strategy<Value = Container> {
    let env = btree_map(select(vec!["A", "B", "TOKEN"]), select(vec!["1", "two words"]), 0..=2);
    let ports = select(vec!["[]", "[80/http]", "[22/tcp, 80/http]"]);
    (
        option::of(select(vec!["image:1", "image:2"])),
        option::of(select(vec![20, 30])),
        option::of(ports),
        env,
        option::of(select(vec!["serve", "bash -c 'x y'"])),
    )
        .prop_map(|(image, disk_gb, ports, env, command)| Container { image, disk_gb, ports, env, command })
}

fn declared() -> impl Strategy<Value = Declared> {
    let template = || option::weighted(0.8, container());
    let pod = || option::weighted(0.8, (0..3_usize, container()));
    ((template(), template()), (pod(), pod(), pod()))
        .prop_map(|((a, b), (x, y, z))| Declared { templates: [a, b], pods: [x, y, z] })
}

/// A later version: some parts of the first, some of another.
fn history() -> impl Strategy<Value = (Declared, Declared)> {
    (declared(), declared(), any::<[bool; 5]>()).prop_map(|(first, other, takes)| {
        let mut second = first.clone();
        for (place, take) in takes.into_iter().enumerate().filter(|(_, take)| *take) {
            debug_assert!(take);
            match place {
                0..2 => second.templates[place] = other.templates[place].clone(),
                _ => second.pods[place - 2] = other.pods[place - 2].clone(),
            }
        }
        (first, second)
    })
}

impl Container {
    fn write(&self, yaml: &mut String, image: Option<&str>) {
        let Self { image: own, disk_gb, ports, env, command } = self;
        let fields = [
            ("image", own.or(image).map(str::to_owned)),
            ("containerDiskGb", disk_gb.map(|size| size.to_string())),
            ("ports", ports.map(str::to_owned)),
            ("args", command.map(str::to_owned)),
        ];
        for (field, value) in fields.into_iter().filter_map(|(field, value)| Some((field, value?))) {
            let quoted = if field == "args" || field == "image" { format!("\"{value}\"") } else { value };
            writeln!(yaml, "        {field}: {quoted}").expect("a string takes everything");
        }
        let env: Vec<String> = env.iter().map(|(name, value)| format!("{name}: \"{value}\"")).collect();
        writeln!(yaml, "        env: {{ {} }}", env.join(", ")).expect("a string takes everything");
    }
}

impl Declared {
    fn yaml(&self) -> String {
        let mut yaml = format!("name: test\nproviders:\n  runpod:\n{DEFAULTS}");
        yaml += "    templates:\n      unused: { image: \"unused:1\" }\n";
        for (key, template) in TEMPLATES.iter().zip(&self.templates) {
            if let Some(template) = template {
                writeln!(yaml, "      {key}:").expect("a string takes everything");
                template.write(&mut yaml, Some("image:0"));
            }
        }
        yaml += "    pods:\n";
        let pods = PODS.iter().zip(&self.pods).filter_map(|(key, pod)| Some((key, pod.as_ref()?)));
        for (key, (template, own)) in pods {
            writeln!(yaml, "      {key}:").expect("a string takes everything");
            let named = self.templates.get(*template).and_then(Option::as_ref).map(|_| TEMPLATES[*template]);
            if let Some(named) = named {
                writeln!(yaml, "        template: {named}").expect("a string takes everything");
            }
            own.write(&mut yaml, named.is_none().then_some("image:0"));
        }
        if self.pods.iter().all(Option::is_none) {
            yaml = yaml.replace(DEFAULTS, "").replace("    pods:\n", "");
        }
        yaml
    }

    fn resources(&self) -> Desired {
        let yaml = self.yaml();
        let config = check_text(Path::new("/nowhere/sindri.yaml"), &yaml, &LoadOptions::alone("/nowhere"));
        config.unwrap_or_else(|problems| panic!("{problems:?}\n{yaml}")).resources
    }
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn any_configuration_with_templates_can_become_any_other((first, second) in history()) {
        in_virtual_time(async {
            let session = Session::new(Dialect::V2);
            let plan = checked::apply(&session, &first.resources()).await;
            prop_assert!(plan.changes.iter().all(|change| change.action == Action::Create));
            let plan = checked::apply(&session, &second.resources()).await;
            // A template is named as a cause only of pods that change with it.
            for change in &plan.changes {
                for cause in &change.causes {
                    let Cause::Dependency { address, .. } = cause else { continue };
                    let source = checked::change_of(&plan, address).expect("the cause is in the plan");
                    prop_assert!(source.action != Action::NoOp && !change.fields.is_empty(), "{change:#?}");
                }
            }
            Ok(())
        })?;
    }
}
