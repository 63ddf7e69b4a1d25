//! Reads a page of a list in two steps: first where the list continues, so that the next page can be requested at
//! once, then the rows one by one, so that only one of them at a time is held as JSON.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::json::{Json, Name};

/// Where a list continues after a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Continuation {
    /// This is the last page.
    End,
    /// There is another page. `None` if this one has no cursor for it.
    Next(Option<String>),
    /// The page does not say whether there is another one.
    Unclear,
}

impl Continuation {
    /// # Errors
    ///
    /// If the page is not JSON. The texts and numbers of the rows are checked by [`rows`].
    pub fn read(body: &[u8]) -> serde_json::Result<Self> {
        let mut reader = serde_json::Deserializer::from_slice(body);
        let pagination = match reader.deserialize_map(PaginationVisitor) {
            Ok(pagination) => reader.end().map(|()| pagination),
            // Only an object says where it continues.
            Err(error) if error.is_data() => serde_json::from_slice(body).map(|IgnoredAny| Json::Null),
            Err(error) => Err(error),
        }?;
        let cursor = pagination.get("nextCursor").and_then(Json::as_str).map(str::to_owned);
        Ok(match (pagination.get("hasNextPage"), cursor) {
            (Some(Json::Bool(false)), _) | (None, None) => Self::End,
            (Some(Json::Bool(true)) | None, cursor) => Self::Next(cursor),
            (Some(_), _) => Self::Unclear,
        })
    }
}

/// Decodes the rows of a page, which are in `member` or are the whole page. `None` if the page has no list.
///
/// # Errors
///
/// If a row is not JSON.
pub(super) fn rows<R>(
    body: &[u8],
    member: Option<&str>,
    decode: impl FnMut(&Json<'_>) -> R,
) -> serde_json::Result<Option<Vec<R>>> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let rows = RowsReader { decode, result: PhantomData };
    let rows = match member {
        Some(member) => reader.deserialize_map(MemberVisitor { member, rows }),
        None => rows.deserialize(&mut reader).map(Some),
    };
    match rows {
        Err(error) if error.is_data() => Ok(None),
        rows => rows,
    }
}

struct PaginationVisitor;

impl<'de> Visitor<'de> for PaginationVisitor {
    type Value = Json<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let mut pagination = Json::Null;
        while let Some(Name(name)) = access.next_key()? {
            if name == "pagination" {
                pagination = access.next_value()?;
            } else {
                access.next_value::<IgnoredAny>()?;
            }
        }
        Ok(pagination)
    }
}

/// Reads the rows in one member of an object.
struct MemberVisitor<'m, R, F> {
    member: &'m str,
    rows: RowsReader<R, F>,
}

impl<'de, R, F: FnMut(&Json<'_>) -> R> Visitor<'de> for MemberVisitor<'_, R, F> {
    type Value = Option<Vec<R>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "an object with a list `{}`", self.member)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut rows = None;
        while let Some(Name(name)) = access.next_key()? {
            if name == self.member {
                let reader = RowsReader { decode: &mut self.rows.decode, result: PhantomData };
                rows = Some(access.next_value_seed(reader)?);
            } else {
                access.next_value::<IgnoredAny>()?;
            }
        }
        Ok(rows)
    }
}

/// Reads a list, and decodes each row before the next one is read.
struct RowsReader<R, F> {
    decode: F,
    result: PhantomData<R>,
}

impl<'de, R, F: FnMut(&Json<'_>) -> R> DeserializeSeed<'de> for RowsReader<R, F> {
    type Value = Vec<R>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<R>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, R, F: FnMut(&Json<'_>) -> R> Visitor<'de> for RowsReader<R, F> {
    type Value = Vec<R>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut access: A) -> Result<Vec<R>, A::Error> {
        let mut rows = Vec::new();
        while let Some(row) = access.next_element()? {
            rows.push((self.decode)(&row));
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_where_its_list_continues() {
        let next = |cursor: Option<&str>| Continuation::Next(cursor.map(str::to_owned));
        for (page, continuation) in [
            ("[]", Continuation::End),
            ("null", Continuation::End),
            (r#"{"pods": []}"#, Continuation::End),
            (r#"{"pods": [], "pagination": {"nextCursor": "c", "hasNextPage": false}}"#, Continuation::End),
            (r#"{"pods": [], "pagination": {"nextCursor": "c", "hasNextPage": true}}"#, next(Some("c"))),
            (r#"{"pagination": {"nextCursor": "c"}, "pods": []}"#, next(Some("c"))),
            (r#"{"pagination": {"hasNextPage": true}}"#, next(None)),
            (r#"{"pagination": {"hasNextPage": null}}"#, Continuation::Unclear),
        ] {
            assert_eq!(Continuation::read(page.as_bytes()).unwrap(), continuation, "{page}");
        }
        for page in ["", "[", "[] 1", "{\"pods\": [}", "{} {}"] {
            assert!(Continuation::read(page.as_bytes()).is_err(), "{page}");
        }
    }

    #[test]
    fn rows_are_read_from_the_member_that_holds_them() {
        let ids = |page: &str, member| {
            rows(page.as_bytes(), member, |row| row.get("id").and_then(Json::as_str).map(str::to_owned)).ok()
        };
        let found = |ids: &[Option<&str>]| Some(Some(ids.iter().map(|id| id.map(str::to_owned)).collect::<Vec<_>>()));
        let page = r#"{"x": [1], "pods": [{"id": "a"}, {"id": 1}, null], "pagination": {}}"#;
        assert_eq!(ids(page, Some("pods")), found(&[Some("a"), None, None]));
        assert_eq!(ids(r#"[{"id": "a"}]"#, None), found(&[Some("a")]));
        for (page, member) in
            [("{}", Some("pods")), ("[]", Some("pods")), (r#"{"pods": {}}"#, Some("pods")), ("{}", None)]
        {
            assert_eq!(ids(page, member), Some(None), "{page}");
        }
        assert_eq!(ids(r#"{"pods": [{"id": "\ud800"}]}"#, Some("pods")), None);
    }
}
