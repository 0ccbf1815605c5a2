//! Paging: to the end, to a stated cap, and never in a circle.

use std::collections::HashSet;

use crate::domain::fetch::Failure;

/// The most pages that are read of anything, however small they are.
const MOST_PAGES: usize = 1_000;

/// Holds what the pages held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paged<T> {
    /// The items of all pages.
    pub items: Vec<T>,
    /// Whether there are, or may be, more than were read.
    pub capped: bool,
}

impl<T> Default for Paged<T> {
    fn default() -> Self {
        Self { items: Vec::new(), capped: false }
    }
}

impl<T> Paged<T> {
    /// Changes each item.
    pub(super) fn map<U>(self, change: impl FnMut(T) -> U) -> Paged<U> {
        Paged { items: self.items.into_iter().map(change).collect(), capped: self.capped }
    }
}

/// Reads page after page until there is no token, or `cap` items were read.
///
/// A token that comes a second time ends the reading as a cap does: what follows would repeat itself.
///
/// # Errors
/// The first failure of `page`.
pub(super) async fn pages<T, F>(cap: usize, mut page: impl FnMut(Option<String>) -> F) -> Result<Paged<T>, Failure>
where
    F: Future<Output = Result<(Vec<T>, Option<String>), Failure>>,
{
    let mut items = Vec::new();
    let mut seen = HashSet::new();
    let mut token = None;
    loop {
        let (more, next) = page(token.clone()).await?;
        items.extend(more);
        let next = next.filter(|next| !next.is_empty());
        let Some(next) = next else {
            let capped = items.len() > cap;
            items.truncate(cap);
            return Ok(Paged { items, capped });
        };
        if items.len() >= cap || seen.len() >= MOST_PAGES || !seen.insert(next.clone()) {
            items.truncate(cap);
            return Ok(Paged { items, capped: true });
        }
        token = Some(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(cap: usize, tokens: &[Option<&str>]) -> (Paged<usize>, usize) {
        let mut calls = 0;
        let paged = pages(cap, |_| {
            let next = tokens[calls % tokens.len()].map(str::to_owned);
            calls += 1;
            let items = vec![calls * 2, calls * 2 + 1];
            async move { Ok((items, next)) }
        })
        .await
        .unwrap();
        (paged, calls)
    }

    #[tokio::test]
    async fn pages_are_read_to_the_end() {
        let (paged, calls) = read(100, &[Some("a"), Some("b"), None]).await;
        assert_eq!((paged.items.len(), paged.capped, calls), (6, false, 3));
        let (paged, calls) = read(100, &[Some("")]).await;
        assert_eq!((paged.items.len(), paged.capped, calls), (2, false, 1));
    }

    #[tokio::test]
    async fn a_cap_is_told() {
        let (paged, calls) = read(3, &[Some("a"), Some("b"), None]).await;
        assert_eq!((paged.items.len(), paged.capped, calls), (3, true, 2));
        let (paged, _) = read(1, &[None]).await;
        assert_eq!((paged.items.len(), paged.capped), (1, true));
        let (paged, _) = read(2, &[None]).await;
        assert_eq!((paged.items.len(), paged.capped), (2, false));
    }

    #[tokio::test]
    async fn a_token_that_repeats_ends_the_reading() {
        let (paged, calls) = read(1_000, &[Some("a"), Some("b")]).await;
        assert_eq!((paged.capped, calls), (true, 3));
    }
}
