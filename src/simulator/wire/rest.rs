//! REST JSON: the method and the path say what is asked, the path and the query string hold a part of the input.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html>

use axum::http::Method;
use percent_encoding::percent_decode_str;

use super::Request;
use super::service::Service;
use super::value::{Key, Value};

/// Where an operation is found.
struct Place {
    service: Service,
    method: Method,
    /// The path; a last part in braces takes the rest of what was asked, slashes and all.
    path: &'static str,
    operation: &'static str,
}

const PLACES: [Place; 6] = [
    place(Method::GET, "/accounts", "DescribeHub"),
    place(Method::GET, "/findingAggregator/list", "ListFindingAggregators"),
    place(Method::GET, "/findingAggregator/get/{FindingAggregatorArn}", "GetFindingAggregator"),
    place(Method::POST, "/findings", "GetFindings"),
    place(Method::POST, "/findingHistory/get", "GetFindingHistory"),
    place(Method::PATCH, "/findings/batchupdate", "BatchUpdateFindings"),
];

const fn place(method: Method, path: &'static str, operation: &'static str) -> Place {
    Place { service: Service::SecurityHub, method, path, operation }
}

/// What was asked, with the members of the input that did not come in the body.
pub type Asked = (Service, &'static str, Vec<(Key, Value)>);

/// Finds the operation that a request asks for.
pub fn find(request: &Request) -> Option<Asked> {
    PLACES.iter().filter(|place| place.method == request.method).find_map(|place| {
        let mut members = place.members(&request.path)?;
        members.extend(query_members(&request.query)?);
        Some((place.service, place.operation, members))
    })
}

impl Place {
    /// The members in a path of this place; `None` where the path is another one's.
    fn members(&self, path: &str) -> Option<Vec<(Key, Value)>> {
        let Some((fixed, label)) = self.path.split_once('{') else {
            return (path == self.path).then(Vec::new);
        };
        let name = label.trim_end_matches('}');
        let text = percent_decode_str(path.strip_prefix(fixed)?).decode_utf8().ok()?;
        (!text.is_empty()).then(|| vec![(Key::Borrowed(name), Value::Raw(text.into_owned()))])
    }
}

fn query_members(query: &str) -> Option<Vec<(Key, Value)>> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let plain = |text: &str| percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned);
            Some((Key::Owned(plain(name)?), Value::Raw(plain(value)?)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::http::HeaderMap;
    use rstest::rstest;

    use super::*;

    fn asked(method: Method, path: &str, query: &str) -> Option<(&'static str, Value)> {
        let (path, query) = (path.to_owned(), query.to_owned());
        let request = Request { method, path, query, headers: HeaderMap::new(), body: Bytes::new() };
        find(&request).map(|(_, operation, members)| (operation, Value::Map(members)))
    }

    #[test]
    fn a_label_takes_the_rest_of_the_path() {
        let arn = "arn:aws:securityhub:ap-northeast-1:111122223333:finding-aggregator/0a";
        for written in [arn.to_owned(), arn.replace(':', "%3A").replace('/', "%2F")] {
            let (operation, input) =
                asked(Method::GET, &format!("/findingAggregator/get/{written}"), "").expect("a known path");
            assert_eq!(operation, "GetFindingAggregator");
            assert_eq!(input.get("FindingAggregatorArn"), Some(&Value::Raw(arn.to_owned())));
        }
    }

    #[test]
    fn the_query_string_is_a_part_of_the_input() {
        let (operation, input) =
            asked(Method::GET, "/findingAggregator/list", "MaxResults=5&NextToken=a%2Fb").expect("a known path");
        assert_eq!(operation, "ListFindingAggregators");
        assert_eq!(input.get("MaxResults"), Some(&Value::Raw("5".to_owned())));
        assert_eq!(input.get("NextToken"), Some(&Value::Raw("a/b".to_owned())));
    }

    #[rstest]
    #[case(Method::GET, "/findings")]
    #[case(Method::POST, "/findings/")]
    #[case(Method::GET, "/findingAggregator/get/")]
    #[case(Method::POST, "/")]
    fn other_paths_are_nobodys(#[case] method: Method, #[case] path: &str) {
        assert_eq!(asked(method, path, ""), None);
    }
}
