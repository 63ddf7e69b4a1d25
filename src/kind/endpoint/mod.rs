//! Serverless endpoints: workers that RunPod starts and ends with the number of requests.

mod attributes;
mod price;
mod table;
mod words;

pub use table::ENDPOINT;
