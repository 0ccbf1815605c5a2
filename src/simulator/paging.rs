//! Tokens between pages: opaque, bound to what was asked, and safe against a listing that changes in between.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::random::stable_hash;

/// Makes a token that carries a text for the listing of that scope.
pub fn seal(scope: &str, text: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{:016x}{text}", stable_hash(0, &[scope, text])))
}

/// Reads a token; `None` where it was not made for that scope.
pub fn open(scope: &str, token: &str) -> Option<String> {
    let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (hash, text) = plain.split_at_checked(16)?;
    (u64::from_str_radix(hash, 16).ok()? == stable_hash(0, &[scope, text])).then(|| text.to_owned())
}

/// Cuts the page that follows `after` out of a sorted listing, with the token of the next one.
///
/// The token carries the last item shown, not a number, so that nothing is left out when items come and go.
pub fn cut(scope: &str, items: Vec<String>, after: Option<&str>, size: usize) -> (Vec<String>, Option<String>) {
    let mut rest = items.into_iter().filter(|item| after.is_none_or(|after| item.as_str() > after)).peekable();
    let page: Vec<String> = rest.by_ref().take(size).collect();
    let token = rest.peek().and(page.last()).map(|last| seal(scope, last));
    (page, token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_join_to_the_whole() {
        let items: Vec<String> = (10..35).map(|n| format!("目{n}")).collect();
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let (page, token) = cut("s", items.clone(), after.as_deref(), 10);
            assert!(page.len() <= 10);
            seen.extend(page);
            match token {
                Some(token) => after = open("s", &token),
                None => break,
            }
        }
        assert_eq!(seen, items);
    }

    #[test]
    fn an_exact_page_has_no_next_one() {
        let items: Vec<String> = (0..3).map(|n| n.to_string()).collect();
        assert_eq!(cut("s", items, None, 3).1, None);
        assert_eq!(cut("s", vec![], None, 3), (vec![], None));
    }

    #[test]
    fn a_token_belongs_to_its_listing() {
        let token = seal("one", "x");
        assert_eq!(open("one", &token).as_deref(), Some("x"));
        assert_eq!(open("other", &token), None);
        assert_eq!(open("one", "nonsense"), None);
        assert_eq!(open("one", ""), None);
    }
}
