//! The ports that a pod exposes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use crate::config::document::YamlNode;
use crate::config::problem::Findings;
use crate::config::source::Span;
use crate::kind::limits::MOST_HTTP_PORTS;
use crate::model::ProblemCode;

/// Defaults from the user's document.
const PORTS: [&str; 2] = ["8888/http", "22/tcp"];
const SSH: &str = "22/tcp";
const RANGE: &str = "the number must be from 1 to 65535";
/// The first number that requests a symmetrical mapping.
const SYMMETRICAL: u32 = 70_001;

/// One exposed port.
pub(in crate::config) struct Port {
    pub number: u16,
    /// `http` or `tcp`.
    pub protocol: &'static str,
    /// `None` for a default.
    pub span: Option<Span>,
}

impl Port {
    /// As written in addresses and requests: `8888/http`.
    pub fn text(&self) -> String {
        format!("{}/{}", self.number, self.protocol)
    }
}

/// The ports of a pod, in file order. A pod with a template has no default ports, because the template has its own.
pub(in crate::config) fn ports(pod: &YamlNode, from_template: bool, findings: &mut Findings) -> Vec<Port> {
    let (written, exposed) = (pod.get("ports"), pod.get("exposePorts"));
    let mut found = PortList::default();
    for node in written.map(YamlNode::one_or_more).unwrap_or_default() {
        let text = node.text().unwrap_or_default();
        found.add(text, node, findings);
    }
    for node in exposed.map(YamlNode::one_or_more).unwrap_or_default() {
        let text = node.text().unwrap_or_default();
        let with_protocol = if text.contains('/') { text.to_owned() } else { format!("{text}/http") };
        found.add(&with_protocol, node, findings);
    }
    let mut found = found.ports;
    let defaults: &[&str] = match (written, exposed) {
        (None, None) if from_template => &[],
        (None, None) => &PORTS,
        // sindri 3.x exposed SSH in addition to the listed ports.
        (None, Some(_)) if found.iter().all(|port| port.text() != SSH) => &[SSH],
        _ => &[],
    };
    found.extend(defaults.iter().filter_map(|text| parse_port(text).ok()));
    if found.iter().filter(|port| port.protocol == "http").count() > MOST_HTTP_PORTS
        && let Some(node) = written.or(exposed)
    {
        findings
            .error(ProblemCode::TooManyPorts, node.span, format!("a pod has at most {MOST_HTTP_PORTS} HTTP ports"))
            .help("put a reverse proxy into the image, or expose some as `tcp`");
    }
    found
}

/// The ports read so far.
#[derive(Default)]
struct PortList {
    ports: Vec<Port>,
    /// The index of each number in `ports`. A file may list all 65,535.
    places: BTreeMap<u16, usize>,
}

impl PortList {
    fn add(&mut self, text: &str, node: &YamlNode, findings: &mut Findings) {
        let shown = node.scalar().map_or(text, |scalar| scalar.shown());
        let port = match parse_port(text) {
            Ok(port) => Port { span: Some(node.span), ..port },
            Err(help) => {
                findings.error(ProblemCode::BadPort, node.span, format!("`{shown}` is not a port")).help(help);
                return;
            }
        };
        match self.places.entry(port.number) {
            Slot::Vacant(slot) => {
                slot.insert(self.ports.len());
                self.ports.push(port);
            }
            Slot::Occupied(place) => {
                let message = format!("port {} is listed twice", port.number);
                let problem = findings.error(ProblemCode::DuplicatePort, node.span, message);
                problem.label("again here").help("a port has one protocol: keep one of the two");
                if let Some(first) = self.ports[*place.get()].span {
                    problem.also(first, "first here");
                }
            }
        }
    }
}

fn parse_port(text: &str) -> Result<Port, String> {
    let Some((number, protocol)) = text.split_once('/') else { return Err(no_protocol(text)) };
    let protocol = match protocol.to_ascii_lowercase().as_str() {
        "http" => "http",
        "tcp" => "tcp",
        "udp" => return Err("RunPod does not forward UDP; use `tcp`, or a tunnel over it".to_owned()),
        "https" => return Err(format!("write `{number}/http`: RunPod's proxy adds TLS")),
        // `http/8888`
        number if number.parse::<u16>().is_ok() => return Err(format!("write the number first: {}", both(number))),
        _ => return Err(other_protocol(text)),
    };
    match number.parse::<u32>() {
        // Source: RunPod's page on exposing ports: a number above 70000 requests a symmetrical mapping.
        Ok(SYMMETRICAL..) => {
            Err("RunPod treats a number above 70000 as a request for any free port, which no address can name; use \
                                  one from 1 to 65535"
                .to_owned())
        }
        Ok(number) if number > 0 => {
            u16::try_from(number).map(|number| Port { number, protocol, span: None }).map_err(|_| RANGE.to_owned())
        }
        _ => Err(number_help(number, protocol)),
    }
}

fn both(number: &str) -> String {
    format!("`{number}/http` or `{number}/tcp`")
}

/// Help for `8888`, `8080:80` and `8888/http 22/tcp`.
fn no_protocol(text: &str) -> String {
    let is_number = |text: &str| text.parse::<u16>().is_ok();
    match text.rsplit_once(':') {
        Some((_, inside)) if is_number(inside) => {
            format!("RunPod chooses the external port; write only the container port: {}", both(inside))
        }
        _ if is_number(text) => format!("add a protocol: {}", both(text)),
        _ => "write a list of ports: `[\"8888/http\", \"22/tcp\"]`".to_owned(),
    }
}

fn other_protocol(text: &str) -> String {
    if text.contains([',', ' ', ';']) {
        return "write a list with one port per entry: `[\"8888/http\", \"22/tcp\"]`".to_owned();
    }
    "the protocol is `http` (through RunPod's proxy) or `tcp` (at a public address)".to_owned()
}

fn number_help(number: &str, protocol: &str) -> String {
    match number.split_once('-').or_else(|| number.split_once(':')) {
        Some((first, last)) if [first, last].iter().all(|number| number.parse::<u16>().is_ok()) => {
            format!("list each port separately: `\"{first}/{protocol}\"` and so on up to `\"{last}/{protocol}\"`")
        }
        _ => RANGE.to_owned(),
    }
}
