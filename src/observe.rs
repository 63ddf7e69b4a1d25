//! Reading the world: two list calls for any fleet become [`Observed`].
//!
//! Takes an API, gives what exists; knows nothing of what is desired or recorded.

use futures_util::future::try_join_all;

use crate::kind;
use crate::model::Observed;
use crate::runpod::{Api, ApiError};

/// Everything that the account holds of the listed kinds: one list per kind (and page), at the same time.
pub async fn observe(api: &dyn Api) -> Result<Observed, ApiError> {
    let lists = try_join_all(kind::listed().map(|kind| api.list(kind))).await?;
    Ok(lists.into_iter().flatten().collect())
}
