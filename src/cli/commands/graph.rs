//! `sindri graph`: the resources of the configuration and their dependencies, as a picture or for Graphviz or Mermaid.

use serde_json::{Map, Value, json};

use super::plan;
use crate::cli::args::{Global, GraphArgs, GraphFormat};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::{Secrets, Session, configuration};
use crate::graph::ResourceGraph;
use crate::model::Plan;
use crate::planner::{self, PlanOptions};
use crate::render::PlanView;
use crate::render::graph::{declared, document, dot, mermaid, of_plan};

pub async fn run(args: &GraphArgs, global: &Global, console: &Console) -> Result<Exit, Failure> {
    let (graph, plan) = if args.plan {
        let session = Session::open(global, console, Secrets::Needed)?;
        let graph = ResourceGraph::of_resources(&session.config.resources)?;
        let plan = planned(&session, console).await?;
        session.close()?;
        (graph, Some(plan))
    } else {
        let config = configuration(global, console, Secrets::NotNeeded)?;
        (ResourceGraph::of_resources(&config.resources)?, None)
    };
    if console.json {
        console.json(&as_json(&graph, plan.as_ref()));
        return Ok(Exit::Success);
    }
    let picture = match &plan {
        Some(plan) => of_plan(plan, &PlanView::default()),
        None => declared(&graph),
    };
    let mut text = String::new();
    let _ = match args.format {
        GraphFormat::Dot => dot(&mut text, &picture),
        GraphFormat::Mermaid => mermaid(&mut text, &picture),
        GraphFormat::Svg => document(&mut text, &picture),
    };
    console.result(&text);
    Ok(Exit::Success)
}

/// The plan that `sindri plan` would show.
async fn planned(session: &Session, console: &Console) -> Result<Plan, Failure> {
    let (prior, observed) = session.refresh(console).await?;
    let input = session.plan_input(&prior, &observed, PlanOptions::default());
    let mut plan = plan::checked(planner::plan(&input)?, input.prior)?;
    session.examine(&mut plan).await;
    Ok(plan)
}

/// Every resource separately. Edges lead from a dependency to its dependent, as in the pictures.
fn as_json(graph: &ResourceGraph, plan: Option<&Plan>) -> Value {
    let edges: Vec<Value> = graph.edges().map(|(from, to, _)| json!({ "from": to, "to": from })).collect();
    let mut document = json!({
        "format_version": "2.0",
        "nodes": graph.order().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "edges": edges,
    });
    if let (Some(plan), Some(document)) = (plan, document.as_object_mut()) {
        let actions = plan.changes.iter().map(|change| (change.address.to_string(), json!(change.action)));
        document.insert("actions".to_owned(), Value::Object(actions.collect::<Map<_, _>>()));
    }
    document
}
