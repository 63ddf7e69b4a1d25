//! Limits on following a list through its pages. The server decides how many pages there are, so sindri limits the
//! number of pages, pages without new objects, the length of a cursor, memory and time.

use std::collections::BTreeSet;
use std::time::Duration;

const MOST_PAGES: usize = 1_000;
/// Maximum number of consecutive pages that may add nothing, which happens because lists shift while they are read.
const MOST_EMPTY_PAGES: usize = 3;
/// In bytes.
const LONGEST_CURSOR: usize = 4_096;
/// In bytes, for all pages together.
const MEMORY_LIMIT: usize = 512 << 20;
/// Time for requests, without waits for a quota.
const TIME_LIMIT: Duration = Duration::from_secs(600);

/// The pages followed so far.
#[derive(Default)]
pub(super) struct Pages {
    cursors: BTreeSet<String>,
    empty: usize,
    memory: usize,
    time: Duration,
}

/// A page that announces another one.
pub(super) struct FetchedPage<'a> {
    pub next: Option<&'a str>,
    pub memory: usize,
    pub time: Duration,
}

impl Pages {
    /// The cursor of the next page.
    ///
    /// # Errors
    ///
    /// The reason to stop following the list, worded for a message.
    pub fn turn(&mut self, page: &FetchedPage<'_>) -> Result<String, String> {
        let FetchedPage { next, memory, time } = *page;
        let next = next.ok_or("the list has another page, but no cursor for it")?;
        self.memory += memory;
        self.time += time;
        if next.len() > LONGEST_CURSOR {
            return Err(format!("the cursor of the next page is longer than {LONGEST_CURSOR} bytes"));
        }
        if !self.cursors.insert(next.to_owned()) {
            return Err("the list returned to a page that was already read".to_owned());
        }
        if self.cursors.len() >= MOST_PAGES {
            return Err(format!("the list has more than {MOST_PAGES} pages"));
        }
        if self.memory > MEMORY_LIMIT {
            return Err(format!("the list takes more than {} MB", MEMORY_LIMIT >> 20));
        }
        if self.time > TIME_LIMIT {
            return Err(format!("the list was not complete after {} minutes", TIME_LIMIT.as_secs() / 60));
        }
        Ok(next.to_owned())
    }

    /// Whether the latest page that was counted had new objects.
    pub fn is_growing(&self) -> bool {
        self.empty == 0
    }

    /// Counts the objects on a page that no earlier page had.
    ///
    /// # Errors
    ///
    /// The reason to stop following the list, worded for a message.
    pub fn count_added(&mut self, added: usize) -> Result<(), String> {
        self.empty = if added == 0 { self.empty + 1 } else { 0 };
        if self.empty < MOST_EMPTY_PAGES {
            return Ok(());
        }
        Err(format!("the list continues, but {MOST_EMPTY_PAGES} pages in a row had nothing new"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Turns pages that differ only in their cursors until one is refused. Returns the number of pages and the reason.
    fn follow(page: impl Fn(usize) -> (String, usize, usize, Duration)) -> (usize, String) {
        let mut pages = Pages::default();
        for count in 1.. {
            let (cursor, added, memory, time) = page(count);
            let turned = pages.turn(&FetchedPage { next: Some(&cursor), memory, time });
            if let Err(why) = turned.and_then(|_| pages.count_added(added)) {
                return (count, why);
            }
        }
        unreachable!("a list has an end")
    }

    #[test]
    fn a_list_ends_at_the_first_limit_that_it_reaches() {
        let (megabyte, second) = (1 << 20, Duration::from_secs(1));
        let new = |count: usize| format!("c{count}");
        assert_eq!(follow(|count| (new(count), 0, 1, second)).0, MOST_EMPTY_PAGES);
        assert_eq!(follow(|count| (new(count), 1, 1, Duration::ZERO)).0, MOST_PAGES);
        assert_eq!(follow(|count| (new(count), 1, 8 * megabyte, Duration::ZERO)).0, 65);
        assert_eq!(follow(|count| (new(count), 1, 1, 29 * second)).0, 21);
        assert_eq!(follow(|count| ("c".repeat(count * 1_000), 1, 1, second)).0, 5);
        assert!(follow(|count| (new(count % 7), 1, 1, second)).1.contains("returned to a page"));
        let nowhere = FetchedPage { next: None, memory: 1, time: second };
        assert!(Pages::default().turn(&nowhere).unwrap_err().contains("no cursor for it"));
    }

    #[test]
    fn a_single_page_may_be_empty() {
        let (pages, why) = follow(|count| (format!("c{count}"), count % 3, 1, Duration::ZERO));
        assert_eq!(pages, MOST_PAGES, "{why}");
    }
}
