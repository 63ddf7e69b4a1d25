//! Lists: all pages of a kind. The next page is requested before the rows of this one are decoded, unless the page
//! before had nothing new, so that a list without end costs no extra request.

use std::collections::HashSet;

use ecow::EcoString;
use futures_util::future::try_join;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::task::yield_now;

use super::ApiError;
use super::answer::{Answer, NOT_JSON};
use super::classify::nonsense;
use super::client::{ApiCall, Client};
use super::error::Purpose;
use super::operations::with_query;
use super::page::{Continuation, rows};
use super::pages::{FetchedPage, Pages};
use super::wire::Wire;
use crate::model::Object;

/// A list that is being read.
struct Listing<'a> {
    client: &'a Client,
    wire: &'static Wire,
    objects: Vec<Object>,
    ids: HashSet<EcoString>,
    pages: Pages,
}

impl Client {
    /// All objects of a kind, from all pages.
    pub(super) async fn listed(&self, wire: &'static Wire) -> Result<Vec<Object>, ApiError> {
        let (objects, ids, pages) = (Vec::new(), HashSet::new(), Pages::default());
        let mut listing = Listing { client: self, wire, objects, ids, pages };
        let mut page = self.page(wire, None).await?;
        while let Some(cursor) = listing.turn(&page)? {
            let next = self.page(wire, Some(&cursor));
            page = if listing.pages.is_growing() {
                let decode = async {
                    // Lets the request leave first.
                    yield_now().await;
                    listing.take_more(&page)
                };
                try_join(next, decode).await?.0
            } else {
                listing.take_more(&page)?;
                next.await?
            };
        }
        listing.take(&page)?;
        Ok(listing.objects)
    }

    /// One page. Reads only where the list continues.
    async fn page(&self, wire: &Wire, cursor: Option<&str>) -> Result<Answer<Continuation>, ApiError> {
        let mut path = with_query(wire.collection, wire.list_query);
        if let Some(cursor) = cursor {
            path += if path.contains('?') { "&cursor=" } else { "?cursor=" };
            path.extend(utf8_percent_encode(cursor, NON_ALPHANUMERIC));
        }
        self.exchange(ApiCall::read(path), Continuation::read).await
    }
}

impl Listing<'_> {
    /// The cursor of the next page, if there is one. A truncated list must not pass as complete.
    fn turn(&mut self, page: &Answer<Continuation>) -> Result<Option<String>, ApiError> {
        let next = match &page.content {
            Continuation::End => return Ok(None),
            Continuation::Next(next) => next.as_deref(),
            Continuation::Unclear => {
                return Err(malformed(self.wire, "the response does not say whether there are more pages"));
            }
        };
        let page = FetchedPage { next, memory: page.memory, time: page.time };
        self.pages.turn(&page).map(Some).map_err(|why| malformed(self.wire, &why))
    }

    /// Decodes the objects of a page that is not the last one.
    fn take_more(&mut self, page: &Answer<Continuation>) -> Result<(), ApiError> {
        let added = self.take(page)?;
        self.pages.count_added(added).map_err(|why| malformed(self.wire, &why))
    }

    /// Decodes the objects of a page. Returns the number of objects that no earlier page had.
    fn take(&mut self, page: &Answer<Continuation>) -> Result<usize, ApiError> {
        let Self { client, wire, objects, ids, .. } = self;
        let rows = rows(&page.body, wire.rows, |row| client.decode(wire, row));
        let rows = rows.map_err(|_| malformed(wire, NOT_JSON))?;
        let before = objects.len();
        for row in rows.ok_or_else(|| malformed(wire, "the response has no list"))? {
            // An object skipped here would be created again.
            let object = row.ok_or_else(|| malformed(wire, "an object in the list has no id"))?;
            // Pages shift when objects appear, so an object may be on two pages.
            if ids.insert(object.id.as_str().into()) {
                objects.push(object);
            }
        }
        Ok(objects.len() - before)
    }
}

fn malformed(wire: &Wire, why: &str) -> ApiError {
    nonsense(Purpose::Read, &ApiCall::read(wire.collection.to_owned()).request(), why)
}
