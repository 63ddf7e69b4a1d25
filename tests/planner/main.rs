//! The planner, judged by what its plans do to an emulated RunPod: generated configurations are applied, changed, meddled
//! with and destroyed, and what must hold for every one of them is checked against the world itself.

mod answers;
mod budget;
mod deposed;
mod fleet;
mod generate;
mod life;
mod meddle;
mod moves;
mod order;
mod properties;
mod regressions;
mod review;
mod renames;
mod small;
mod whole_truth;
mod world;
